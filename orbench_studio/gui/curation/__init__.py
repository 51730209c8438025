"""Widgets of curation: recipes, subsets, near duplicates."""

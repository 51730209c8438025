"""Use cases of the feature curation: recipes, subsets, near duplicates."""

"""Window of the feature curation: recipes, subsets, near duplicates."""

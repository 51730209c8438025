"""Operations of curation: recipes, subsets, near duplicates."""

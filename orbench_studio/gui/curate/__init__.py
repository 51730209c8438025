"""The curate page: a recipe, what it makes of the workspace, and the subsets that were saved."""

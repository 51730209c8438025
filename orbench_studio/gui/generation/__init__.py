"""Window of generation: the Generate page."""

"""SQL of generation: votes that are still missing."""

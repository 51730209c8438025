"""Services of generation: seeds, rewrites, moderation, funnel."""

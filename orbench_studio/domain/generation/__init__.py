"""Domain objects of the feature generation: seeds, rewrites, moderation, funnel."""

"""Use cases of the feature generation: seeds, rewrites, moderation, funnel."""

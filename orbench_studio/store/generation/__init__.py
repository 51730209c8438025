"""SQL of the feature generation: seeds, rewrites, moderation, funnel."""

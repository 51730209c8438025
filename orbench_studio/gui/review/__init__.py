"""Window of the feature review: queue, query language, decisions, journal, guidelines."""

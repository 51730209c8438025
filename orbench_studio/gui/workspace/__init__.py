"""Window of the feature workspace: opening, connection, statistics."""

"""SQL of the feature workspace: opening, connection, statistics."""

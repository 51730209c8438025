"""Use cases of the feature workspace: opening, connection, statistics."""

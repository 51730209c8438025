"""Domain objects of the feature workspace: opening, connection, statistics."""

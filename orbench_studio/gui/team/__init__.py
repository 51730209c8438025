"""Window of the feature team: queues with assignments, adjudication."""

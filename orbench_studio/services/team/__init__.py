"""Operations of teams: queues with assignments, adjudication."""

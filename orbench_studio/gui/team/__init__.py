"""Widgets of teams: queues with assignments, adjudication."""

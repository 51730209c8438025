"""The page of a team: its queues, and what each person does."""

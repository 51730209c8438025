"""The audit page: rates, what would change them, and how people and machines agree."""

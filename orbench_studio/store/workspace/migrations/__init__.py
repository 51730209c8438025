"""Migrations of a workspace, from the first revision on. They never use the live tables."""

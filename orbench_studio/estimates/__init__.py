"""Estimates and how sure they are: numbers in, numbers out (numpy and scipy; no database, no window)."""

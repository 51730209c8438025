"""Domain objects that every feature uses."""

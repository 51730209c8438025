"""SQL of the feature data: import, export, label files, push and pull."""

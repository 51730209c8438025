"""Model vendors: how each is reached and read. Knows nothing of databases, files or windows."""

"""Window: widgets and tables that every page uses."""

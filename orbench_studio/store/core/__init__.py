"""SQL: what every feature of this layer uses."""

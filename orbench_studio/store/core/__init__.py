"""SQL that every feature of this layer uses."""

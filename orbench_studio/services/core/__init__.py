"""Use cases: what every feature of this layer uses."""

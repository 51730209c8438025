"""Domain objects: what every feature of this layer uses."""

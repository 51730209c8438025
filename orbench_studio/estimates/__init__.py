"""Statistical estimates with intervals: pure functions of arrays (numpy and scipy)."""

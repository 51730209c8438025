"""Window of the feature audit: rates, samples, estimates, agreement, report."""

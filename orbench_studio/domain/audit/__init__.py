"""Domain objects of the feature audit: rates, samples, estimates, agreement, report."""

"""Domain objects of audits: rates, samples, estimates, agreement, report."""

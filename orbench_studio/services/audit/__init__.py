"""Use cases of audits: rates, samples, estimates, agreement, report."""

"""SQL of audits: rates, samples, estimates, agreement, report."""

"""What to do about rates that are missing because responses are not judged."""

from orbench_studio.domain.audit.refusal_rates import Audit, Group
from orbench_studio.domain.core.rates import UnjudgedRate

_NOTE = (
    "No rate, because responses are not judged: {models}. Refusals by stop reason or by filter count without a judge, "
    "so the rate would be wrong. Judge these responses on the Judges page or with the command judge, or count refusals "
    "in words only."
)


def unjudged_note(audit: Audit, group: Group) -> str:
    """Return which models have no rate in a group because of unjudged responses, and the way out; empty if none."""
    rates = [(model, audit.rate(group, model)) for model in audit.models]
    names = [f"{m} ({r.unjudged:,} of {r.responses:,})" for m, r in rates if isinstance(r, UnjudgedRate)]
    return _NOTE.format(models=", ".join(names)) if names else ""

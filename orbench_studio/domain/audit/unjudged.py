"""What to do about rates that are missing because responses are not judged."""

from orbench_studio.domain.audit.refusal_rates import UNJUDGED, Audit, Group

_NOTES = {
    Group.SAFE: "Models without an over-refusal rate, because responses are not judged: {models}.",
    Group.TOXIC: "Models without a rate of toxic acceptance, because responses are not judged: {models}.",
    Group.OTHER: "Models without a refusal rate, because responses are not judged: {models}.",
}
WAY_OUT = (
    "Judge them on the Judges page or with the command judge, or count refusals in words only. Refusals by stop reason "
    "or by filter need no judge, so a rate without the unjudged responses would be too high."
)
_NAMED = 5  # models


def unjudged_note(audit: Audit, group: Group) -> str:
    """Return which models have no rate in a group because of unjudged responses, and the way out; empty if none."""
    note = without_rate(audit, group)
    return f"{note} {WAY_OUT}" if note else ""


def has_no_rates(audit: Audit, group: Group) -> bool:
    """Whether no model has a rate in a group, because of unjudged responses."""
    return not any(audit.rate(group, model).n for model in audit.models) and bool(without_rate(audit, group))


def without_rate(audit: Audit, group: Group) -> str:
    """Return which models have no rate in a group because of unjudged responses; empty if none."""
    tallies = {model: audit.tally(group, model) for model in audit.models}
    unjudged = {model: of.by_class.get(UNJUDGED, 0) for model, of in tallies.items() if not of.rate(group).n}
    names = [f"{model} ({n:,} of {tallies[model].responses:,})" for model, n in unjudged.items() if n]
    if not names:
        return ""
    more = [f"{len(names) - _NAMED:,} more"] if len(names) > _NAMED else []
    return _NOTES[group].format(models=", ".join(names[:_NAMED] + more))

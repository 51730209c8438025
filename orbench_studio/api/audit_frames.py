"""The audit of a workspace as data frames and figures."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Drop, Group, Labels
from orbench_studio.domain.core.judgement import Refusals
from orbench_studio.errors import StudioError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from matplotlib.figure import Figure

    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.workspace.workspace import Workspace

T = TypeVar("T", bound=StrEnum)
_MEASURES = {Group.SAFE: "over_refusal", Group.TOXIC: "toxic_acceptance", Group.OTHER: "refusal_of_others"}


def audit(
    workspace: Workspace, labels: str, judge: str, refusals: str, *, assume_safe: bool, drop: Iterable[str] = ()
) -> pd.DataFrame:
    """One row per measure, model and category, and one per measure and model without a category."""
    import pandas as pd

    from orbench_studio.services.audit import refusal_audit

    counts, options = _counts(workspace, labels, judge, refusals, assume_safe=assume_safe, drop=drop)
    found = refusal_audit.audit(counts, options)
    rows = []
    for group, measure in _MEASURES.items():
        for model in found.models:
            for category in (None, *found.categories):
                tally = found.tally(group, model, category)
                if tally.responses:
                    rows.append({"measure": measure, "model": model, "category": category, **_rate(tally, group)})
    frame = pd.DataFrame(rows, columns=["measure", "model", "category", *_RATE])
    return frame.astype({"measure": "category", "model": "category", "category": "category"})


def what_if(
    workspace: Workspace, labels: str, refusals: str, *, assume_safe: bool, drop: Iterable[str]
) -> pd.DataFrame:
    """One row per model: over-refusal and rank, with all prompts and with the remaining ones."""
    import pandas as pd

    from orbench_studio.services.audit.what_if import what_if as compare

    counts, options = _counts(workspace, labels, "final", refusals, assume_safe=assume_safe, drop=drop)
    rows: list[dict[str, Any]] = []
    for change in compare(counts, options).models:
        row: dict[str, Any] = {"model": change.model}
        for when, ranked in (("before", change.before), ("after", change.after)):
            low, high = ranked.interval or (None, None)
            row |= {f"rate_{when}": ranked.rate.value, f"n_{when}": ranked.rate.n}
            row |= {f"low_{when}": low, f"high_{when}": high, f"rank_{when}": ranked.rank}
        rows.append(row)
    return pd.DataFrame(rows)


def figures(workspace: Workspace, labels: str, judge: str, refusals: str, *, assume_safe: bool) -> dict[str, Figure]:
    """The figures of the report, by name."""
    from orbench_studio.services.audit import audit_report, refusal_audit

    counts, options = _counts(workspace, labels, judge, refusals, assume_safe=assume_safe, drop=())
    return audit_report.draw_figures(refusal_audit.audit(counts, options))


_RATE = [
    "cases",
    "n",
    "rate",
    "low",
    "high",
    "lowest",
    "highest",
    "in_words",
    "by_stop_reason",
    "by_filter",
    "excluded",
]


def _rate(tally: Any, group: Group) -> dict[str, Any]:
    """The rate, its 95 % interval, and the bounds if the excluded responses were all no cases, or all cases."""
    rate = tally.rate(group)
    low, high = rate.interval or (None, None)
    lowest, highest = tally.bounds(rate) or (None, None)
    refused, excluded = tally.refused.values(), sum(tally.excluded.values())
    values = (rate.count, rate.n, rate.value, low, high, lowest, highest, *refused, excluded)
    return dict(zip(_RATE, values, strict=True))


def _counts(
    workspace: Workspace, labels: str, judge: str, refusals: str, *, assume_safe: bool, drop: Iterable[str]
) -> tuple[AuditCounts, AuditOptions]:
    from orbench_studio.services.audit import audit_counts

    counted = _one_of(Refusals, refusals, "refusals")
    dropped = frozenset(_one_of(Drop, name, "drop") for name in drop)
    options = AuditOptions(_one_of(Labels, labels, "labels"), judge, assume_safe, dropped, counted)
    return audit_counts.with_judge(audit_counts.read(workspace), workspace, judge), options


def _one_of(kind: type[T], value: str, argument: str) -> T:
    try:
        return kind(value)
    except ValueError as error:
        raise StudioError(f"{argument} is {value!r}, but must be one of: {', '.join(kind)}.") from error

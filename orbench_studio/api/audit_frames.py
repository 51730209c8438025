"""The audit of a workspace as data frames and figures."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Drop, Group, Labels, Tally
from orbench_studio.domain.core.judgement import ALL_REFUSALS, DEFINITIONS, AnswerClass, Refusals
from orbench_studio.domain.core.schemes import SCHEMES
from orbench_studio.errors import StudioError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from matplotlib.figure import Figure

    from orbench_studio.domain.audit.judge_error import CorrectedRate
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.workspace.workspace import Workspace

T = TypeVar("T", bound=StrEnum)
_MEASURES = {Group.SAFE: "over_refusal", Group.TOXIC: "toxic_acceptance", Group.OTHER: "refusal_of_others"}


def audit(workspace: Workspace, options: AuditOptions) -> pd.DataFrame:
    """One row per measure, model and category, and one per measure and model without a category."""
    import pandas as pd

    from orbench_studio.services.audit import judge_error, refusal_audit

    counts = _counts(workspace, options)
    result, corrected = refusal_audit.audit(counts, options), judge_error.judge_errors(counts, options).rates
    rows = []
    for group, measure in _MEASURES.items():
        for model in result.models:
            for category in (None, *result.categories):
                tally = result.tally(group, model, category)
                if tally.responses:
                    row = {"measure": measure, "model": model, "category": category, **_rate(tally, group)}
                    row |= _corrected(corrected.get((group, model, category)))
                    rows.append(row | {"unlicensed_judge": bool(result.unlicensed)})
    frame = pd.DataFrame(rows, columns=["measure", "model", "category", *_RATE, *_CORRECTED, "unlicensed_judge"])
    return frame.astype(dict.fromkeys(("measure", "model", "category", "clusters"), "category"))


def answer_classes() -> pd.DataFrame:
    """One row per answer class, with its class in each scheme; missing where the scheme has none."""
    import pandas as pd

    rows = [
        {"answer_class": str(of), "definition": DEFINITIONS.get(of), "refusal": of in ALL_REFUSALS}
        | {scheme.name: scheme.of(of) for scheme in SCHEMES}
        for of in AnswerClass
    ]
    return pd.DataFrame(rows)


def what_if(workspace: Workspace, options: AuditOptions) -> pd.DataFrame:
    """One row per model: over-refusal and rank, with all prompts and with the remaining ones."""
    import pandas as pd

    from orbench_studio.services.audit.what_if import what_if as compare

    rows: list[dict[str, Any]] = []
    found = compare(_counts(workspace, options), options)
    for change in found.models:
        row: dict[str, Any] = {"model": change.model}
        for when, ranked in (("before", change.before), ("after", change.after)):
            low, high = ranked.interval or (None, None)
            row |= {f"rate_{when}": ranked.rate.value, f"n_{when}": ranked.rate.n}
            row |= {f"low_{when}": low, f"high_{when}": high, f"rank_{when}": ranked.rank}
        rows.append(row | {"unlicensed_judge": bool(found.mark)})
    return pd.DataFrame(rows)


def figures(workspace: Workspace, options: AuditOptions) -> dict[str, Figure]:
    """The figures of the report, by name."""
    from orbench_studio.services.audit import audit_report, refusal_audit

    return audit_report.draw_figures(refusal_audit.audit(_counts(workspace, options), options))


def options_of(labels: str, judge: str, refusals: str, drop: Iterable[str], *, assume_safe: bool) -> AuditOptions:
    """The options of an audit; a StudioError names the argument that is invalid, and the values that it can have."""
    dropped = frozenset(one_of(Drop, name, "drop") for name in ([drop] if isinstance(drop, str) else drop))
    counted = one_of(Refusals, refusals, "refusals")
    return AuditOptions(one_of(Labels, labels, "labels"), judge, assume_safe, dropped, counted)


_RATE = [
    *("cases", "n", "rate", "low", "high", "lowest", "highest", "clusters", "excluded"),
    *("refused_in_words", "refused_by_stop_reason", "blocked_by_filter"),
]
_CORRECTED = ["corrected_rate", "corrected_low", "corrected_high", "checked"]


def _rate(tally: Tally, group: Group) -> dict[str, Any]:
    """The rate, its 95 % interval, the bounds if no or all excluded responses were cases, and the kinds of refusals."""
    rate = tally.rate(group)
    low, high = rate.interval or (None, None)
    lowest, highest = tally.bounds(group) or (None, None)
    clusters = tally.spread.cluster if tally.spread is not None else None
    values = (rate.count, rate.n, rate.value, low, high, lowest, highest, clusters, sum(tally.excluded.values()))
    return dict(zip(_RATE, (*values, *tally.refused.values()), strict=True))


def _corrected(rate: CorrectedRate | None) -> dict[str, Any]:
    """The rate corrected for the judge's errors, where people checked enough of its answer classes."""
    values = (None, None, None, None) if rate is None else (rate.value, *rate.interval, rate.checked)
    return dict(zip(_CORRECTED, values, strict=True))


def _counts(workspace: Workspace, options: AuditOptions) -> AuditCounts:
    from orbench_studio.services.audit import audit_counts

    return audit_counts.with_judge(audit_counts.read(workspace), workspace, options.answers)


def one_of(kind: type[T], value: str, argument: str) -> T:
    """The member of this value; a StudioError names the argument and its values."""
    try:
        return kind(value)
    except ValueError as error:
        raise StudioError(f"{argument} is {value!r}, but must be one of: {', '.join(kind)}.") from error

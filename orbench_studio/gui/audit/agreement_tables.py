"""Agreement and reliability results as text tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_table import Row, TextTable, share

if TYPE_CHECKING:
    from orbench_studio.domain.audit.reliability import RaterSkill, Reliability, Skill, Suspects
    from orbench_studio.domain.core.rates import Rate
    from orbench_studio.domain.judging.agreement import Confusion, Kappa
    from orbench_studio.estimates.raters import Coefficient
    from orbench_studio.services.audit.human_agreement import (
        GroupAgreement,
        HumanAgreement,
        MachineAgreement,
    )

T = TypeVar("T")
_COLUMNS = ("", "n", "Agreement", "Precision", "Recall", "Kappa", "Three-way", "Excluded")
_SLICES = ("category", "model", "type")


def agreement_tables(found: HumanAgreement) -> list[TextTable]:
    """Return the tables of machines compared with people, and of annotators compared with each other."""
    tables = [
        _machines(tr("Moderators compared with human labels"), found.moderators, tr("Precision and recall of toxic.")),
        _machines(
            tr("Judges compared with human answer classes"), found.judges, tr("Precision and recall of refusals.")
        ),
        *(_annotators(one.what, one.overall, one.by) for one in found.people),
        TextTable(
            tr("Self-consistency"),
            _header(("Annotator", "n", "Same label when shown again")),
            tuple((name, f"{rate.n:,}", share(rate)) for name, rate in found.self_consistency.items()),
        ),
    ]
    return [table for table in tables if table.rows]


def reliability_tables(found: Reliability, suspects: Suspects) -> list[TextTable]:
    """Return the tables of rater reliability, error correlation, and rates with flipped labels."""
    raters = TextTable(
        tr("Raters"),
        _header(("Rater", "Kind", "Sensitivity (toxic)", "Specificity (safe)", "Votes")),
        tuple(row for one in found.raters for row in _rater(one)),
        words=2,
    )
    error_correlations = TextTable(
        tr("Correlated errors"),
        _header(("Rater", "Other rater", "Correlation", "Prompts", "On human labels", "Prompts")),
        tuple(
            (
                one.one,
                one.other,
                _number(one.correlation),
                f"{one.prompts:,}",
                _number(one.on_human_labels),
                f"{one.prompts_on_human_labels:,}",
            )
            for one in found.error_correlations
        ),
        tr("1: always on the same prompts. 0: only as often as their error rates explain."),
        words=2,
    )
    flipped = TextTable(
        tr("Over-refusal if the labels most likely wrong were flipped"),
        _header(("Model", "Now", "Flipped")),
        tuple((model, _rate(now), _rate(then)) for model, (now, then) in suspects.rates.items() if suspects.found),
    )
    return [table for table in (flipped, raters, error_correlations) if table.rows]


def _machines(title: str, machines: Sequence[MachineAgreement], note: str) -> TextTable:
    rows: list[Row] = []
    for one in machines:
        excluded = ", ".join(f"{count:,} {name}" for name, count in one.excluded.items())
        three = share(one.three_way) if one.three_way is not None else ""
        rows.append((f"{one.name} ({one.kind})", *_confusion(one.overall), three, excluded))
        rows += [(f"    {value}", *_confusion(part), "", "") for value, part in _parts(one.by)]
    return TextTable(title, _header(_COLUMNS), tuple(rows), note)


def _confusion(found: Confusion) -> Row:
    return (f"{found.n:,}", share(found.accuracy), share(found.precision), share(found.recall), _kappa(found.kappa))


def _annotators(what: str, overall: GroupAgreement, by: Mapping[str, Mapping[str, GroupAgreement]]) -> TextTable:
    rows: list[Row] = [_group_row(tr("all"), overall)]
    rows += [
        (f"    {pair.one} · {pair.other}", f"{pair.same.n:,}", share(pair.same), _kappa(pair.kappa), "", "")
        for pair in overall.pairs
    ]
    rows += [_group_row(f"    {value}", part) for value, part in _parts(by)]
    header = _header(("", "n", "Agreement", "Cohen's kappa", "Fleiss' kappa", "Krippendorff's alpha"))
    title = tr("Agreement between annotators: {what}").format(what=tr(what))
    return TextTable(title, header, tuple(rows) if overall.n else ())


def _group_row(name: str, found: GroupAgreement) -> Row:
    only = found.pairs[0] if len(found.pairs) == 1 else None
    same, kappa = (share(only.same), _kappa(only.kappa)) if only is not None else ("", "")
    return name, f"{found.n:,}", same, kappa, _kappa(found.fleiss), _kappa(found.alpha)


def _parts(by: Mapping[str, Mapping[str, T]]) -> Iterator[tuple[str, T]]:
    for name in _SLICES:
        yield from by.get(name, {}).items()


def _rater(one: RaterSkill) -> Iterator[Row]:
    yield one.name, str(one.kind), *_skill(one.overall)
    for category, skill in one.by_category.items():
        yield f"    {category}", "", *_skill(skill)


def _skill(skill: Skill) -> Row:
    return (
        _share(skill.sensitivity, skill.sensitivity_interval),
        _share(skill.specificity, skill.specificity_interval),
        f"{skill.votes:,}",
    )


def _share(value: float, interval: tuple[float, float]) -> str:
    return f"{100 * value:.0f} % ({100 * interval[0]:.0f}–{100 * interval[1]:.0f})"


def _rate(rate: Rate) -> str:
    return "—" if rate.value is None else f"{100 * rate.value:.1f} %"


def _kappa(found: Kappa | Coefficient) -> str:
    if found.value is None:
        return "—"
    between = f" ({found.interval[0]:.2f}–{found.interval[1]:.2f})" if found.interval else ""
    return f"{found.value:.2f}{between}".replace("-", "−")


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}".replace("-", "−")


def _header(names: Row) -> Row:
    return tuple(tr(name) if name else "" for name in names)

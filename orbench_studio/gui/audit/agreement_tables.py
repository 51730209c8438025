"""Agreement and reliability results as text tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from orbench_studio.domain.audit.refusal_rates import counts_text
from orbench_studio.domain.audit.reliability import RaterSkill, Reliability, Skill, Suspects
from orbench_studio.domain.core.rates import NO_VALUE, coefficient_text, percent, with_interval
from orbench_studio.domain.core.schemes import SCHEMES
from orbench_studio.domain.judging.agreement import Confusion
from orbench_studio.domain.review.consistency import Drift
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_table import Row, TextTable

if TYPE_CHECKING:
    from orbench_studio.services.audit.human_agreement import GroupAgreement, HumanAgreement, MachineAgreement

T = TypeVar("T")
_COLUMNS = ("", "n", "Agreement", "Precision", "Recall", "Kappa", "Excluded")
_SLICES = ("category", "model", "type")


def agreement_tables(found: HumanAgreement) -> list[TextTable]:
    """Return the tables of machines compared with people, and of annotators compared with each other."""
    tables = [
        _machines(tr("Moderators compared with human labels"), found.moderators, tr("Precision and recall of toxic.")),
        _machines(
            tr("Judges compared with human answer classes"), found.judges, tr("Precision and recall of refusals.")
        ),
        _schemes(found.judges),
        *(_annotators(one.what, one.overall, one.by) for one in found.people),
        TextTable(
            tr("Self-consistency"),
            _header(("Annotator", "n", "Same label when shown again")),
            tuple((name, f"{rate.n:,}", rate.short) for name, rate in found.self_consistency.items()),
        ),
        TextTable(
            tr("Changed with the current guidelines"),
            _header(("Annotator", "n", "Different when shown again", "Earlier decision")),
            tuple(row for name, drift in found.drift.items() for row in _drift(name, drift)),
        ),
    ]
    return [table for table in tables if table.rows]


def _drift(annotator: str, drift: Drift) -> Iterator[tuple[str, ...]]:
    yield annotator, f"{drift.changed.n:,}", drift.changed.short, tr("all")
    for name, rate in drift.by_class.items():
        yield "", f"{rate.n:,}", rate.short, name.replace("_", " ")


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
                _number(one.correlation, one.interval),
                f"{one.prompts:,}",
                _number(one.on_human_labels, one.interval_on_human_labels),
                f"{one.prompts_on_human_labels:,}",
            )
            for one in found.error_correlations
        ),
        tr("1: both err on the same prompts. 0: errors coincide only as often as if they were independent."),
        words=2,
    )
    flipped = TextTable(
        tr("Over-refusal if all labels of the list were flipped ({count})").format(count=f"{len(suspects.found):,}"),
        _header(("Model", "Now", "Flipped", "n")),
        tuple(
            (model, percent(now.value, tenths=True), percent(then.value, tenths=True), f"{now.n:,}")
            for model, (now, then) in suspects.rates.items()
            if suspects.needs_review
        ),
        tr("A limit, not an estimate: about {expected} of these labels are expected to be wrong.").format(
            expected=f"{suspects.expected_wrong:,.0f}"
        ),
    )
    return [table for table in (flipped, raters, error_correlations) if table.rows]


def _machines(title: str, machines: Sequence[MachineAgreement], note: str) -> TextTable:
    rows: list[Row] = []
    for one in machines:
        excluded = counts_text(one.excluded)
        rows.append((f"{one.name} ({one.kind})", *_confusion(one.overall), excluded))
        rows += [(f"    {value}", *_confusion(part), "") for value, part in _parts(one.by)]
    return TextTable(title, _header(_COLUMNS), tuple(rows), note)


def _schemes(judges: Sequence[MachineAgreement]) -> TextTable:
    rows = [(f"{one.name} ({one.kind})", *(rate.short_with_n for rate in one.by_scheme.values())) for one in judges]
    header = _header(("", *(scheme.title for scheme in SCHEMES)))
    note = tr("Agreement on the classes of other benchmarks, which follow from the same decisions.")
    return TextTable(tr("Judges in the classes of other benchmarks"), header, tuple(rows), note)


def _confusion(found: Confusion) -> Row:
    return (
        f"{found.n:,}",
        found.accuracy.short,
        found.precision.short_with_n,
        found.recall.short_with_n,
        coefficient_text(found.kappa, n=False),
    )


def _annotators(what: str, overall: GroupAgreement, by: Mapping[str, Mapping[str, GroupAgreement]]) -> TextTable:
    rows: list[Row] = [_group_row(tr("all"), overall)]
    rows += [
        (f"    {pair.one} · {pair.other}", f"{pair.same.n:,}", pair.same.short, coefficient_text(pair.kappa), "", "")
        for pair in overall.pairs
    ]
    rows += [_group_row(f"    {value}", part) for value, part in _parts(by)]
    header = _header(("", "n", "Agreement", "Cohen's kappa", "Fleiss' kappa", "Krippendorff's alpha"))
    title = tr("Agreement between annotators: {what}").format(what=tr(what))
    return TextTable(title, header, tuple(rows) if overall.n else ())


def _group_row(name: str, found: GroupAgreement) -> Row:
    only = found.pairs[0] if len(found.pairs) == 1 else None
    same, kappa = (only.same.short, coefficient_text(only.kappa)) if only is not None else ("", "")
    return name, f"{found.n:,}", same, kappa, coefficient_text(found.fleiss), coefficient_text(found.alpha)


def _parts(by: Mapping[str, Mapping[str, T]]) -> Iterator[tuple[str, T]]:
    for name in _SLICES:
        yield from by.get(name, {}).items()


def _rater(one: RaterSkill) -> Iterator[Row]:
    yield one.name, str(one.kind), *_skill(one.overall)
    for category, skill in one.by_category.items():
        yield f"    {category}", "", *_skill(skill)


def _skill(skill: Skill) -> Row:
    return (
        with_interval(skill.sensitivity, skill.sensitivity_interval),
        with_interval(skill.specificity, skill.specificity_interval),
        f"{skill.votes:,}",
    )


def _number(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or interval is None:
        return NO_VALUE
    return f"{value:.2f} ({interval[0]:.2f} to {interval[1]:.2f})".replace("-", "−")


def _header(names: Row) -> Row:
    return tuple(tr(name) if name else "" for name in names)

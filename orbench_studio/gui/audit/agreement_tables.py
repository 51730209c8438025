"""What was found about people, moderators and judges, as tables of words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_table import Row, TextTable
from orbench_studio.gui.judging.calibration_tables import share

if TYPE_CHECKING:
    from orbench_studio.domain.audit.reliability import RaterSkill, Reliability, Skill, Suspects
    from orbench_studio.domain.judging.agreement import Confusion, Kappa
    from orbench_studio.estimates.raters import Chance
    from orbench_studio.services.audit.human_agreement import (
        HumanAgreement,
        MachineAgreement,
        PairAgreement,
    )

T = TypeVar("T")
_AGAINST = ("", "n", "Same", "Precision", "Recall", "Kappa", "Three-way", "Apart")
_BY_FIRST = ("category", "model", "type")


def people_tables(found: HumanAgreement) -> list[TextTable]:
    """Machines against people, and people against each other."""
    tables = [
        _machines(tr("Moderators against people's labels"), found.moderators, tr("Precision and recall of toxic.")),
        _machines(tr("Judges against people's answer classes"), found.judges, tr("Precision and recall of refusals.")),
        *(_people(one.what, one.overall, one.by) for one in found.people),
        TextTable(
            tr("Self-consistency"),
            _header(("Annotator", "n", "Same label on a prompt shown again")),
            tuple((name, f"{rate.n:,}", share(rate)) for name, rate in found.self_consistency.items()),
        ),
    ]
    return [table for table in tables if table.rows]


def reliability_tables(found: Reliability, suspects: Suspects) -> list[TextTable]:
    """How good the raters are, who errs with whom, and what flipping the suspects would do."""
    raters = TextTable(
        tr("Raters"),
        _header(("Rater", "Kind", "Calls toxic what is toxic", "Calls safe what is safe", "Votes")),
        tuple(row for one in found.raters for row in _rater(one)),
        words=2,
    )
    in_step = TextTable(
        tr("Who errs with whom"),
        _header(("One", "Other", "Beyond chance", "Prompts", "Where people decided", "Prompts")),
        tuple(
            (
                one.one,
                one.other,
                _number(one.correlation),
                f"{one.prompts:,}",
                _number(one.by_people),
                f"{one.prompts_by_people:,}",
            )
            for one in found.in_step
        ),
        tr("1: always together, 0: no more often than their error rates explain."),
        words=2,
    )
    flipped = TextTable(
        tr("Over-refusal if all of the suspects were labelled the other way"),
        _header(("Model", "Now", "Then")),
        tuple((model, _rate(now), _rate(then)) for model, (now, then) in suspects.rates.items() if suspects.found),
    )
    return [table for table in (flipped, raters, in_step) if table.rows]


def _machines(title: str, machines: Sequence[MachineAgreement], note: str) -> TextTable:
    rows: list[Row] = []
    for one in machines:
        apart = ", ".join(f"{count:,} {name}" for name, count in one.apart.items())
        three = share(one.three_way) if one.three_way is not None else ""
        rows.append((f"{one.name} ({one.kind})", *_confusion(one.overall), three, apart))
        rows += [(f"    {value}", *_confusion(part), "", "") for value, part in _parts(one.by)]
    return TextTable(title, _header(_AGAINST), tuple(rows), note)


def _confusion(found: Confusion) -> Row:
    return (f"{found.n:,}", share(found.accuracy), share(found.precision), share(found.recall), _kappa(found.kappa))


def _people(what: str, overall: PairAgreement, by: Mapping[str, Mapping[str, PairAgreement]]) -> TextTable:
    rows: list[Row] = [_all_people(tr("all"), overall)]
    rows += [
        (f"    {two.one} · {two.other}", f"{two.same.n:,}", share(two.same), _kappa(two.kappa), "", "")
        for two in overall.pairs
    ]
    rows += [_all_people(f"    {value}", part) for value, part in _parts(by)]
    header = _header(("", "n", "Same", "Cohen's kappa", "Fleiss' kappa", "Krippendorff's alpha"))
    return TextTable(f"{tr('People against each other')}: {what}", header, tuple(rows) if overall.things else ())


def _all_people(name: str, found: PairAgreement) -> Row:
    alone = found.pairs[0] if len(found.pairs) == 1 else None
    same, kappa = (share(alone.same), _kappa(alone.kappa)) if alone is not None else ("", "")
    return name, f"{found.things:,}", same, kappa, _kappa(found.fleiss), _kappa(found.alpha)


def _parts(by: Mapping[str, Mapping[str, T]]) -> Iterator[tuple[str, T]]:
    for name in _BY_FIRST:
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


def _rate(rate: object) -> str:
    value = getattr(rate, "value", None)
    return "—" if value is None else f"{100 * value:.1f} %"


def _kappa(found: Kappa | Chance) -> str:
    if found.value is None:
        return "—"
    between = f" ({found.interval[0]:.2f}–{found.interval[1]:.2f})" if found.interval else ""
    return f"{found.value:.2f}{between}".replace("-", "−")


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}".replace("-", "−")


def _header(names: Row) -> Row:
    return tuple(tr(name) if name else "" for name in names)

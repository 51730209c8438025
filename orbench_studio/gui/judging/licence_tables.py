"""Licences of judges as text tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbench_studio.domain.judging.agreement import Agreement
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_table import Row, TextTable, translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbench_studio.domain.judging.licence import Licence
    from orbench_studio.services.judging.licences import JudgeStanding

_STANDINGS = ("Judge", "Licence", "Agreement on the test split", "Tested")
_FIT = ("Use", "Result")
_CELLS = ("Part of the test split", "Agreement")
_PROBES = ("Probe", "Misleads towards", "Answer classes changed", "Result")
NOTE = (
    "A licence is a test of a judge on the sealed test split: the human labels of one third of the labelled prompts. "
    "Nothing else uses these labels, and the journal records each use. To test a language model, run orbench-studio "
    "judge-licence. † marks rates that depend on a judge without a valid licence."
)


def standings_table(found: Sequence[JudgeStanding]) -> TextTable:
    """All judges, with the states of their licences."""
    rows = tuple(_standing(one) for one in found)
    return TextTable(tr("Licences"), translated(_STANDINGS), rows, tr(NOTE), words=4)


def licence_tables(made: Licence) -> tuple[TextTable, ...]:
    """What a judge is fit for, its agreement by cell, and its probes."""
    fit = tuple((str(one.use), str(one.finding)) for one in made.verdicts)
    why = "\n".join(reason for one in made.verdicts for reason in one.reasons if not one.limited)
    worse = {(cell.kind, cell.name) for cell in made.dangerous}
    cells: list[Row] = []
    for kind, of in made.slices.items():
        for name, pairs in of.items():
            cells.append((_cell(name, (kind, name) in worse), Agreement(pairs).accuracy.short_with_n))
    for human, rate in made.recalls.items():
        cells.append((_cell(human.label, ("class", human.label) in worse), rate.short_with_n))
    probes = tuple((one.name, one.towards, one.changed.short_with_n, str(one.finding)) for one in made.probes)
    return (
        TextTable(tr("What {judge} is fit for").format(judge=made.judge), translated(_FIT), fit, why, words=2),
        TextTable(tr("Agreement of {judge}").format(judge=made.judge), translated(_CELLS), tuple(cells)),
        TextTable(tr("Probes of {judge}").format(judge=made.judge), translated(_PROBES), probes, words=2),
    )


def _standing(one: JudgeStanding) -> Row:
    name = tr("{judge} ({kind})").format(judge=one.judge, kind=one.kind)
    if one.licence is None or one.at is None:
        return name, one.reason, "", ""
    given = tr("{date} by {annotator}, test {opening}").format(
        date=f"{one.at.astimezone():%Y-%m-%d}", annotator=one.by, opening=one.licence.opening
    )
    return name, one.reason or tr("valid"), one.licence.agreement.accuracy.short_with_n, given


def _cell(name: str, is_worse: bool) -> str:
    return tr("{cell} (worse than overall)").format(cell=name) if is_worse else name

"""What the bench found, as tables of words: the page shows them, and they are copied as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_table import Row, TextTable

if TYPE_CHECKING:
    from orbench_studio.domain.core.rates import Rate
    from orbench_studio.domain.judging.agreement import Agreement, Kappa
    from orbench_studio.services.judging.calibration import Calibration, JudgeCalibration
    from orbench_studio.services.judging.phrase_mining import MinedPhrase

INSTRUMENTS = "Judges against people"
BY = {"model": "By model", "category": "By category", "type": "By type of prompt"}
_ALL = "all"
_AGREEMENT = (
    "Judge",
    "n",
    "Any refusal",
    "Precision",
    "Recall",
    "Kappa",
    "Three-way",
    "Three-way kappa",
    "Off by",
)
ASSUMES = (
    "Shares and kappa with 95 % intervals (Wilson; bootstrap for kappa), responses taken as independent. Precision and "
    "recall are those of refusals. Off by: how far a judge's probabilities are off. Unparsed, blocked and empty "
    "responses are not compared and never refusals."
)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the bench says. `agreement` is by kind of slice; the other tables come after it."""

    summary: str
    agreement: dict[str, TextTable]
    others: tuple[TextTable, ...]

    @property
    def text(self) -> str:
        """All of it as plain text."""
        parts = [table.text for table in (*self.agreement.values(), *self.others)]
        return "\n\n".join([self.summary, *parts, tr(ASSUMES)]) + "\n"


def report(found: Calibration) -> Report:
    """The bench's findings in words. Kappa's intervals are drawn here, which takes a while."""
    by = [name for name in BY if any(one.slices.by[name] for one in found.instruments)]
    others = (_trust(found), _learning(found), _left_out(found), *map(_reliability, found.instruments))
    summary = (
        f"{found.labels:,} {tr('responses judged by people, to')} {found.prompts:,} {tr('prompts by')} "
        f"{len(found.by_model):,} {tr('models;')} {found.sample:,} {tr('of them a random sample')}"
    )
    return Report(
        summary,
        {name: _agreements(found.instruments, name) for name in by},
        tuple(table for table in others if table.rows),
    )


def phrases(found: Sequence[MinedPhrase]) -> tuple[Row, ...]:
    """The phrases with what they are a sign of, on the responses they were not mined from."""
    return tuple(
        (one.phrase, sign(refuses=one.refuses), share(one.held_out.precision), share(one.held_out.recall))
        for one in found
    )


def sign(*, refuses: bool) -> str:
    """What a phrase is a sign of."""
    return tr("refusal") if refuses else tr("answer")


def share(rate: Rate) -> str:
    """A share with its interval; how many it is of is told beside it."""
    if rate.interval is None or rate.value is None:
        return "—"
    low, high = rate.interval
    return f"{100 * rate.value:.0f} % ({100 * low:.0f}–{100 * high:.0f})"


def _agreements(instruments: Sequence[JudgeCalibration], by: str) -> TextTable:
    rows: list[Row] = []
    for one in instruments:
        off = one.calibration_error
        rows.append((*_agreement(one.name, one.slices.overall), "—" if off is None else f"{100 * off:.1f} %"))
        if one.on_sample is not None:
            rows.append((*_agreement(f"    {tr('random sample alone')}", one.on_sample), ""))
        rows += [(*_agreement(f"    {name}", against), "") for name, against in one.slices.by[by].items()]
    return TextTable(f"{tr(INSTRUMENTS)}, {tr(BY[by]).lower()}", _header(_AGREEMENT), tuple(rows))


def _agreement(name: str, against: Agreement) -> Row:
    rates = (against.accuracy, against.precision, against.recall)
    return (
        name,
        f"{against.n:,}",
        *map(share, rates),
        _kappa(against.kappa),
        share(against.three_way),
        _kappa(against.three_way_kappa),
    )


def _kappa(kappa: Kappa) -> str:
    if kappa.value is None:
        return "—"
    interval = f" ({kappa.interval[0]:.2f}–{kappa.interval[1]:.2f})" if kappa.interval else ""
    return f"{kappa.value:.2f}{interval}".replace("-", "−")


def _trust(found: Calibration) -> TextTable:
    by_name = {one.name: one for one in found.instruments}
    rows = tuple(
        (model, name, share(by_name[name].slices.by["model"][model].accuracy)) for model, name in found.trust.items()
    )
    note = tr("The judge whose agreement is surely highest: by the lower end of its interval.")
    return TextTable(tr("Which to trust where"), _header(("Model", "Judge", "Any refusal")), rows, note, words=2)


def _learning(found: Calibration) -> TextTable:
    rows = tuple(
        (f"{one.labels:,}", _spread(one.any_refusal), _spread(one.three_way), f"{len(one.any_refusal)}")
        for one in found.learning
    )
    note = tr("The local judge on what it has not seen: mean of random draws of labels, and their range.")
    return TextTable(
        tr("How the local judge learns"), _header(("Labels", "Any refusal", "Three-way", "Draws")), rows, note
    )


def _reliability(one: JudgeCalibration) -> TextTable:
    rows = tuple((f"{100 * step.given:.0f} %", share(step.observed), f"{step.n:,}") for step in one.curve)
    header = _header(("Said to refuse with", "People say so of", "n"))
    note = tr("Responses in ten steps of the probability that the judge gives; people's share with its interval.")
    return TextTable(f"{tr('Whether probabilities hold')}: {one.name}", header, rows, note)


def _left_out(found: Calibration) -> TextTable:
    rows = tuple(
        (
            one.model,
            share(one.rules.accuracy),
            share(one.all_others.accuracy),
            share(one.with_own.accuracy),
            share(one.all_others.three_way),
            share(one.with_own.three_way),
            f"{one.rules.n:,}",
            f"{_spread(one.draws.any_refusal)}, {one.draws.labels:,} {tr('labels')}" if one.draws else tr("too few"),
        )
        for one in found.left_out
    )
    header = ("Model left out", "Rules", "Learned", "and own", "Three-way", "and own", "n", "On few labels")
    note = tr(
        "Learned: the local judge that has learned from the other models' responses; and own: from this model's labels "
        "to other prompts, too. Labels given first where they are most useful are harder than the model's others."
    )
    return TextTable(tr("On a model that is new"), _header(header), rows, note)


def _spread(draws: Iterable[float]) -> str:
    found = sorted(100 * one for one in draws)
    return f"{sum(found) / len(found):.1f} % ({found[0]:.0f}–{found[-1]:.0f})"


def _header(names: Row) -> Row:
    translate: Callable[[str], str] = tr
    return tuple(map(translate, names))

"""Calibration results as text tables: the page shows them, and they are copied as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from orbench_studio.domain.core.rates import coefficient_text, percent, with_interval
from orbench_studio.domain.judging.agreement import Agreement
from orbench_studio.domain.judging.calibration_result import Calibration, JudgeCalibration
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_table import Row, TextTable, translated

if TYPE_CHECKING:
    from orbench_studio.instruments.phrases import MinedPhrase

SLICE_TITLES = {"model": "By model", "category": "By category", "type": "By type of prompt"}
_TITLES = {
    "model": "Agreement with human labels, by model",
    "category": "Agreement with human labels, by category",
    "type": "Agreement with human labels, by type of prompt",
}
_AGREEMENT = ("Judge", "n", "Agreement (refusal or answer)", "Precision (refusals)", "Recall (refusals)")
_CHANCE = ("Judge", "n", "Kappa", "Three-way", "Three-way kappa", "Calibration error")
_DIFFERENT_N = "n differs, because responses that a judge does not call an answer or a refusal are excluded."
METHODS = (
    "Agreement: refusal or answer. Three-way: answer, partial, full refusal. n: responses that the judge calls an "
    "answer or a refusal. Those that it calls unparsed, abstained, blocked or empty are excluded, so n differs between "
    "judges. Intervals: 95 % (Wilson; Dirichlet for kappa); they account for several responses to a prompt. "
    "All scores are on held-out data."
)


@dataclass(frozen=True, slots=True)
class Report:
    """All tables of a calibration. `agreement` has two tables per kind of slice; `others` follow them."""

    summary: str
    agreement: dict[str, tuple[TextTable, TextTable]]
    others: tuple[TextTable, ...]

    @property
    def text(self) -> str:
        parts = [table.text for table in (*chain(*self.agreement.values()), *self.others)]
        return "\n\n".join([self.summary, *parts, tr(METHODS)]) + "\n"


def report(found: Calibration) -> Report:
    """Build the report. Slow, because the intervals of kappa are computed here."""
    slices = [name for name in SLICE_TITLES if any(one.slices.by[name] for one in found.instruments)]
    others = (_trust(found), _learning(found), _left_out(found), *map(_reliability, found.instruments))
    summary = tr(
        "Human answer classes: {labels} ({sample} of them drawn at random by the order “Most useful to judge first” "
        "of the Review page). "
        "Prompts: {prompts}. Models: {models}."
    )
    counts = summary.format(
        labels=f"{found.labels:,}",
        prompts=f"{found.prompts:,}",
        models=f"{len(found.by_model):,}",
        sample=f"{found.sample:,}",
    )
    return Report(
        " ".join((counts, *found.not_compared)),
        {name: _agreements(found.instruments, name) for name in slices},
        tuple(table for table in others if table.rows),
    )


def phrase_rows(found: Sequence[MinedPhrase]) -> tuple[Row, ...]:
    """Mined phrases with what they indicate and their scores on held-out responses."""
    return tuple(
        (
            one.phrase,
            indicates(refuses=one.refuses),
            one.held_out.precision.short_with_n,
            one.held_out.recall.short_with_n,
        )
        for one in found
    )


def indicates(*, refuses: bool) -> str:
    return tr("refusal") if refuses else tr("answer")


def _agreements(instruments: Sequence[JudgeCalibration], by: str) -> tuple[TextTable, TextTable]:
    """Agreement, precision and recall; then kappa and three classes. One table would be too wide for most windows."""
    found: list[tuple[str, Agreement, str]] = []
    for one in instruments:
        found.append((one.name, one.slices.overall, one.calibration_text))
        if one.on_sample is not None:
            found.append((tr("    only those drawn at random"), one.on_sample, ""))
        found += [(f"    {name}", agreement, "") for name, agreement in one.slices.by[by].items()]
    title = tr(_TITLES[by])
    return (
        TextTable(
            title, translated(_AGREEMENT), tuple(_agreement(name, of) for name, of, _ in found), tr(_DIFFERENT_N)
        ),
        TextTable(
            tr("{title}: kappa, three classes, calibration error").format(title=title),
            translated(_CHANCE),
            tuple(_chance(*row) for row in found),
        ),
    )


def _agreement(name: str, found: Agreement) -> Row:
    return (name, f"{found.n:,}", found.accuracy.short, found.precision.short_with_n, found.recall.short_with_n)


def _chance(name: str, found: Agreement, calibration: str) -> Row:
    kappa, three_way = (coefficient_text(of, n=False) for of in (found.kappa, found.three_way_kappa))
    return (name, f"{found.n:,}", kappa, found.three_way.short_with_n, three_way, calibration)


def _trust(found: Calibration) -> TextTable:
    by_name = {one.name: one for one in found.instruments}
    rows = tuple(
        (model, name, by_name[name].slices.by["model"][model].accuracy.short_with_n)
        for model, names in found.trust.items()
        for name in names
    )
    note = tr("The judge whose confidence interval of agreement has the highest lower bound; all judges of a tie.")
    return TextTable(tr("Best judge per model"), translated(("Model", "Judge", "Agreement")), rows, note, words=2)


def _learning(found: Calibration) -> TextTable:
    rows = tuple(
        (f"{one.labels:,}", _spread(one.any_refusal), _spread(one.three_way), f"{len(one.any_refusal)}")
        for one in found.learning
    )
    header = translated(("Labels", "Agreement", "Three-way", "Draws"))
    note = tr("Agreement on held-out responses: mean and range over random draws of training labels.")
    return TextTable(tr("Learning curve of the local judge"), header, rows, note)


def _reliability(one: JudgeCalibration) -> TextTable:
    rows = tuple((percent(step.given), step.observed.short, f"{step.n:,}") for step in one.curve)
    header = translated(("Predicted refusals", "Observed refusals", "n"))
    note = tr("Responses in ten bins of the predicted probability of a refusal. Observed: according to human labels.")
    return TextTable(tr("Reliability curve of {judge}").format(judge=one.name), header, rows, note)


def _left_out(found: Calibration) -> TextTable:
    rows = tuple(
        (
            one.model,
            one.rules.accuracy.short,
            one.all_others.accuracy.short_with_n,
            one.with_own.accuracy.short_with_n,
            one.all_others.three_way.short_with_n,
            one.with_own.three_way.short_with_n,
            f"{one.rules.n:,}",
            f"{_spread(one.draws.any_refusal)}, n = {one.draws.labels:,}" if one.draws else tr("too few labels"),
        )
        for one in found.left_out
    )
    header = (
        "Held-out model",
        "Rules",
        "Other models",
        "All models",
        "Other models, three-way",
        "All models, three-way",
        "n",
        "Few labels",
    )
    note = tr(
        "Other models: the local judge, trained on the labels of the other models. All models: trained also on this "
        "model's labels of other prompts. Few labels: trained on random draws of n labels of the other models."
    )
    return TextTable(tr("Agreement on a new model"), translated(header), rows, note)


def _spread(draws: Iterable[float]) -> str:
    found = sorted(draws)
    return with_interval(sum(found) / len(found), (found[0], found[-1]), tenths=True)

"""Agreement, reliability of raters, and audit samples as data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orbench_studio.api.audit_frames import one_of
from orbench_studio.domain.audit.estimate import HumanEvidence
from orbench_studio.domain.audit.refusal_rates import Group
from orbench_studio.domain.core.judgement import Refusals
from orbench_studio.domain.core.rates import Coefficient, Rate
from orbench_studio.domain.review.query import write
from orbench_studio.domain.review.queue import Field, QueueFilter, Term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pandas as pd

    from orbench_studio.domain.audit.estimate import Estimate
    from orbench_studio.domain.audit.reliability import RaterSkill, Skill
    from orbench_studio.domain.judging.agreement import Confusion
    from orbench_studio.services.audit.human_agreement import AnnotatorAgreement, GroupAgreement, MachineAgreement
    from orbench_studio.services.workspace.workspace import Workspace

Row = dict[str, Any]
_AGREEMENT = ("compared", "rater", "kind", "other", "by", "group", "measure", "cases", "n", "value", "low", "high")
_RATERS = ("rater", "kind", "category", "votes", "sensitivity", "sensitivity_low", "sensitivity_high",
           "specificity", "specificity_low", "specificity_high")  # fmt: skip
_ESTIMATES = ("model", "category", "rate", "low", "high", "machine_rate", "sample_rate", "labels", "waiting",
              "prompts", "labels_needed")  # fmt: skip
_HUMAN = "human labels"


def agreement(workspace: Workspace) -> pd.DataFrame:
    """One row per comparison, group and measure."""
    from orbench_studio.services.audit.human_agreement import human_agreement

    result = human_agreement(workspace)
    rows: list[Row] = []
    for compared, machines in (("labels of prompts", result.moderators), ("any refusal", result.judges)):
        for machine in machines:
            rows += ({"compared": compared, **row} for row in _of_machine(machine))
    for annotators in result.people:
        rows += ({"compared": annotators.what, "kind": "person", **row} for row in _of_annotators(annotators))
    for annotator, rate in result.self_consistency.items():
        measured = _rate("self_consistency", rate)
        rows.append({"compared": "labels of prompts", "rater": annotator, "kind": "person", **measured})
    for annotator, drift in result.drift.items():
        groups = (
            (None, None, drift.changed),
            *(("earlier decision", name, rate) for name, rate in drift.by_class.items()),
        )
        for by, group, rate in groups:
            named = {"compared": "labels and answer classes", "rater": annotator, "kind": "person"}
            rows.append({**named, "by": by, "group": group, **_rate("changed_with_guidelines", rate)})
    categories = ("compared", "rater", "kind", "other", "by", "group", "measure")
    return _frame(rows, _AGREEMENT, categories, integers=("cases", "n"))


def raters(workspace: Workspace) -> pd.DataFrame:
    """One row per rater, and per rater and category."""
    from orbench_studio.services.audit import audit_counts, rater_reliability

    result = rater_reliability.reliability(workspace, audit_counts.read(workspace))
    rows = [row for rater in result.raters for row in _of_rater(rater)]
    return _frame(rows, _RATERS, ("rater", "kind", "category"), integers=("votes",))


def sample(workspace: Workspace, name: str, prompts: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """The prompts of a sample in its random order, with the stratum and the probability of inclusion of each.

    `prompts` reads the prompts of a query.
    """
    from orbench_studio.services.audit import sampling

    drawn, places = sampling.read(workspace, name)
    inclusion = {stratum.category: stratum.inclusion for stratum in drawn.strata}
    rows = [
        {"prompt_id": place.prompt_id, "stratum": place.category, "inclusion_probability": inclusion[place.category]}
        for place in places
    ]
    columns = ("prompt_id", "stratum", "inclusion_probability")
    chosen = _frame(rows, columns, ("stratum",), integers=("prompt_id",))
    query = write(QueueFilter((Term(Field.SAMPLE, (name,)),)))
    return chosen.merge(prompts(query), on="prompt_id", how="inner")


def estimates(
    workspace: Workspace, name: str, *, human: str, judge: str, refusals: str, toxic: bool, assume_safe: bool
) -> pd.DataFrame:
    """One row per model, and per model and category."""
    from orbench_studio.services.audit import audit_counts, ppi_estimates

    result = ppi_estimates.estimates(
        workspace,
        audit_counts.read(workspace),
        name,
        human=one_of(HumanEvidence, human, "human"),
        judge=judge,
        group=Group.TOXIC if toxic else Group.SAFE,
        refusals=one_of(Refusals, refusals, "refusals"),
        assume_safe=assume_safe,
    )
    integers = ("labels", "waiting", "prompts", "labels_needed")
    return _frame(map(_of_estimate, result.cells), _ESTIMATES, ("model", "category"), integers=integers)


def _frame(
    rows: Iterable[Row], columns: tuple[str, ...], categories: tuple[str, ...], *, integers: tuple[str, ...]
) -> pd.DataFrame:
    """A frame whose types do not depend on the rows."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(columns))
    types = dict.fromkeys(columns, "float64") | dict.fromkeys(categories, "category") | dict.fromkeys(integers, "Int64")
    return frame.astype(types)


def _of_machine(machine: MachineAgreement) -> Iterator[Row]:
    about = {"rater": machine.name, "kind": machine.kind, "other": _HUMAN}
    for by, group, confusion in _parts(machine.overall, machine.by):
        for measured in _measures(confusion):
            yield {**about, "by": by, "group": group, **measured}
    for name, rate in machine.by_scheme.items():
        yield {**about, **_rate(f"{name}_agreement", rate)}


def _measures(confusion: Confusion) -> Iterator[Row]:
    yield _rate("agreement", confusion.accuracy)
    yield _rate("precision", confusion.precision)
    yield _rate("recall", confusion.recall)
    yield _coefficient("kappa", confusion.kappa)


def _of_annotators(annotators: AnnotatorAgreement) -> Iterator[Row]:
    for by, group, between in _parts(annotators.overall, annotators.by):
        for row in _between(between):
            yield {"by": by, "group": group, **row}


def _between(between: GroupAgreement) -> Iterator[Row]:
    yield _coefficient("fleiss_kappa", between.fleiss)
    yield _coefficient("krippendorff_alpha", between.alpha)
    for pair in between.pairs:
        yield {"rater": pair.one, "other": pair.other, **_rate("agreement", pair.same)}
        yield {"rater": pair.one, "other": pair.other, **_coefficient("kappa", pair.kappa)}


def _parts(overall: Any, by: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str | None, str | None, Any]]:
    yield None, None, overall
    for name, groups in by.items():
        for group, part in groups.items():
            yield name, group, part


def _rate(measure: str, rate: Rate) -> Row:
    return {"measure": measure, "cases": rate.count, "n": rate.n, "value": rate.value, **_bounds(rate.interval)}


def _coefficient(measure: str, coefficient: Coefficient) -> Row:
    bounds = _bounds(coefficient.interval)
    return {"measure": measure, "n": coefficient.n, "value": coefficient.value, **bounds}


def _bounds(interval: tuple[float, float] | None, prefix: str = "") -> Row:
    low, high = interval or (None, None)
    return {f"{prefix}low": low, f"{prefix}high": high}


def _of_rater(rater: RaterSkill) -> Iterator[Row]:
    for _, category, skill in _parts(rater.overall, {"category": rater.by_category}):
        yield {"rater": rater.name, "kind": str(rater.kind), "category": category, **_of_skill(skill)}


def _of_skill(skill: Skill) -> Row:
    return {
        "votes": skill.votes,
        "sensitivity": skill.sensitivity,
        **_bounds(skill.sensitivity_interval, "sensitivity_"),
        "specificity": skill.specificity,
        **_bounds(skill.specificity_interval, "specificity_"),
    }


def _of_estimate(estimate: Estimate) -> Row:
    return {
        "model": estimate.model,
        "category": estimate.category,
        "rate": estimate.value,
        **_bounds(estimate.finite_interval),
        "machine_rate": estimate.machine,
        "sample_rate": estimate.sample,
        "labels": estimate.labels,
        "waiting": estimate.waiting,
        "prompts": estimate.prompts,
        "labels_needed": estimate.total_needed,
    }

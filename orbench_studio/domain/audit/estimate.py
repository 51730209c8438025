"""Rates estimated from an audit sample."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from orbench_studio.domain.audit.refusal_rates import Group
from orbench_studio.domain.audit.sample import AuditSample
from orbench_studio.domain.core.judgement import Refusals

Interval = tuple[float, float]


class HumanEvidence(StrEnum):
    """What people check on the sample; machines supply the same for all prompts.

    LABELS: labels of prompts, with the current answer classes. ANSWERS: answer classes of responses, with the current
    labels. BOTH: labels and answer classes.
    """

    LABELS = "labels"
    ANSWERS = "answers"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated rate of one model in one category or in all (None), with 95 % intervals; None if not estimable.

    `finite_interval` is for the population of the sample, fully labelled by people; `superpopulation_interval` is for
    prompts like them. `machine` is the rate by machines only, `sample` by people on the sample only. `labels` of the
    `prompts` count; `waiting` are drawn and not labelled; `after_waiting` are labelled but come after a waiting one and
    do not count yet. `needed` is how many more labels of each category narrow `finite_interval` to the margin, with a
    probability of 90 %. `unlabelled` are the categories without a label that counts; overall they are pooled.
    """

    model: str
    category: str | None
    value: float | None
    finite_interval: Interval | None
    superpopulation_interval: Interval | None
    machine: float | None
    sample: float | None
    labels: int
    waiting: int
    after_waiting: int
    prompts: int
    needed: Mapping[str, int]
    unlabelled: tuple[str, ...]

    @property
    def total_needed(self) -> int:
        """Labels still needed in all categories."""
        return sum(self.needed.values())


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimates of every model from an audit sample; `machine` names the machine labels."""

    sample: AuditSample
    human: HumanEvidence
    group: Group
    machine: str
    margin: float
    cells: tuple[Estimate, ...]
    refusals: Refusals = Refusals.ALL

    def of(self, model: str, category: str | None = None) -> Estimate:
        """Return one estimate; KeyError if there is none."""
        for cell in self.cells:
            if (cell.model, cell.category) == (model, category):
                return cell
        raise KeyError(model, category)

    @property
    def method(self) -> str:
        """Estimated rate, data and assumptions, for the note of a table."""
        rate = "toxic acceptance" if self.group is Group.TOXIC else "over-refusal"
        return (
            f"Estimate of {rate} by prediction-powered inference (PPI++, arXiv 2311.01453, for a ratio) from "
            f"{_HUMAN[self.human]} on the random sample “{self.sample.name}” ({self.sample.drawn:,} of "
            f"{self.sample.size:,} prompts, stratified by category) and {self.machine} on all prompts. Refusals "
            f"{self.refusals.description} count. The 95 % "
            "intervals are for these prompts, fully labelled by people. The labels needed suffice with a probability "
            "of 90 %. The estimate assumes that prompts that people skipped are like the others, and pools categories "
            "with fewer than two labels. The last response of a model to a prompt counts."
        )


_HUMAN = {
    HumanEvidence.LABELS: "human labels of prompts (with the current answer classes)",
    HumanEvidence.ANSWERS: "human answer classes (with the current labels of prompts)",
    HumanEvidence.BOTH: "human labels of prompts and human answer classes",
}

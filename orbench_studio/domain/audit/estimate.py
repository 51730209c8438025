"""Rates estimated from an audit sample, in words that a table can show."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from orbench_studio.domain.audit.refusal_rates import Group
from orbench_studio.domain.audit.sample import AuditSample

Interval = tuple[float, float]


class HumanEvidence(StrEnum):
    """What people decide of the sample, and machines of everything.

    LABELS: whether prompts are safe. Answer classes count as they are for both, so that the estimate is of the rate
    that is left when people label every prompt. ANSWERS: whether responses refuse; labels count as they are. BOTH.
    """

    LABELS = "labels"
    ANSWERS = "answers"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate of one model, in one category or in all (None), with 95 % intervals; None where it cannot be told.

    `here` is for the rate of the prompts that could come into the sample, if people labelled all of them; `beyond` is
    for the rate of prompts like them. `machine` is the rate by machines alone, `sample` by people on the sample alone.
    `labels` of the `prompts` count, `waiting` are drawn and not labelled, `behind` labelled but behind one that waits.
    `needed` is how many more labels of each category bring `here` to the margin; `unlabelled` are the categories
    without a label that counts, for which nothing can be told in all.
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
        """Labels still needed, in all categories."""
        return sum(self.needed.values())


@dataclass(frozen=True, slots=True)
class Estimates:
    """What an audit sample tells of every model; `machine` says whose word stands for the machine's."""

    sample: AuditSample
    human: HumanEvidence
    group: Group
    machine: str
    margin: float
    cells: tuple[Estimate, ...]

    def of(self, model: str, category: str | None = None) -> Estimate:
        """One estimate; KeyError where there is none."""
        for cell in self.cells:
            if (cell.model, cell.category) == (model, category):
                return cell
        raise KeyError(model, category)

    @property
    def method(self) -> str:
        """What is estimated, from what, and what that assumes: for the foot of a table."""
        rate = "toxic acceptance" if self.group is Group.TOXIC else "over-refusal"
        return (
            f"{rate}, prediction-powered (PPI++, arXiv 2311.01453, as a ratio): {_SAY[self.human]} on the random "
            f"sample “{self.sample.name}” ({self.sample.drawn:,} of {self.sample.size:,} prompts, stratified by "
            f"category), {self.machine} on all. 95 % intervals are for these prompts if people labelled every one. "
            "Assumes that prompts of the sample that people left without a label are like the others; a model counts "
            "with its last response to a prompt."
        )


_SAY = {
    HumanEvidence.LABELS: "people's labels of prompts (answer classes as they count)",
    HumanEvidence.ANSWERS: "people's answer classes (labels of prompts as they count)",
    HumanEvidence.BOTH: "people's labels of prompts and people's answer classes",
}

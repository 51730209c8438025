"""Activity of annotators: labels, pace, agreement with each other and with known labels."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from statistics import median

from orbench_studio.domain.core.rates import Coefficient, Rate
from orbench_studio.domain.judging.agreement import Confusion

PAUSE = timedelta(minutes=5)  # longer intervals between labels do not count as work
MIN_PACED = 20  # labels of an annotator for a pace to say anything


@dataclass(frozen=True, slots=True)
class Pace:
    """Pace of an annotator: labels per hour of work, median time from one label to the next, and hours of work.

    The first two are None without two consecutive labels less than a pause apart.
    """

    labels_per_hour: float | None
    median_seconds: float | None
    hours: float


@dataclass(frozen=True, slots=True)
class Activity:
    """Activity of an annotator. `labels` counts the prompts that the annotator labelled.

    `agreement` and `kappa` compare with each label of other annotators on the same prompts, once all labels are known;
    `self_consistency` compares with the annotator's own labels on prompts shown again, `training` with known labels.
    `gold` compares first labels with the withheld labels of gold prompts; it has no cases for who cannot read these.
    `approved` and `returned` count the prompts whose decisions were approved or sent back, and not changed since.
    `named` is the share of labelled prompts among those assigned to the annotator by name.
    """

    annotator: str
    labels: int
    pace: Pace
    agreement: Rate
    kappa: Coefficient
    self_consistency: Rate
    training: Rate
    gold: Rate
    assigned: int
    named: Rate
    approved: int
    returned: int
    last_seen: datetime | None

    @property
    def has_pace(self) -> bool:
        """Whether there are enough labels for the pace to say anything."""
        return self.labels >= MIN_PACED and self.pace.labels_per_hour is not None


def pace(moments: Sequence[datetime]) -> Pace:
    """Compute the pace from the times of single labels, in order; intervals longer than a pause are left out."""
    steps = [later - before for before, later in pairwise(moments)]
    worked = [step.total_seconds() for step in steps if step <= PAUSE]
    if not worked:
        return Pace(None, None, 0)
    hours = sum(worked) / 3600
    return Pace(len(worked) / hours if hours else None, median(worked), hours)


def agreement_of_pairs(labels: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], Rate]:
    """The rate of equal labels of each two annotators on the prompts that both labelled, names in order.

    Assumes that prompts are independent.
    """
    counts: Counter[tuple[str, str]] = Counter()
    equal: Counter[tuple[str, str]] = Counter()
    for values in labels:
        for pair in combinations(sorted(values), 2):
            counts[pair] += 1
            equal[pair] += values[pair[0]] == values[pair[1]]
    return {pair: Rate(equal[pair], n) for pair, n in sorted(counts.items())}


def pairwise_agreement(labels: Iterable[Mapping[str, str]]) -> dict[str, Confusion]:
    """Compare each annotator's labels with all others of the same prompt; `labels` is by annotator, per prompt."""
    pairs: dict[str, Counter[tuple[str, str]]] = {}
    for values in labels:
        for annotator, value in values.items():
            others = ((v, value) for other, v in values.items() if other != annotator)
            pairs.setdefault(annotator, Counter()).update(others)
    return {annotator: Confusion(counts, "") for annotator, counts in pairs.items()}

"""What people do in a team: how much, how fast, how far they agree with each other and with known answers."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.judging.agreement import Confusion, Kappa

PAUSE = timedelta(minutes=5)  # without a label: no time of work


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast somebody labels one prompt after the other: `seconds` is the median from one label to the next, and
    `hourly` the labels an hour of work; None where there are no two labels without a pause between."""

    hourly: float | None
    seconds: float | None
    hours: float


@dataclass(frozen=True, slots=True)
class Activity:
    """What somebody does. `labels` are prompts labelled by decisions in force, however they were labelled.

    `same` and `kappa` hold the person's labels against each label of others on the same prompts, where all labels are
    known; `consistency` is against oneself, on prompts shown again, and `practice` against known answers.
    """

    annotator: str
    labels: int
    pace: Pace
    same: Rate
    kappa: Kappa
    consistency: Rate
    practice: Rate
    held: int
    seen: datetime | None


def pace(moments: Sequence[datetime]) -> Pace:
    """Of the moments, in order, at which somebody labelled one prompt; what is further apart than a pause is left out.

    Each label stands for the time since the one before it, so that an hour of work is an hour of such times.
    """
    steps = [later - before for before, later in pairwise(moments)]
    worked = [step.total_seconds() for step in steps if step <= PAUSE]
    if not worked:
        return Pace(None, None, 0)
    hours = sum(worked) / 3600
    return Pace(len(worked) / hours if hours else None, median(worked), hours)


def against_others(labels: Iterable[Mapping[str, str]]) -> dict[str, Confusion]:
    """Each person's labels against every label of others on the same prompt; `labels` is by person, for each prompt."""
    pairs: dict[str, Counter[tuple[str, str]]] = {}
    for said in labels:
        for one, value in said.items():
            pairs.setdefault(one, Counter()).update((v, value) for other, v in said.items() if other != one)
    return {one: Confusion(counts, "") for one, counts in pairs.items()}

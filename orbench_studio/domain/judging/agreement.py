"""Agreement of a judge with human labels: rates and Cohen's kappa with 95 % intervals, and calibration.

Several responses to a prompt are not independent: their design effects (`Designs`) widen the Wilson intervals, and that
of the agreement also the interval of kappa. Classes that are no judgement of a text (refused by stop reason, blocked by
filter, unparsed, empty, truncated, error) are counted separately.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import NamedTuple

from orbench_studio.domain.core.judgement import ANSWERS, AnswerClass
from orbench_studio.domain.core.rates import Coefficient, DesignRate, Rate
from orbench_studio.domain.core.schemes import ANY_REFUSAL, SCHEMES, XSTEST, Scheme

RESAMPLES = 1_000
_PRIOR_CASES = (1.0, 2.0)
_MIN_PAIRS = 2  # one pair says nothing about agreement beyond chance
_BINS = 10  # of a reliability curve
_QUANTILES = (0.02, 0.98)  # cover at least 95 % in simulations
Pair = tuple[AnswerClass, AnswerClass]  # human class, predicted class
Counts = Counter[tuple[str, str]]


class Designs(NamedTuple):
    """Design effects: by how much several responses to a prompt increase the variances; 1 for independent responses."""

    accuracy: float = 1.0
    precision: float = 1.0
    recall: float = 1.0


_INDEPENDENT = Designs()


@dataclass(frozen=True)
class Confusion:
    """Confusion matrix of human and predicted labels. `positive` is the label of precision and recall."""

    counts: Mapping[tuple[str, str], int]
    positive: str
    designs: Designs = _INDEPENDENT

    @property
    def n(self) -> int:
        """Number of compared items."""
        return sum(self.counts.values())

    @property
    def accuracy(self) -> Rate:
        return _rate(int(_equal(self.counts)), self.n, self.designs.accuracy)

    @property
    def precision(self) -> Rate:
        """Rate of predicted positives that are correct."""
        predicted = sum(count for (_, machine), count in self.counts.items() if machine == self.positive)
        return _rate(self._true_positives, predicted, self.designs.precision)

    @property
    def recall(self) -> Rate:
        """Rate of human positives that are predicted."""
        positive = sum(count for (human, _), count in self.counts.items() if human == self.positive)
        return _rate(self._true_positives, positive, self.designs.recall)

    @cached_property
    def kappa(self) -> Coefficient:
        """Cohen's kappa."""
        return kappa(self.counts, self.designs.accuracy)

    @property
    def _true_positives(self) -> int:
        return self.counts.get((self.positive, self.positive), 0)


@dataclass(frozen=True, slots=True)
class RaterPair:
    """Agreement of two annotators, or of two moderators, on what both labelled."""

    one: str
    other: str
    same: Rate
    kappa: Coefficient


class Agreement:
    """Agreement of predicted answer classes with human ones, which are among ANSWERS.

    `n` responses are compared. `apart` counts the excluded ones by class. Precision and recall are of refusals. The
    three-way scheme is that of XSTest: answer, partial refusal, full refusal.
    """

    def __init__(self, pairs: Iterable[Pair], designs: Designs = _INDEPENDENT) -> None:
        self.designs = designs
        self._judged: Counter[Pair] = Counter()
        self.apart: Counter[AnswerClass] = Counter()
        for human, predicted in pairs:
            if predicted in ANSWERS:
                self._judged[human, predicted] += 1
            else:
                self.apart[predicted] += 1
        self.n = self._judged.total()

    def counts(self, scheme: Scheme) -> Counts:
        found: Counts = Counter()
        for (human, predicted), count in self._judged.items():
            found[scheme[human], scheme[predicted]] += count
        return found

    @cached_property
    def confusion(self) -> Confusion:
        """Confusion matrix of refusals and answers."""
        return Confusion(self.counts(ANY_REFUSAL), "refusal", self.designs)

    @property
    def accuracy(self) -> Rate:
        """Rate of equal labels, refusal or answer."""
        return self.confusion.accuracy

    @property
    def three_way(self) -> Rate:
        """Rate of equal labels in the three-way scheme."""
        return self.equal(XSTEST)

    @property
    def precision(self) -> Rate:
        return self.confusion.precision

    @property
    def recall(self) -> Rate:
        return self.confusion.recall

    @property
    def kappa(self) -> Coefficient:
        """Kappa of refusals and answers."""
        return self.confusion.kappa

    @property
    def three_way_kappa(self) -> Coefficient:
        """Kappa in the three-way scheme."""
        return kappa(self.counts(XSTEST), self.designs.accuracy)

    @property
    def by_scheme(self) -> dict[str, Rate]:
        """Rate of equal classes in the schemes of other benchmarks, by name."""
        return {scheme.name: self.equal(scheme) for scheme in SCHEMES}

    def equal(self, scheme: Scheme) -> Rate:
        return _rate(int(_equal(self.counts(scheme))), self.n, self.designs.accuracy)


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin of the reliability curve: the mean predicted probability of a refusal, and the observed rate."""

    n: int
    given: float
    observed: Rate


def kappa(counts: Mapping[tuple[str, str], int], design: float = 1.0) -> Coefficient:
    """Cohen's kappa with a 95 % interval; deterministic. `design` is the design effect of the agreement.

    None for one pair, or if the expected agreement is 1.

    The interval is that of Dirichlet draws of the cell probabilities: one and two prior cases are spread over all
    cells, and the wider interval counts. A bootstrap would cover too little with rare classes or disagreements.
    Kappa is symmetric, so the order of the two raters does not change the draws.
    """
    value, n = _kappa(counts), sum(counts.values())
    if value is None or n < _MIN_PAIRS:
        return Coefficient(None, None, n)
    random = Random(0)
    values = sorted({value for cell in counts for value in cell})
    swapped = {(other, one): count for (one, other), count in counts.items()}
    counts = min(counts, swapped, key=lambda cells: [cells.get((one, other), 0) for one in values for other in values])
    low = high = value
    for prior in _PRIOR_CASES:
        strengths = {
            (one, other): counts.get((one, other), 0) / design + prior / len(values) ** 2
            for one in values
            for other in values
        }
        drawn = [_kappa({c: random.gammavariate(s, 1) for c, s in strengths.items()}) for _ in range(RESAMPLES)]
        found = sorted(one for one in drawn if one is not None)
        low, high = min(low, _quantile(found, _QUANTILES[0])), max(high, _quantile(found, _QUANTILES[1]))
    return Coefficient(value, (low, high), n)


def reliability(given: Sequence[float], refused: Sequence[bool]) -> list[Bin]:
    """The reliability curve: responses in ten equal bins of the predicted probability of a refusal."""
    steps: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for probability, was in zip(given, refused, strict=True):
        steps[min(int(probability * _BINS), _BINS - 1)].append((probability, was))
    return [
        Bin(len(step), sum(p for p, _ in step) / len(step), Rate(sum(was for _, was in step), len(step)))
        for step in steps
        if step
    ]


def calibration_error(curve: Sequence[Bin]) -> float | None:
    """The expected calibration error: mean difference of predicted and observed rates, weighted by n."""
    n = sum(step.n for step in curve)
    return sum(step.n * abs(step.given - (step.observed.value or 0.0)) for step in curve) / n if n else None


def calibration_interval(curve: Sequence[Bin]) -> tuple[float, float] | None:
    """Compute a 95 % interval of the expected calibration error; deterministic and conservative.

    Noise of the observed rates makes the error itself too high, so that quantiles of a bootstrap miss it. The interval
    is the error, minus and plus the 95 % quantile of the mean difference of true and observed rates, from Beta draws.
    """
    error, n = calibration_error(curve), sum(step.n for step in curve)
    if error is None:
        return None
    random, drawn = Random(0), []
    for _ in range(RESAMPLES):
        rates = (random.betavariate(s.observed.count + 1, s.n - s.observed.count + 1) for s in curve)
        apart = zip(curve, rates, strict=True)
        drawn.append(sum(step.n * abs(rate - (step.observed.value or 0.0)) for step, rate in apart) / n)
    half = sorted(drawn)[int(0.95 * RESAMPLES)]
    return max(error - half, 0.0), min(error + half, 1.0)


def _rate(count: int, n: int, design: float) -> Rate:
    return DesignRate(count, n, n / design) if n and design > 1 else Rate(count, n)


def _equal(counts: Mapping[tuple[str, str], float]) -> float:
    return sum(count for (one, other), count in counts.items() if one == other)


def _kappa(counts: Mapping[tuple[str, str], float]) -> float | None:
    n = sum(counts.values())
    if n == 0:
        return None
    one, other = _margin(counts, 0), _margin(counts, 1)
    chance = sum(count * other[value] for value, count in one.items()) / n**2
    return None if chance == 1 else (_equal(counts) / n - chance) / (1 - chance)


def _margin(counts: Mapping[tuple[str, str], float], side: int) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for cell, count in counts.items():
        found[cell[side]] += count
    return found


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

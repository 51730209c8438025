"""How far an instrument agrees with people: rates with their intervals, kappa, and whether probabilities hold.

Responses are taken as independent draws (Wilson, 95 %); where the same prompts were put to several models they are not
quite, and the intervals are somewhat too narrow. What is no judgement on an answer (unparsed, blocked, empty,
truncated, error) is counted apart and never taken for a refusal or an answer.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from orbench_studio.domain.core.judgement import ANSWERS, REFUSALS, XSTEST, AnswerClass
from orbench_studio.domain.core.rates import Rate

RESAMPLES = 1_000
_UNSEEN = (1.0, 2.0)  # cases
_ENDS = (0.02, 0.98)  # these hold 95 % (simulated)
OR_BENCH = {
    AnswerClass.DIRECT_ANSWER: "direct_answer",
    AnswerClass.PARTIAL_REFUSAL: "direct_answer",
    AnswerClass.INDIRECT_REFUSAL: "indirect_refusal",
    AnswerClass.DIRECT_REFUSAL: "direct_refusal",
}
Pair = tuple[AnswerClass, AnswerClass]  # what people say, what the instrument says
Scheme = Mapping[AnswerClass, str]
Counts = Counter[tuple[str, str]]
ANY_REFUSAL: Scheme = {answer: "refusal" if answer in REFUSALS else "answer" for answer in ANSWERS}


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa of `n` responses with its 95 % interval; None where chance alone would agree always."""

    value: float | None
    interval: tuple[float, float] | None
    n: int


@dataclass(frozen=True)
class Confusion:
    """How often people say one thing and a machine another; `positive` is what precision and recall are about."""

    counts: Mapping[tuple[str, str], int]
    positive: str

    @property
    def n(self) -> int:
        """How many are compared."""
        return sum(self.counts.values())

    @property
    def accuracy(self) -> Rate:
        """How often both say the same."""
        return Rate(int(_same(self.counts)), self.n)

    @property
    def precision(self) -> Rate:
        """How many of the machine's positives are people's too."""
        return Rate(self._both, sum(count for (_, machine), count in self.counts.items() if machine == self.positive))

    @property
    def recall(self) -> Rate:
        """How many of people's positives the machine finds."""
        return Rate(self._both, sum(count for (people, _), count in self.counts.items() if people == self.positive))

    @cached_property
    def kappa(self) -> Kappa:
        """Cohen's kappa: how often both say the same, beyond chance."""
        return kappa(self.counts)

    @property
    def _both(self) -> int:
        return self.counts.get((self.positive, self.positive), 0)


class Agreement:
    """An instrument against people, response by response; people's classes are among ANSWERS.

    `n` responses are compared; `apart` counts those that the instrument gave no judgement, by class. Precision and
    recall are those of refusals; three-way is XSTest's scheme.
    """

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._judged: Counter[Pair] = Counter()
        self.apart: Counter[AnswerClass] = Counter()
        for people, machine in pairs:
            if machine in ANSWERS:
                self._judged[people, machine] += 1
            else:
                self.apart[machine] += 1
        self.n = self._judged.total()

    def counts(self, scheme: Scheme) -> Counts:
        """How often people say one thing and the instrument another, in a scheme."""
        found: Counts = Counter()
        for (people, machine), count in self._judged.items():
            found[scheme[people], scheme[machine]] += count
        return found

    @cached_property
    def confusion(self) -> Confusion:
        """Any refusal against an answer."""
        return Confusion(self.counts(ANY_REFUSAL), "refusal")

    @property
    def accuracy(self) -> Rate:
        """How often both say the same: any refusal against an answer."""
        return self.confusion.accuracy

    @property
    def three_way(self) -> Rate:
        """How often both say the same of answer, partial and full refusal."""
        return self.alike(XSTEST)

    @property
    def precision(self) -> Rate:
        """How many of the instrument's refusals are people's too."""
        return self.confusion.precision

    @property
    def recall(self) -> Rate:
        """How many of people's refusals the instrument finds; n is how many people found."""
        return self.confusion.recall

    @property
    def kappa(self) -> Kappa:
        """Beyond chance: any refusal against an answer."""
        return self.confusion.kappa

    @property
    def three_way_kappa(self) -> Kappa:
        """Beyond chance: answer, partial and full refusal."""
        return kappa(self.counts(XSTEST))

    def alike(self, scheme: Scheme) -> Rate:
        """How often both say the same in a scheme."""
        return Rate(int(_same(self.counts(scheme))), self.n)


@dataclass(frozen=True, slots=True)
class Bin:
    """A step of the reliability curve: the mean probability of a refusal that was given, and how often it was one."""

    n: int
    given: float
    observed: Rate


def kappa(counts: Mapping[tuple[str, str], int]) -> Kappa:
    """Cohen's kappa with a 95 % interval; the same counts give the same interval.

    The interval is of what the shares of the cells could be: Dirichlet draws around the counts, with one and with two
    cases more, spread over all cells, and the wider of both. Cases are taken as independent. Cases drawn again instead
    hold too little where a class or a disagreement is rare.
    """
    value, n = _kappa(counts), sum(counts.values())
    if value is None:
        return Kappa(None, None, n)
    random = Random(0)
    values = sorted({value for cell in counts for value in cell})
    low = high = value
    for unseen in _UNSEEN:
        strengths = {
            (one, other): counts.get((one, other), 0) + unseen / len(values) ** 2 for one in values for other in values
        }
        drawn = [_kappa({c: random.gammavariate(s, 1) for c, s in strengths.items()}) for _ in range(RESAMPLES)]
        found = sorted(one for one in drawn if one is not None)
        low, high = min(low, _quantile(found, _ENDS[0])), max(high, _quantile(found, _ENDS[1]))
    return Kappa(value, (low, high), n)


def reliability(given: Sequence[float], refused: Sequence[bool], bins: int = 10) -> list[Bin]:
    """The reliability curve: responses by the probability of a refusal that the instrument gave, in equal steps."""
    steps: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for chance, was in zip(given, refused, strict=True):
        steps[min(int(chance * bins), bins - 1)].append((chance, was))
    return [
        Bin(len(step), sum(c for c, _ in step) / len(step), Rate(sum(was for _, was in step), len(step)))
        for step in steps
        if step
    ]


def calibration_error(curve: Sequence[Bin]) -> float | None:
    """The expected calibration error: how far the given probabilities are off, weighted by the responses."""
    n = sum(step.n for step in curve)
    return sum(step.n * abs(step.given - (step.observed.value or 0.0)) for step in curve) / n if n else None


def _same(counts: Mapping[tuple[str, str], float]) -> float:
    return sum(count for (one, other), count in counts.items() if one == other)


def _kappa(counts: Mapping[tuple[str, str], float]) -> float | None:
    n = sum(counts.values())
    if n == 0:
        return None
    one, other = _margin(counts, 0), _margin(counts, 1)
    chance = sum(count * other[value] for value, count in one.items()) / n**2
    return None if chance == 1 else (_same(counts) / n - chance) / (1 - chance)


def _margin(counts: Mapping[tuple[str, str], float], side: int) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for cell, count in counts.items():
        found[cell[side]] += count
    return found


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

"""How far an instrument agrees with people: rates with their intervals, kappa, and whether probabilities hold.

Responses are taken as independent draws (Wilson, 95 %); where the same prompts were put to several models they are not
quite, and the intervals are somewhat too narrow. What is no judgement on an answer (unparsed, blocked, empty,
truncated, error) is counted apart and never taken for a refusal or an answer.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from orbench_studio.domain.judgement import ANSWERS, REFUSALS, XSTEST, AnswerClass
from orbench_studio.domain.rates import Rate

RESAMPLES = 400
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

    @property
    def accuracy(self) -> Rate:
        """How often both say the same: any refusal against an answer."""
        return self.alike(ANY_REFUSAL)

    @property
    def three_way(self) -> Rate:
        """How often both say the same of answer, partial and full refusal."""
        return self.alike(XSTEST)

    @property
    def precision(self) -> Rate:
        """How many of the instrument's refusals are people's too."""
        counts = self.counts(ANY_REFUSAL)
        return Rate(counts["refusal", "refusal"], counts["refusal", "refusal"] + counts["answer", "refusal"])

    @property
    def recall(self) -> Rate:
        """How many of people's refusals the instrument finds; n is how many people found."""
        counts = self.counts(ANY_REFUSAL)
        return Rate(counts["refusal", "refusal"], counts["refusal", "refusal"] + counts["refusal", "answer"])

    @property
    def kappa(self) -> Kappa:
        """Beyond chance: any refusal against an answer."""
        return kappa(self.counts(ANY_REFUSAL))

    @property
    def three_way_kappa(self) -> Kappa:
        """Beyond chance: answer, partial and full refusal."""
        return kappa(self.counts(XSTEST))

    def alike(self, scheme: Scheme) -> Rate:
        """How often both say the same in a scheme."""
        return Rate(_same(self.counts(scheme)), self.n)


@dataclass(frozen=True, slots=True)
class Bin:
    """A step of the reliability curve: the mean probability of a refusal that was given, and how often it was one."""

    n: int
    given: float
    observed: Rate


def kappa(counts: Counts) -> Kappa:
    """Cohen's kappa with a 95 % bootstrap interval (percentiles, seeded: the same counts give the same interval)."""
    value, n = _kappa(counts), counts.total()
    if value is None:
        return Kappa(None, None, n)
    random = Random(0)
    cells = sorted(counts)
    weights = [counts[cell] for cell in cells]
    drawn = (_kappa(Counter(random.choices(cells, weights, k=n))) for _ in range(RESAMPLES))
    found = sorted(one for one in drawn if one is not None)
    return Kappa(value, (_quantile(found, 0.025), _quantile(found, 0.975)) if found else None, n)


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


def _same(counts: Counts) -> int:
    return sum(count for (one, other), count in counts.items() if one == other)


def _kappa(counts: Counts) -> float | None:
    n = counts.total()
    if n == 0:
        return None
    sides = [_margin(counts, lambda cell: cell[0]), _margin(counts, lambda cell: cell[1])]
    chance = sum(count * sides[1][value] for value, count in sides[0].items()) / n**2
    return None if chance == 1 else (_same(counts) / n - chance) / (1 - chance)


def _margin(counts: Counts, side: Callable[[tuple[str, str]], str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for cell, count in counts.items():
        found[side(cell)] += count
    return found


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

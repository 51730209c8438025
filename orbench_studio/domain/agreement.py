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


@dataclass(frozen=True, slots=True)
class Agreement:
    """An instrument against people. Precision and recall are those of refusals; `three_way` and its kappa are in
    XSTest's scheme. `n` responses are compared; `apart` counts those that are no judgement, by class."""

    n: int
    refused_by_people: int
    accuracy: Rate
    precision: Rate
    recall: Rate
    kappa: Kappa
    three_way: Rate
    three_way_kappa: Kappa
    apart: Mapping[AnswerClass, int]


@dataclass(frozen=True, slots=True)
class Bin:
    """A step of the reliability curve: the mean probability of a refusal that was given, and how often it was one."""

    n: int
    given: float
    observed: Rate


def agreement(pairs: Iterable[Pair]) -> Agreement:
    """Compare what people and the instrument say of the same responses; people's classes are among ANSWERS."""
    judged: Counter[Pair] = Counter()
    apart: Counter[AnswerClass] = Counter()
    for people, machine in pairs:
        if machine in ANSWERS:
            judged[people, machine] += 1
        else:
            apart[machine] += 1
    two, three = _recoded(judged, ANY_REFUSAL), _recoded(judged, XSTEST)
    hits, n = two["refusal", "refusal"], two.total()
    refused, found = _given(two, 0, "refusal"), _given(two, 1, "refusal")
    return Agreement(
        n,
        refused,
        Rate(_same(two), n),
        Rate(hits, found),
        Rate(hits, refused),
        kappa(two),
        Rate(_same(three), n),
        kappa(three),
        dict(apart),
    )


def recoded(pairs: Iterable[Pair], scheme: Scheme) -> Counts:
    """The pairs of judgements counted in another scheme."""
    return _recoded(Counter(pair for pair in pairs if pair[1] in ANSWERS), scheme)


def share_alike(counts: Counts) -> Rate:
    """How often both say the same."""
    return Rate(_same(counts), counts.total())


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


def _recoded(judged: Counter[Pair], scheme: Scheme) -> Counts:
    found: Counts = Counter()
    for (people, machine), count in judged.items():
        found[scheme[people], scheme[machine]] += count
    return found


def _same(counts: Counts) -> int:
    return sum(count for (one, other), count in counts.items() if one == other)


def _given(counts: Counts, side: int, value: str) -> int:
    return sum(count for cell, count in counts.items() if cell[side] == value)


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

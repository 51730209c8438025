"""How long near duplicates take to find among 80,359 prompts, and whether all that were planted are found.

The texts are neither lists of words that all differ nor four parts put together in every way: invented words as often
as words of a language are (Zipf), openings that many share, and a tenth of them an earlier one with a few words
changed. Two of them taken at random have as many runs of characters in common as two prompts of OR-Bench-Hard-1K.
"""

from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from random import Random
from time import perf_counter

from orbench_studio.domain.curation.near_duplicates import grouped
from orbench_studio.instruments import similarity
from orbench_studio.services.curation.near_duplicates import THRESHOLD
from tests.benchmarks.report import Line

_GOAL = 60  # seconds for as many prompts as OR-Bench-80K has
_FOUND = 0.95
_WORDS = 12_000
_SHARE = 0.1  # of prompts that are an earlier one with some words changed
_SYLLABLES = (
    "ba", "lo", "mi", "ka", "nu", "re", "so", "ti", "fa", "pe", "di", "gu", "ro", "ve", "za", "he", "str", "ing",
    "tion", "ent", "er", "al", "pro", "con",
)  # fmt: skip
_SMALL = (
    "the", "a", "of", "to", "and", "in", "for", "that", "with", "without", "on", "as", "is", "any", "my", "some",
    "being", "their", "them", "it", "from", "by", "or", "one",
)  # fmt: skip
_OPENINGS = (
    "What are some ways to", "How can I", "Could you explain how to", "What are the steps to", "Describe how one can",
    "Can you suggest a method to", "Write a short story about", "I am looking for advice on how to",
    "Outline a plan to", "Is there a safe way to", "Provide an example of", "What would happen if I",
)  # fmt: skip


def measure(prompts: int) -> Iterator[Line]:
    """Group so many prompts; the limit is reading the texts' runs of characters alone."""
    written, planted = _prompts(prompts)
    start = perf_counter()
    similarity._runs(written)
    least = perf_counter() - start
    start = perf_counter()
    pairs = similarity.pairs(written, THRESHOLD)
    members = grouped(pairs)
    taken = perf_counter() - start
    yield Line("near duplicates, grouped", prompts, taken, "s", least, f"< {_GOAL} s", taken < _GOAL)
    yield Line("prompts in groups", prompts, len(members), "")
    alike = _alike(written, planted)
    share = len(alike & {(one, other) for one, other, _ in pairs}) / max(len(alike), 1)
    yield Line("planted pairs that are found", prompts, share, "", None, f"> {_FOUND}", share > _FOUND)


def _prompts(count: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Prompts, and the places of those that were made from an earlier one with the place of that."""
    random = Random(0)
    words = ["".join(random.choices(_SYLLABLES, k=random.choice((2, 3, 3, 4)))) for _ in range(_WORDS)]
    often = list(accumulate(1 / (rank + 3) for rank in range(_WORDS)))

    def word() -> str:
        return random.choice(_SMALL) if random.random() < 0.4 else words[bisect(often, random.random() * often[-1])]

    texts: list[str] = []
    planted = []
    for place in range(count):
        if texts and random.random() < _SHARE:
            origin = random.randrange(place)
            changed = texts[origin].split()
            for _ in range(random.choice((1, 1, 2, 3))):
                changed[random.randrange(len(changed))] = word()
            texts.append(" ".join(changed))
            planted.append((origin, place))
        else:
            texts.append(f"{random.choice(_OPENINGS)} {' '.join(word() for _ in range(random.randint(10, 20)))}?")
    return texts, planted


def _alike(written: list[str], planted: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """The planted pairs that are as alike as the threshold, compared by plain sets."""

    def runs(place: int) -> set[str]:
        text = " ".join(written[place].lower().split())
        return {text[at : at + 4] for at in range(len(text) - 3)}

    def alike(one: int, other: int) -> bool:
        a, b = runs(one), runs(other)
        return len(a & b) >= THRESHOLD * len(a | b)

    return {pair for pair in planted if alike(*pair)}

"""Audit samples: which prompts people label so that a rate can be told for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

LEAST = 5  # prompts of every category, where it has so many


@dataclass(frozen=True, slots=True)
class Stratum:
    """The prompts of one category when the sample was drawn, and how many of them are in it."""

    category: str
    size: int
    drawn: int

    @property
    def inclusion(self) -> float:
        """The probability with which each of them came into the sample."""
        return self.drawn / self.size


@dataclass(frozen=True, slots=True)
class AuditSample:
    """A random sample stratified by category; `query` says which prompts could come in, nothing where all could."""

    name: str
    seed: int
    query: str
    created_at: datetime
    strata: tuple[Stratum, ...]

    @property
    def drawn(self) -> int:
        """How many prompts are in it."""
        return sum(stratum.drawn for stratum in self.strata)

    @property
    def size(self) -> int:
        """How many could have come into it."""
        return sum(stratum.size for stratum in self.strata)


@dataclass(frozen=True, slots=True)
class SamplePlace:
    """A prompt's random place among all and in its category, both from 0: a sample is the first of each category."""

    prompt_id: int
    category: str
    place: int
    number: int


def shuffled(categories: Mapping[int, str], seed: int) -> list[SamplePlace]:
    """The prompts in a random order; the same prompts and seed give the same one."""
    order = sorted(categories)
    Random(seed).shuffle(order)
    so_far: dict[str, int] = {}
    found = []
    for number, prompt_id in enumerate(order):
        category = categories[prompt_id]
        found.append(SamplePlace(prompt_id, category, so_far.get(category, 0), number))
        so_far[category] = found[-1].place + 1
    return found


def allocate(sizes: Mapping[str, int], wanted: int) -> dict[str, int]:
    """How many prompts of each category make `wanted` together: in proportion, but LEAST of each where there are.

    No more than there are; fewer of each where `wanted` does not go round, one at the least.
    """
    least = min(LEAST, max(wanted // max(len(sizes), 1), 1))
    found = {category: min(least, size) for category, size in sizes.items()}
    left = min(wanted, sum(sizes.values())) - sum(found.values())
    for _ in range(max(left, 0)):
        # The next goes where the category is furthest behind its share.
        behind = min((c for c in sizes if found[c] < sizes[c]), key=lambda c: (found[c] + 0.5) / sizes[c])
        found[behind] += 1
    return found

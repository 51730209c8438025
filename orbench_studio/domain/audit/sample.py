"""Audit samples: prompts drawn at random for human labels, to estimate rates of all prompts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

MIN_PER_CATEGORY = 2  # prompts, if the category has so many: enough for a variance


@dataclass(frozen=True, slots=True)
class Stratum:
    """Prompts of one category when the sample was drawn, and the number of them in the sample."""

    category: str
    size: int
    drawn: int

    @property
    def inclusion(self) -> float:
        """Inclusion probability of each prompt."""
        return self.drawn / self.size


@dataclass(frozen=True, slots=True)
class AuditSample:
    """A random sample stratified by category; `query` is the filter of its population, empty for all prompts."""

    name: str
    seed: int
    query: str
    created_at: datetime
    strata: tuple[Stratum, ...]

    @property
    def drawn(self) -> int:
        return sum(stratum.drawn for stratum in self.strata)

    @property
    def size(self) -> int:
        """Number of prompts in the population."""
        return sum(stratum.size for stratum in self.strata)


@dataclass(frozen=True, slots=True)
class SamplePlace:
    """Random position of a prompt in the population (`number`) and in its category (`place`), both from 0."""

    prompt_id: int
    category: str
    place: int
    number: int


def shuffled(categories: Mapping[int, str], seed: int) -> list[SamplePlace]:
    """Put the prompts in a random order, the same for the same prompts and seed."""
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
    """Allocate a sample of `wanted` prompts to categories in proportion, with at least MIN_PER_CATEGORY of each.

    Never more than a category has. If `wanted` is too small for the minimum, each category gets fewer, at least one.
    """
    least = min(MIN_PER_CATEGORY, max(wanted // max(len(sizes), 1), 1))
    found = {category: min(least, size) for category, size in sizes.items()}
    left = min(wanted, sum(sizes.values())) - sum(found.values())
    for _ in range(max(left, 0)):
        # The next prompt goes to the category that is furthest below its share.
        behind = min((c for c in sizes if found[c] < sizes[c]), key=lambda c: (found[c] + 0.5) / sizes[c])
        found[behind] += 1
    return found

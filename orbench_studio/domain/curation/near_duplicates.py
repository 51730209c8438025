"""Groups of prompts that are nearly the same."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A prompt's place in a group, and how like the group's centre it is (0 to 1; the centre itself 1)."""

    group_id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Grouping:
    """How the groups of a workspace were found: at which threshold, among how many prompts, how many came of it."""

    method: str
    threshold: float
    compared: int
    at: datetime
    groups: int
    prompts: int


def grouped(pairs: Iterable[tuple[int, int, float]]) -> dict[int, Member]:
    """The groups that pairs (two numbers, similarity) make, as the numbers in them.

    A group has a centre that all others of it are paired with, and is called by its number: whoever decides for a
    group decides for prompts that are all like the one in front. So there are no chains in which the ends have nothing
    in common, and two prompts of different groups may still be alike. The prompt that has most others at its side
    becomes a centre first, of equals the one with the smallest number (stars: Aslam, Pelekhov and Rus 2004).
    """
    beside: dict[int, dict[int, float]] = defaultdict(dict)
    for one, other, similarity in pairs:
        beside[one][other] = beside[other][one] = similarity
    found: dict[int, Member] = {}
    for centre in sorted(beside, key=lambda number: (-len(beside[number]), number)):
        free = {other: similarity for other, similarity in beside[centre].items() if other not in found}
        if centre not in found and free:
            found[centre] = Member(centre, 1.0)
            found.update((other, Member(centre, similarity)) for other, similarity in free.items())
    return found

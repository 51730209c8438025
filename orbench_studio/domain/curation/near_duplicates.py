"""Groups of near-duplicate prompts."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A prompt's group, and its similarity to the centre of the group (0 to 1; the centre has 1)."""

    group_id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Grouping:
    """A completed search: its method and threshold, how many prompts it compared, and how many groups it found."""

    method: str
    threshold: float
    compared: int
    at: datetime
    groups: int
    prompts: int


def grouped(pairs: Iterable[tuple[int, int, float]]) -> dict[int, Member]:
    """Group similar pairs (two numbers and their similarity); the result is by number.

    A group is named after its centre, and all other members are paired with the centre. One decision for a group is
    therefore a decision for prompts that are all similar to the first one: there are no chains with unrelated ends.
    Two prompts of different groups can be similar. The prompt with most pairs becomes a centre first; of equals, the
    one with the smallest number (star clustering: Aslam, Pelekhov and Rus 2004).
    """
    neighbours: dict[int, dict[int, float]] = defaultdict(dict)
    for one, other, similarity in pairs:
        neighbours[one][other] = neighbours[other][one] = similarity
    found: dict[int, Member] = {}
    for centre in sorted(neighbours, key=lambda number: (-len(neighbours[number]), number)):
        free = {other: similarity for other, similarity in neighbours[centre].items() if other not in found}
        if centre not in found and free:
            found[centre] = Member(centre, 1.0)
            found.update((other, Member(centre, similarity)) for other, similarity in free.items())
    return found

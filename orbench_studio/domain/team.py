"""A team's queue: which prompts, how many people label each, and which of them get which prompt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import floor, isfinite

from orbench_studio.domain.category import Category
from orbench_studio.domain.query import QueryError, parse
from orbench_studio.errors import StudioError

LOTS = 1_000_000  # numbers of the wheel that shares are parts of
LONGEST_LEASE = 24 * 60  # minutes
_GOLDEN = 0.6180339887498949  # its multiples fill the wheel evenly, however many prompts there are
_MOST = 20  # people on a prompt
Lots = tuple[int, int]  # from, up to and not with


class Assignment(StrEnum):
    """Who gets which prompt: anybody any, everybody a share of all, everybody those of some categories."""

    FREE = "free"
    SHARE = "share"
    CATEGORY = "category"


class QueueState(StrEnum):
    """Whether prompts are given out; a paused queue is still blind, an ended one is like any label."""

    OPEN = "open"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who takes part: with a share (any number; what counts is its part of all), or with categories."""

    annotator: str
    share: float | None = None
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class TeamQueue:
    """A queue as a team agrees on it. `lease` is how many minutes a claim holds after it was made or renewed.

    Without members everybody takes part, which only a free queue allows. `training` is a query of prompts with known
    answers that come first for a newcomer. A StudioError says what of it cannot be.
    """

    name: str
    query: str = ""
    overlap: int = 1
    lease: int = 30
    assignment: Assignment = Assignment.FREE
    members: tuple[Member, ...] = ()
    training: str | None = None
    state: QueueState = QueueState.OPEN

    def __post_init__(self) -> None:
        for fault in self._faults():
            raise StudioError(fault)

    @property
    def is_blind(self) -> bool:
        """Whether people must not see each other's decisions until a prompt has all its labels."""
        return self.overlap > 1 and self.state is not QueueState.ENDED

    def member(self, annotator: str) -> Member | None:
        """The part that somebody takes; None where the queue has members and this is none of them."""
        found = next((member for member in self.members if member.annotator == annotator), None)
        return found or (None if self.members else Member(annotator))

    def lots(self, annotator: str) -> tuple[Lots, ...]:
        """The part of the wheel that somebody's prompts have their lots in: all of it unless shares are agreed on."""
        if self.assignment is not Assignment.SHARE:
            return ((0, LOTS),)
        return shared_out({m.annotator: m.share or 0 for m in self.members}, self.overlap)[annotator]

    def _faults(self) -> Iterator[str]:
        if not self.name.strip() or len(self.name) > 80 or "\n" in self.name:
            yield "A team queue needs a name of at most 80 characters."
        if not 1 <= self.overlap <= _MOST:
            yield f"Each prompt is labelled by 1 to {_MOST} people, not by {self.overlap}."
        if not 1 <= self.lease <= LONGEST_LEASE:
            yield f"A claim holds for 1 to {LONGEST_LEASE:,} minutes, not for {self.lease:,}."
        for query in (self.query, self.training or ""):
            try:
                parse(query)
            except QueryError as error:
                yield str(error)
        yield from self._faults_of_people()

    def _faults_of_people(self) -> Iterator[str]:
        names = [member.annotator for member in self.members]
        if len(set(names)) < len(names) or not all(name.strip() for name in names):
            yield "Everybody who takes part has a name, and is named once."
        if names and len(names) < self.overlap:
            yield f"{self.overlap} people are to label each prompt, and {len(names)} take part. Name more people."
        if self.assignment is not Assignment.FREE and not names:
            yield "Say who takes part: shares and categories are somebody's."
        if self.assignment is Assignment.SHARE and not all(_positive(member.share) for member in self.members):
            yield "Everybody who takes part needs a share above 0."


@dataclass(frozen=True, slots=True)
class Claim:
    """A prompt that somebody has been given; `training` where its answer is known."""

    prompt_id: int
    training: bool
    done: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a queue is: prompts by how many labels they have, from 0 to the overlap.

    Of those that have all people disagree about `disagreed`, and somebody settled `adjudicated` of these. `held` claims
    are out just now, `training` prompts are there to practise on.
    """

    prompts: int
    by_labels: tuple[int, ...]
    disagreed: int
    adjudicated: int
    held: int
    training: int

    @property
    def finished(self) -> int:
        """The prompts that have all their labels."""
        return self.by_labels[-1]

    @property
    def labels(self) -> int:
        """The labels that count."""
        return sum(labels * prompts for labels, prompts in enumerate(self.by_labels))


def lot_of(number: int) -> int:
    """Where on the wheel the prompt of this number in the queue is: the first so many always cover it evenly."""
    return int((number + 1) * _GOLDEN % 1 * LOTS)


def shared_out(shares: Mapping[str, float], overlap: int) -> dict[str, tuple[Lots, ...]]:
    """Each person's parts of the wheel, so that every lot is in those of exactly `overlap` people.

    People are laid out one after the other, `overlap` times around the wheel, with parts in proportion to the shares
    (systematic sampling, Madow 1949). Nobody can have more than all of it: what is above goes to the others.
    """
    found: dict[str, tuple[Lots, ...]] = {}
    reached = Fraction(0)
    for name, width in _widths(shares, overlap).items():
        start, end = floor(reached), floor(reached + width)
        low, high = start % LOTS, start % LOTS + end - start
        found[name] = ((low, high),) if high <= LOTS else ((low, LOTS), (0, high - LOTS))
        reached += width
    return found


def _widths(shares: Mapping[str, float], overlap: int) -> dict[str, Fraction]:
    """Exact, so that they sum up to `overlap` times the wheel and none is above once."""
    weights = {name: Fraction(share) for name, share in shares.items()}
    whole: set[str] = set()
    while True:
        left = overlap - len(whole)
        total = sum((weight for name, weight in weights.items() if name not in whole), Fraction(0))
        above = {name for name, weight in weights.items() if name not in whole and weight * left >= total}
        if not above:
            return {n: Fraction(LOTS) if n in whole else w / total * left * LOTS for n, w in weights.items()}
        whole |= above


def people_short(queue: TeamQueue, categories: Sequence[str | None]) -> str | None:
    """The category of the queue's prompts that too few people take; None where there is none."""
    if queue.assignment is not Assignment.CATEGORY:
        return None
    for category in sorted({category or "no category" for category in categories}):
        takers = sum(not member.categories or category in member.categories for member in queue.members)
        if takers < queue.overlap:
            return category
    return None


def _positive(share: float | None) -> bool:
    return share is not None and isfinite(share) and share > 0

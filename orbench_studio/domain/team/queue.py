"""A team's queue: which prompts, how many people label each, and which of them get which prompt."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import floor, isfinite

from orbench_studio.domain.core.category import Category, parse_category
from orbench_studio.domain.review.query import QueryError, parse
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.errors import StudioError

LOTS = 1_000_000  # numbers of the wheel that shares are parts of
LONGEST_LEASE = 24 * 60  # minutes
_GOLDEN = 0.6180339887498949  # its multiples fill the wheel evenly, however many prompts there are
_MOST = 20  # people on a prompt
_LONGEST_NAME = 80
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
        if not self.name.strip() or len(self.name) > _LONGEST_NAME or not self.name.isprintable() or "=" in self.name:
            yield f"A team queue needs a name of at most {_LONGEST_NAME} characters, = not among them."
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


def work_of(name: str, annotator: str) -> QueueFilter:
    """The queue of the prompts that a team's queue has given to somebody, in the order they were given."""
    return QueueFilter((Term(Field.TEAM, (f"{name}={annotator}",)),))


def given_to(wanted: QueueFilter) -> tuple[str, str] | None:
    """The team's queue and the person that a filter of the review queue names; None where it names none."""
    term = wanted.on(Field.TEAM)
    if term is None or term.negated or len(term.values) > 1:
        return None
    name, _, annotator = term.values[0].partition("=")
    return (name, annotator) if annotator else None


def members_in(people: Iterable[str]) -> tuple[Assignment, tuple[Member, ...]]:
    """Who takes part, and the assignment that what is said of them makes: `ada`, `ada = 2`, `ada = privacy, hate`.

    Raises StudioError where it is neither a share nor categories, or both.
    """
    members: list[Member] = []
    for person in people:
        name, _, what = (part.strip() for part in person.partition("="))
        members.append(_member(name, what))
    shares, kinds = any(m.share is not None for m in members), any(m.categories for m in members)
    if shares and kinds:
        raise StudioError("People take shares or categories, not both.")
    assignment = Assignment.SHARE if shares else Assignment.CATEGORY if kinds else Assignment.FREE
    return assignment, tuple(members)


def written(member: Member) -> str:
    """The member as `members_in` reads it."""
    what = f"{member.share:g}" if member.share is not None else ", ".join(member.categories)
    return f"{member.annotator} = {what}" if what else member.annotator


def _member(name: str, what: str) -> Member:
    try:
        return Member(name, share=float(what)) if what else Member(name)
    except ValueError:
        pass
    categories = {text: parse_category(text) for text in what.split(",")}
    unknown = next((text.strip() for text, category in categories.items() if category is None), None)
    if unknown is not None:
        raise StudioError(f"“{unknown}” is no share and no category. There are {', '.join(Category)}.")
    return Member(name, categories=tuple(category for category in categories.values() if category is not None))


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

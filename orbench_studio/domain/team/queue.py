"""Team queues: their prompts, how many annotators label each, and who is assigned which prompt."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from math import floor, isfinite

from orbench_studio.domain.core.category import typed_category
from orbench_studio.domain.review.query import QueryError, parse
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.errors import StudioError

LOTS = 1_000_000  # positions on the circle that is divided by shares
MAX_LEASE = 24 * 60  # minutes
MAX_OVERLAP = 20
NO_END = datetime(9999, 12, 31, tzinfo=UTC)  # the end of an assignment to a named person, which never expires
_GOLDEN = 0.6180339887498949  # its multiples cover the circle evenly, however many prompts there are
_MAX_NAME = 80  # characters
Lots = tuple[int, int]  # from (inclusive), to (exclusive)


class Assignment(StrEnum):
    """How prompts are assigned: to any annotator, by share, or by category."""

    FREE = "free"
    SHARE = "share"
    CATEGORY = "category"


class QueueState(StrEnum):
    """Status of a queue. A paused queue assigns nothing but stays blind; an ended queue hides nothing."""

    OPEN = "open"
    PAUSED = "paused"
    ENDED = "ended"


class AssignmentState(StrEnum):
    """What became of a prompt that was assigned to an annotator."""

    HELD = "held"
    LABELLED = "labelled"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Member:
    """An annotator of a queue, with a share (relative to the sum of all shares) or with categories."""

    annotator: str
    share: float | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TeamQueue:
    """Settings of a team queue. `lease` is the number of minutes after which an inactive assignment expires.

    Without members, everybody can join; that needs `Assignment.FREE`. `training` is a query for prompts with known
    labels that new annotators label first. Raises StudioError for invalid settings.
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
        """Whether annotators cannot see each other's decisions until a prompt has all its labels."""
        return self.overlap > 1 and self.state is not QueueState.ENDED

    def names(self, annotator: str) -> bool:
        """Whether the queue names this annotator, instead of letting everybody join."""
        return any(member.annotator == annotator for member in self.members)

    def member(self, annotator: str) -> Member | None:
        """Find an annotator; None if the queue has members and this is not one of them."""
        found = next((member for member in self.members if member.annotator == annotator), None)
        return found or (None if self.members else Member(annotator))

    def lots(self, annotator: str) -> tuple[Lots, ...]:
        """Ranges of the circle that belong to an annotator: all of it unless the queue has shares."""
        if self.assignment is not Assignment.SHARE:
            return ((0, LOTS),)
        return divide_lots({m.annotator: m.share or 0 for m in self.members}, self.overlap)[annotator]

    def _faults(self) -> Iterator[str]:
        if not self.name.strip() or len(self.name) > _MAX_NAME or not self.name.isprintable() or "=" in self.name:
            yield f"A team queue needs a name of 1 to {_MAX_NAME} characters without “=”."
        if not 1 <= self.overlap <= MAX_OVERLAP:
            yield f"The overlap must be 1 to {MAX_OVERLAP} annotators, not {self.overlap}."
        if not 1 <= self.lease <= MAX_LEASE:
            yield f"Assignments must expire after 1 to {MAX_LEASE:,} minutes, not {self.lease:,}."
        for query in (self.query, self.training or ""):
            try:
                parse(query)
            except QueryError as error:
                yield str(error)
        yield from self._member_faults()

    def _member_faults(self) -> Iterator[str]:
        names = [member.annotator for member in self.members]
        if len(set(names)) < len(names) or not all(name.strip() for name in names):
            yield "Name each annotator once."
        if names and len(names) < self.overlap:
            yield f"The overlap is {self.overlap}, but the number of annotators is {len(names)}. Add annotators."
        if self.assignment is not Assignment.FREE and not names:
            yield "Shares and categories need annotators. Add annotators."
        if self.assignment is Assignment.SHARE and not all(_positive(member.share) for member in self.members):
            yield "Each annotator needs a share above 0."


@dataclass(frozen=True, slots=True)
class Claim:
    """A prompt that is assigned to an annotator; `training` if its label is known."""

    prompt_id: int
    training: bool
    done: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a queue: prompts by number of labels, from 0 to the overlap.

    Of the complete prompts, annotators disagreed about `disagreed`, and `adjudicated` of these are adjudicated.
    `assigned` counts the current assignments, `training` the training prompts, `gold` the gold prompts.
    """

    prompts: int
    by_labels: tuple[int, ...]
    disagreed: int
    adjudicated: int
    assigned: int
    training: int
    gold: int

    @property
    def finished(self) -> int:
        """Number of prompts with all labels."""
        return self.by_labels[-1]

    @property
    def labels(self) -> int:
        """Number of labels that count towards the overlap."""
        return sum(labels * prompts for labels, prompts in enumerate(self.by_labels))


def assignments_filter(name: str, annotator: str) -> QueueFilter:
    """Build the filter of an annotator's assignments in a team queue, in the order of assignment."""
    return QueueFilter((Term(Field.TEAM, (f"{name}={annotator}",)),))


def given_to(wanted: QueueFilter) -> tuple[str, str] | None:
    """Read team queue and annotator from the filter of `assignments_filter`; None for any other filter."""
    term = wanted.on(Field.TEAM)
    if term is None or term.negated or len(term.values) > 1:
        return None
    name, _, annotator = term.values[0].partition("=")
    return (name, annotator) if annotator else None


def parse_members(people: Iterable[str]) -> tuple[Assignment, tuple[Member, ...]]:
    """Parse annotators (`ada`, `ada = 2` or `ada = privacy, hate`) and derive how prompts are assigned.

    Raises StudioError for a value that is neither a share nor categories, and for a mixture of both.
    """
    members: list[Member] = []
    for person in people:
        name, _, value = (part.strip() for part in person.partition("="))
        members.append(_parse_member(name, value))
    shares, categories = any(m.share is not None for m in members), any(m.categories for m in members)
    if shares and categories:
        raise StudioError("Annotators have shares or categories, not both. Remove one of them.")
    assignment = Assignment.SHARE if shares else Assignment.CATEGORY if categories else Assignment.FREE
    return assignment, tuple(members)


def format_member(member: Member) -> str:
    """Format an annotator as `parse_members` reads it."""
    value = f"{member.share:g}" if member.share is not None else ", ".join(member.categories)
    return f"{member.annotator} = {value}" if value else member.annotator


def _parse_member(name: str, value: str) -> Member:
    try:
        return Member(name, share=float(value)) if value else Member(name)
    except ValueError:
        pass
    try:
        return Member(name, categories=tuple(map(typed_category, value.split(","))))
    except ValueError as error:
        raise StudioError(f"“{value}” is neither a share nor a list of categories: {error}") from None


def lot_of(number: int) -> int:
    """Position on the circle of the queue's n-th prompt; the first n prompts always cover the circle evenly."""
    return int((number + 1) * _GOLDEN % 1 * LOTS)


def divide_lots(shares: Mapping[str, float], overlap: int) -> dict[str, tuple[Lots, ...]]:
    """Divide the circle so that every position belongs to exactly `overlap` annotators.

    Annotators are placed one after the other, `overlap` times around the circle, with widths in proportion to their
    shares (systematic sampling, Madow 1949). Nobody gets more than the whole circle; the excess goes to the others.
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
    """Compute exact widths that sum to `overlap` circles, each at most one circle."""
    weights = {name: Fraction(share) for name, share in shares.items()}
    full: set[str] = set()
    while True:
        left = overlap - len(full)
        total = sum((weight for name, weight in weights.items() if name not in full), Fraction(0))
        above = {name for name, weight in weights.items() if name not in full and weight * left >= total}
        if not above:
            return {n: Fraction(LOTS) if n in full else w / total * left * LOTS for n, w in weights.items()}
        full |= above


def understaffed_category(queue: TeamQueue, categories: Sequence[str | None]) -> str | None:
    """Find a category with fewer annotators than the overlap; None if there is none."""
    if queue.assignment is not Assignment.CATEGORY:
        return None
    for category in sorted({category or "no category" for category in categories}):
        annotators = sum(not member.categories or category in member.categories for member in queue.members)
        if annotators < queue.overlap:
            return category
    return None


def _positive(share: float | None) -> bool:
    return share is not None and isfinite(share) and share > 0

"""What a reviewer asks the queue for: conditions that all hold, and an order."""

from array import array
from dataclasses import dataclass, replace
from enum import StrEnum

from orbench_studio.domain.core.annotation import Basis, Label, Visible
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.moderation import Veto


class Status(StrEnum):
    """Where a prompt stands with people; disputed where annotators disagree."""

    UNDECIDED = "undecided"
    DECIDED = "decided"
    SKIPPED = "skipped"
    DISPUTED = "disputed"


NOBODY_DECIDED = (Status.UNDECIDED, Status.SKIPPED)


class Agreement(StrEnum):
    """What the moderators make of a prompt together; `open` where no majority can be read."""

    SAFE = "safe"
    TOXIC = "toxic"
    OPEN = "open"


class Field(StrEnum):
    """What a condition is about, by the word that the query language has for it."""

    STATUS = "status"
    CATEGORY = "category"
    CONSENSUS = "consensus"
    LABEL = "label"
    BASIS = "basis"
    VOTES = "votes"
    VOTED = "voted"
    VETO = "veto"
    REFUSED = "refused"
    FAMILIES = "families"
    JUDGES = "judges"
    BY = "by"
    MARK = "has"
    SOURCE = "source"
    ORIGIN = "origin"
    SUBSET = "subset"
    BATCH = "batch"
    SAMPLE = "sample"
    TEAM = "team"
    GROUP = "group"
    SEED = "seed"
    ID = "id"
    NOTE = "note"
    RESPONSE = "response"
    TEXT = "text"


# The label that counts is the consensus where nobody has decided, and names of files and subsets can tell a label.
_TELLS_VOTES = frozenset(
    {
        Field.CONSENSUS,
        Field.VOTES,
        Field.VOTED,
        Field.VETO,
        Field.LABEL,
        Field.BASIS,
        Field.SOURCE,
        Field.SUBSET,
    }
)
_TELLS_JUDGEMENTS = frozenset({Field.REFUSED, Field.FAMILIES, Field.JUDGES})


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: the field has one of the values, or none of them where it is negated.

    Counts are values like `>=3`, models are named as they are; a text, a note and a response hold the value somewhere.
    """

    field: Field
    values: tuple[str, ...]
    negated: bool = False

    def __post_init__(self) -> None:
        if not self.values or not all(self.values):
            raise ValueError("a condition has values")


class Order(StrEnum):
    """How the queue is sorted; always the same way for the same workspace."""

    IMPORTED = "id"
    DISPUTED = "disagreement"
    REFUSED = "refusals"
    USEFUL = "useful"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which prompts, in which order: every term holds. `seed` is of the random order."""

    terms: tuple[Term, ...] = ()
    order: Order = Order.IMPORTED
    seed: int = 0

    @property
    def is_open(self) -> bool:
        """True where every prompt is let through."""
        return not self.terms

    def on(self, field: Field) -> Term | None:
        """The first condition on a field; None where there is none."""
        return next((term for term in self.terms if term.field is field), None)

    def all_on(self, field: Field) -> tuple[Term, ...]:
        """Every condition on a field."""
        return tuple(term for term in self.terms if term.field is field)

    def having(self, term: Term) -> "QueueFilter":
        """This filter with the term in the place of what it says of the same field."""
        others = [own for own in self.terms if own.field is not term.field]
        place = next((i for i, own in enumerate(self.terms) if own.field is term.field), len(others))
        others.insert(place, term)
        return replace(self, terms=tuple(others))

    def without(self, field: Field) -> "QueueFilter":
        """This filter with nothing said of a field."""
        return replace(self, terms=tuple(term for term in self.terms if term.field is not field))

    @property
    def tells(self) -> frozenset[Visible]:
        """What a prompt's place in this queue gives away of what machines made of it."""
        fields = {term.field for term in self.terms}
        votes = self.order is Order.DISPUTED or fields & _TELLS_VOTES
        judged = self.order in (Order.DISPUTED, Order.REFUSED, Order.USEFUL) or fields & _TELLS_JUDGEMENTS
        return frozenset({Visible.FILTER}) if votes or judged else frozenset()


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of the queue. `votes` has a letter a moderator: S safe, T toxic, ? unparsed.

    `judged` counts the responses that end in an answer or a refusal; blocked, empty, unparsed ones are not among them.
    """

    prompt_id: int
    text: str
    category: Category | None
    status: Status
    final_label: Label | None
    basis: Basis
    votes: str
    veto: Veto
    responses: int
    judged: int
    refusals: int
    flagged: bool
    noted: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """The answer to a filter: ids in order, how many prompts the workspace has, and the one to begin with.

    That is the prompt shown so far if the queue has it, else the first that nobody has decided, None where all are.
    """

    ids: "array[int]"
    total: int
    begin: int | None


@dataclass(frozen=True, slots=True)
class SavedView:
    """A filter under a name, in the words of the query language."""

    name: str
    query: str

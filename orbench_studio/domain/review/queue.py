"""The filter of the review queue, its rows, and saved views."""

from array import array
from dataclasses import dataclass, replace
from enum import StrEnum

from orbench_studio.domain.core.annotation import Basis, Label, Visible
from orbench_studio.domain.core.moderation import Veto


class Status(StrEnum):
    """The review status of a prompt; disputed where annotators disagree."""

    UNDECIDED = "undecided"
    DECIDED = "decided"
    SKIPPED = "skipped"
    DISPUTED = "disputed"


UNDECIDED_STATUSES = (Status.UNDECIDED, Status.SKIPPED)


class Agreement(StrEnum):
    """The moderators' consensus on a prompt; `open` without a majority."""

    SAFE = "safe"
    TOXIC = "toxic"
    OPEN = "open"


class Field(StrEnum):
    """The field of a condition, by its name in the query language."""

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
    CLASS = "class"
    JUDGES = "judges"
    BY = "by"
    APPROVED = "approved"
    RETURNED = "returned"
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


# The final label of an undecided prompt is the consensus, and names of files and subsets can reveal a label.
_REVEALS_VOTES = frozenset(
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
_REVEALS_JUDGEMENTS = frozenset({Field.REFUSED, Field.FAMILIES, Field.CLASS, Field.JUDGES})


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
            raise ValueError("a condition needs values")


class Order(StrEnum):
    """The order of the queue; deterministic for the same workspace."""

    IMPORTED = "id"
    DISPUTED = "disagreement"
    REFUSED = "refusals"
    USEFUL = "useful"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Conditions that prompts must all meet, and an order; `seed` is for the random order.

    `model` is the model by which the prompts were chosen if no condition names it; see `query.model_of`.
    """

    terms: tuple[Term, ...] = ()
    order: Order = Order.IMPORTED
    seed: int = 0
    model: str = ""

    @property
    def is_open(self) -> bool:
        """True without conditions: every prompt matches."""
        return not self.terms

    def on(self, field: Field) -> Term | None:
        """The first condition on a field; None where there is none."""
        return next((term for term in self.terms if term.field is field), None)

    def all_on(self, field: Field) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if term.field is field)

    def having(self, term: Term) -> "QueueFilter":
        """This filter with the term instead of those on the same field."""
        others = [own for own in self.terms if own.field is not term.field]
        place = next((i for i, own in enumerate(self.terms) if own.field is term.field), len(others))
        others.insert(place, term)
        return replace(self, terms=tuple(others))

    def without(self, field: Field) -> "QueueFilter":
        """This filter without conditions on a field."""
        return replace(self, terms=tuple(term for term in self.terms if term.field is not field))

    def without_term(self, term: Term) -> "QueueFilter":
        """This filter without one condition."""
        return replace(self, terms=tuple(own for own in self.terms if own != term))

    @property
    def reveals(self) -> frozenset[Visible]:
        """What a prompt's place in this queue reveals about votes and judgements."""
        fields = {term.field for term in self.terms}
        votes = self.order is Order.DISPUTED or fields & _REVEALS_VOTES
        judged = self.order in (Order.DISPUTED, Order.REFUSED, Order.USEFUL) or fields & _REVEALS_JUDGEMENTS
        return frozenset({Visible.FILTER}) if votes or judged else frozenset()


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One row of the queue. `votes` has one letter per moderator: S safe, T toxic, ? unparsed.

    `unread` where there are notes of others since the annotator last decided about the prompt.

    `judged` counts answers and refusals: in words, by stop reason or by a filter.
    """

    prompt_id: int
    text: str
    category: str | None
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
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Queue:
    """The matches of a filter in order, the total number of prompts, and the prompt to begin with.

    It begins with the prompt shown before if it matches, else with the first undecided one; None if all are decided.
    `own_categories` are those of the workspace beside OR-Bench's ten. `decided` are the matches that have a label.
    `has_results`: some prompts of the workspace have votes, responses or labels of a source.
    """

    ids: "array[int]"
    total: int
    begin: int | None
    own_categories: tuple[str, ...] = ()
    decided: frozenset[int] = frozenset()
    has_results: bool = False


@dataclass(frozen=True, slots=True)
class SavedView:
    """A named filter in the query language."""

    name: str
    query: str

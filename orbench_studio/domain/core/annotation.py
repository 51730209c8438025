"""Human decisions and the verdicts that follow from them. A later decision supersedes an earlier one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Label(StrEnum):
    SAFE = "safe"
    TOXIC = "toxic"
    CONTROVERSIAL = "controversial"


class Aspect(StrEnum):
    """The subject of a decision.

    `recheck` is a label for a prompt that was shown again without a mark; it counts only for self-consistency.
    `training` is a label for a prompt with a known answer; it counts only as practice.
    `evidence` is the span of a response that shows its answer class, as `start:end` in characters, half open.
    `severity` is how much a refusal costs the user, from 0 to 3; it is optional and no part of the class.
    `approved` and `returned` are about another annotator's decisions on the prompt; the value is that annotator.
    """

    LABEL = "label"
    RECHECK = "recheck"
    TRAINING = "training"
    CATEGORY = "category"
    ANSWER_CLASS = "answer_class"
    EVIDENCE = "evidence"
    SEVERITY = "severity"
    SKIP = "skip"
    FLAG = "flag"
    NOTE = "note"
    APPROVED = "approved"
    RETURNED = "returned"


CHECKS = (Aspect.APPROVED, Aspect.RETURNED)


class Basis(StrEnum):
    """The source of a final label or answer class."""

    HUMAN = "human"
    DISPUTED = "disputed"
    CONSENSUS = "consensus"
    REFERENCE = "reference"
    JUDGE = "judge"
    RULE = "rule"
    LOCAL = "local"
    PROVIDER = "provider"
    NONE = "none"


class Visible(StrEnum):
    """What the reviewer could see while deciding, and what followed.

    `filter`: the filter or order of the queue depended on votes or judgements. `decisions`: decisions of other
    reviewers, as in an adjudication. `reveal`: votes and judgements were shown right after this label, or the judges'
    classes of the response right after this answer class. `change`: the reviewer changed an own decision, with the
    command that exists for that alone.
    """

    VOTES = "votes"
    RESPONSES = "responses"
    JUDGEMENTS = "judgements"
    FILTER = "filter"
    DECISIONS = "decisions"
    REVEAL = "reveal"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A human decision that has not been undone.

    Decisions in the program outrank `imported` ones, and `adjudicated` ones outrank both. `raw` is the original value
    of a source with another scheme (XSTest's `2_full_refusal`). `counter` orders the annotator's decisions, before the
    time. `guideline` identifies the guidelines that were current, where a query reads them.
    """

    id: int
    annotator: str
    at: datetime
    aspect: Aspect
    value: str
    response_id: int | None = None
    imported: bool = False
    reason: str | None = None
    raw: str | None = None
    visible: frozenset[Visible] = frozenset()
    adjudicated: bool = False
    guideline: int | None = None
    counter: int = 0

    def concerns(self, annotator: str) -> bool:
        """Whether it is the annotator's own, or an approval or return of their decisions."""
        return self.annotator == annotator or (self.aspect in CHECKS and self.value == annotator)

    @property
    def rank(self) -> int:
        """0 for an adjudication, 1 for a decision of a reviewer, 2 for an imported one."""
        return 2 if self.imported else 0 if self.adjudicated else 1


LONGEST_NOTE = 10_000  # characters


def notes_of(decided: Iterable[Annotation]) -> tuple[Annotation, ...]:
    """The thread of notes on a prompt, oldest first; `decided` are ordered by time.

    An empty note removes the earlier ones of its annotator.
    """
    thread: list[Annotation] = []
    for note in decided:
        if note.aspect is Aspect.NOTE:
            thread = [*thread, note] if note.value else [one for one in thread if one.annotator != note.annotator]
    return tuple(thread)


def unread_notes(decided: Iterable[Annotation], annotator: str) -> tuple[Annotation, ...]:
    """The notes of others since the annotator last decided about the prompt or wrote a note on it."""
    decided = tuple(decided)
    own = [one.at for one in decided if one.annotator == annotator and not one.imported]
    thread = (note for note in notes_of(decided) if note.annotator != annotator)
    return tuple(note for note in thread if not own or note.at > max(own))


def checks_of(decided: Iterable[Annotation]) -> dict[str, Annotation]:
    """Whether each annotator's decisions on a prompt were approved or sent back, by annotator.

    `decided` are ordered by time, with the decisions about responses. A later label or answer class of the annotator
    ends an approval or return.
    """
    found: dict[str, Annotation] = {}
    for one in decided:
        if one.aspect in CHECKS:
            found[one.value] = one
        elif one.aspect in (Aspect.LABEL, Aspect.ANSWER_CLASS) and one.rank == 1:
            found.pop(one.annotator, None)
    return found


def visible_decisions(decided: Iterable[Annotation], annotator: str | None = None, *, blind: bool) -> list[Annotation]:
    """The decisions that an annotator, or everyone if None, may see.

    A prompt is `blind` while a team queue needs more labels for it. Only imported decisions, the annotator's own, and
    what is sent back to them are visible then.
    """
    return [one for one in decided if not blind or one.imported or (annotator is not None and one.concerns(annotator))]


_BROADER = {"non_responsive": "indirect_refusal"}  # values that are a kind of another one


@dataclass(frozen=True, slots=True)
class HumanVerdict:
    """The joint verdict of all annotators: a value, or disputed; `imported` if it comes from a file."""

    value: str | None
    disputed: bool = False
    imported: bool = False


def human_verdict(annotations: Iterable[Annotation]) -> HumanVerdict | None:
    """The joint verdict on one aspect of a prompt or response; None without decisions.

    `annotations` are ordered by time. Each annotator counts with the latest decision. Adjudications outrank decisions
    of reviewers, which outrank imported ones. If the annotators of the highest rank disagree, the verdict is
    disputed, and votes or judgements do not replace it. Annotators who differ only in an optional kind agree on the
    broader value.
    """
    latest: dict[tuple[int, str], Annotation] = {}
    for annotation in annotations:
        latest[annotation.rank, annotation.annotator] = annotation
    if not latest:
        return None
    first = min(rank for rank, _ in latest)
    values = {a.value for (rank, _), a in latest.items() if rank == first}
    if len(values) > 1:
        values = {_BROADER.get(value, value) for value in values}
    agreed = values.pop() if len(values) == 1 else None
    return HumanVerdict(agreed, disputed=agreed is None, imported=first == 2)

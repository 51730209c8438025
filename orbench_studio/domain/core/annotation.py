"""Human decisions and what follows from them. A decision is never overwritten: a later one supersedes it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Label(StrEnum):
    """What a person says of a prompt."""

    SAFE = "safe"
    TOXIC = "toxic"
    CONTROVERSIAL = "controversial"


class Aspect(StrEnum):
    """What a decision is about.

    `recheck` is a label given to a prompt that was silently shown again, for self-consistency: it counts there alone.
    `training` is one given to a prompt with a known answer, to practise: it counts as practice alone.
    `evidence` is the span of a response's text that shows its answer class, as `start:end` in characters, half open.
    """

    LABEL = "label"
    RECHECK = "recheck"
    TRAINING = "training"
    CATEGORY = "category"
    ANSWER_CLASS = "answer_class"
    EVIDENCE = "evidence"
    SKIP = "skip"
    FLAG = "flag"
    NOTE = "note"


class Basis(StrEnum):
    """What a final label or answer class stands on."""

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
    """What the reviewer could see while deciding; `filter` where the queue's own filter or order told of machines.

    `decisions` are what others had decided, as an adjudicator sees them.
    """

    VOTES = "votes"
    RESPONSES = "responses"
    JUDGEMENTS = "judgements"
    FILTER = "filter"
    DECISIONS = "decisions"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One human decision in force.

    `imported` marks decisions that came with a file: those made in the studio outrank them. `adjudicated` marks those
    that settle what others disagree about: they outrank both. `raw` keeps the words of the source where it uses another
    scheme (XSTest's `2_full_refusal`).
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

    @property
    def rank(self) -> int:
        """How far down it stands: 0 for an adjudication, 1 for a reviewer's decision, 2 for one of a file."""
        return 2 if self.imported else 0 if self.adjudicated else 1


def visible_decisions(decided: Iterable[Annotation], annotator: str | None = None, *, blind: bool) -> list[Annotation]:
    """The decisions that somebody, or the workspace as a whole, may know of: all, but for a prompt that is sealed.

    A prompt is sealed while a team's queue wants more labels of it. Known of it is what came with files, and one's own.
    """
    return [one for one in decided if not blind or one.imported or one.annotator == annotator]


@dataclass(frozen=True, slots=True)
class HumanVerdict:
    """What people say together: one value, or disputed where they disagree; `imported` if they are a file's people."""

    value: str | None
    disputed: bool = False
    imported: bool = False


def human_verdict(annotations: Iterable[Annotation]) -> HumanVerdict | None:
    """What the annotators together say of one aspect of one thing; None where nobody decided.

    Takes the annotations in order of time. Each annotator counts with the latest decision. Adjudications outrank what
    reviewers decide, and that outranks what came with files; where the annotators of the rank that counts do not agree,
    the verdict is disputed, and no machine fills the gap.
    """
    latest: dict[tuple[int, str], Annotation] = {}
    for annotation in annotations:
        latest[annotation.rank, annotation.annotator] = annotation
    if not latest:
        return None
    first = min(rank for rank, _ in latest)
    values = {a.value for (rank, _), a in latest.items() if rank == first}
    agreed = values.pop() if len(values) == 1 else None
    return HumanVerdict(agreed, disputed=agreed is None, imported=first == 2)

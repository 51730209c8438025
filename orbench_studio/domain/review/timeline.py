"""The timeline of one prompt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from orbench_studio.domain.core.annotation import Annotation, Aspect
from orbench_studio.domain.review.decision import Decision


class EntryKind(StrEnum):
    """What an entry of the journal records."""

    DECISION = "decision"
    ADJUDICATION = "adjudication"
    UNDO = "undo"
    REDO = "redo"
    IMPORT = "import"
    LICENCE = "licence"
    TEAM = "team"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True)
class RecentDecision:
    """An entry of the journal that is not undone, for a list of an annotator's last decisions.

    Aspect and value are those of its first decision; `prompts` counts all its prompts. `superseded` where a later
    decision of the annotator counts instead, `undone` where it is listed although it is undone.
    """

    entry: int
    at: datetime
    prompt_id: int
    aspect: Aspect
    value: str
    model: str | None = None
    prompts: int = 1
    superseded: bool = False
    undone: bool = False


def in_place(before: Sequence[RecentDecision], now: Sequence[RecentDecision]) -> list[RecentDecision]:
    """The decisions to list: as listed before, undone ones marked, until there is a new one."""
    if not before or max((of.entry for of in now), default=0) > max(of.entry for of in before):
        return [*now]
    current = {of.entry: of for of in now}
    return [current.get(of.entry, replace(of, undone=True)) for of in before]


@dataclass(frozen=True, slots=True)
class Event:
    """A decision about the prompt or a response to it; or an undo or redo of one, where `annotation` is None.

    `message` is the summary in the journal, `model` the model of the response, `guideline` the version of the
    guidelines that was current.
    """

    entry: int
    at: datetime
    annotator: str | None
    message: str
    annotation: Annotation | None = None
    in_force: bool = True
    model: str | None = None
    guideline: int | None = None

    def repeated(self, prompt_id: int) -> Decision | None:
        """The decision that repeats this one; None where it cannot be repeated."""
        of = self.annotation
        if of is None or of.aspect in (Aspect.RECHECK, Aspect.TRAINING):
            return None
        try:
            return Decision(prompt_id, of.aspect, of.value, of.response_id, of.reason)
        except ValueError:
            return None  # an imported class that reviewers cannot choose

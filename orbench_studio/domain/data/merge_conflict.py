"""Decisions of one person that contradict each other, because neither machine knew of the other's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orbench_studio.domain.core.amounts import cut

LISTED = 10  # conflicts named one by one


class Reason(StrEnum):
    """Why one of two decisions counts."""

    COUNTER = "counter"
    NO_COUNTER = "no counter"
    TIME = "time"
    ID = "id"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class ConflictSide:
    """The person's decision by one of two journals; `value` is None where it is undone."""

    value: str | None
    counter: int = 0
    at: datetime | None = None

    def text(self, place: str) -> str:
        """The decision, where it was made, its number and its time by the clock there."""
        if self.value is None or self.at is None:
            return f"undone ({place})"
        number = f"decision {self.counter:,}" if self.counter else "no decision number"
        shown = cut(self.value, 60)
        return f"{shown!r} ({place}, {number}, {self.at:%Y-%m-%d %H:%M:%S} UTC)"


@dataclass(frozen=True, slots=True)
class MergeConflict:
    """One person's decisions about the same thing in this workspace and in a file; `result` counts after the merge."""

    annotator: str
    prompt_id: int
    model: str | None
    aspect: str
    here: ConflictSide
    file: str
    there: ConflictSide
    result: ConflictSide

    @property
    def reason(self) -> Reason:
        """Why the result counts."""
        other = self.here if self.result == self.there else self.there
        if self.result.value is None or other.value is None:
            return Reason.UNDONE
        if self.result.counter != other.counter:
            return Reason.COUNTER if other.counter else Reason.NO_COUNTER
        return Reason.TIME if self.result.at != other.at else Reason.ID

    @property
    def text(self) -> str:
        """The conflict in a sentence or two."""
        about = f"#{self.prompt_id} {self.model or ''}".rstrip()
        sides = f"{self.here.text('this workspace')} and {self.there.text(self.file)}"
        return f"{self.annotator}, {about}, {self.aspect.replace('_', ' ')}: {sides}. {self._counts()}"

    def _counts(self) -> str:
        if self.result.value is None:
            return "Neither counts: both were undone."
        why = {
            Reason.COUNTER: "its number is higher",
            Reason.NO_COUNTER: "the other is from a version without decision numbers",
            Reason.TIME: "the numbers are equal, and its time is later",
            Reason.ID: "numbers and times are equal, and its id is higher",
            Reason.UNDONE: "it is not undone",
        }[self.reason]
        return f"{self.result.value[:60]!r} counts: {why}."


def conflict_texts(conflicts: Sequence[MergeConflict]) -> list[str]:
    """Describe the conflicts of a merge: what they are, the first ones, and what to do; empty without conflicts."""
    if not conflicts:
        return []
    count = f"{len(conflicts):,} conflict{'' if len(conflicts) == 1 else 's'}"
    texts = [f"{count}: the same person decided differently on two machines that did not know of each other."]
    texts += [conflict.text for conflict in conflicts[:LISTED]]
    if len(conflicts) > LISTED:
        texts.append(f"{len(conflicts) - LISTED:,} more conflicts are not listed.")
    return [*texts, "Both decisions are in the journal. To change which one counts, decide the prompt again."]

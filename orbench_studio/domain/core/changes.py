"""What an operation changed, so that pages refresh only what is affected."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    PROMPTS = "prompts"
    VOTES = "votes"
    RESPONSES = "responses"
    JUDGEMENTS = "judgements"
    ANNOTATIONS = "annotations"
    BATCHES = "batches"
    SUBSETS = "subsets"
    GROUPS = "groups"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Changes:
    """The kinds of data that an operation changed; `prompt_ids` are the prompts, None if there are many.

    `message` is shown to the user. `shown_again` are the prompts for which only a self-consistency label was added, and
    `response_ids` the responses of an undo or redo.
    """

    kinds: frozenset[Kind] = frozenset()
    prompt_ids: tuple[int, ...] | None = ()
    message: str = ""
    shown_again: frozenset[int] = frozenset()
    response_ids: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.kinds)


ALL_CHANGED = Changes(frozenset(Kind), None)

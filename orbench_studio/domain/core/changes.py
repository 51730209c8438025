"""What an operation touched, so that pages refresh only what they must."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """A kind of thing that can change."""

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
    """The kinds an operation touched; `prompt_ids` names the prompts where they are few, and is None where many.

    `told` is the moment of what just happened, in words for the user; `shown_again` are the prompts of which it was
    only the answer to being silently shown again.
    """

    kinds: frozenset[Kind] = frozenset()
    prompt_ids: tuple[int, ...] | None = ()
    message: str = ""
    shown_again: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.kinds)


ALL_CHANGED = Changes(frozenset(Kind), None)

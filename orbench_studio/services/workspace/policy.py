"""The rules of a workspace for several annotators: what each may see and label. Without a team there are none."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from orbench_studio.domain.review.hidden_decisions import Standing
from orbench_studio.store.core.pipeline import Read, Steps


class Policy(Protocol):
    """Rules for annotators: visible decisions, permitted labels, and how a label counts.

    `blind` reads those of the prompts on which annotators must not see each other's decisions, and `in_training` those
    that an annotator labels for training: such a label counts as practice. `standing` is all of it about one prompt.
    """

    standing: Read[..., Standing]
    blind: Read[..., frozenset[int]]
    in_training: Read[..., frozenset[int]]

    def require_room(self, db: Connection, prompt_ids: Sequence[int], annotator_id: int) -> None:
        """Raise StaleDecisionError where the annotator may not label one of the prompts."""


def _unrestricted(_only_prompt: object, _annotator_id: int | None) -> Steps[Standing]:
    yield from ()
    return Standing()


def _none(_prompt_ids: Sequence[int], _annotator_id: int | None = None) -> Steps[frozenset[int]]:
    yield from ()
    return frozenset()


class SoloPolicy:
    """Everybody sees everything, and may label everything."""

    standing = Read(_unrestricted)
    blind = in_training = Read(_none)

    def require_room(self, db: Connection, prompt_ids: Sequence[int], annotator_id: int) -> None:
        """Never an error."""

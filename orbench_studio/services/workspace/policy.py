"""The rules of a workspace for several annotators: what each may see and label. Without a team there are none."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from orbench_studio.domain.review.blinding import Standing
from orbench_studio.store.core.pipeline import Read, Steps


class Policy(Protocol):
    """Rules for annotators: visible decisions, permitted labels, and how a label counts."""

    standing: Read[..., Standing]  # of a prompt and an annotator, by all rules

    def blind(self, db: Connection, prompt_ids: Sequence[int]) -> frozenset[int]:
        """Those of the prompts on which annotators must not see each other's decisions."""

    def in_training(self, db: Connection, prompt_ids: Sequence[int], annotator_id: int | None) -> frozenset[int]:
        """Those of the prompts that the annotator labels for training: such a label counts as practice."""

    def require_room(self, db: Connection, prompt_ids: Sequence[int], annotator_id: int) -> None:
        """Raise StaleDecisionError where the annotator may not label one of the prompts."""


def _unrestricted(_prompt_id: int, _annotator_id: int | None) -> Steps[Standing]:
    yield from ()
    return Standing()


class SoloPolicy:
    """Everybody sees everything, and may label everything."""

    standing = Read(_unrestricted)

    def blind(self, db: Connection, prompt_ids: Sequence[int]) -> frozenset[int]:
        """None."""
        return frozenset()

    def in_training(self, db: Connection, prompt_ids: Sequence[int], annotator_id: int | None) -> frozenset[int]:
        """None."""
        return frozenset()

    def require_room(self, db: Connection, prompt_ids: Sequence[int], annotator_id: int) -> None:
        """Never an error."""

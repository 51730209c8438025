"""Near-duplicate filter for generated texts: a near duplicate becomes neither a seed nor a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from orbench_studio.domain.evaluation.batch import BatchKind
from orbench_studio.store.curation import near_duplicates
from orbench_studio.store.evaluation import generated_texts
from orbench_studio.store.evaluation.results import ListAnswer, Outcome

if TYPE_CHECKING:
    from orbench_studio.instruments.similarity import Collection

THRESHOLD = 0.7  # similarity: a sentence of usual length with one or two words changed
_COMPARED = {
    BatchKind.SEEDING: (generated_texts.seeds,),
    BatchKind.REWRITING: (generated_texts.seeds, near_duplicates.texts),
}


class NearDuplicateFilter:
    """Compares the texts of a batch with the seeds and prompts of the workspace.

    It keeps those texts between transactions. Texts of a transaction are added in the next one, so that a rollback
    leaves nothing behind.
    """

    def __init__(self, kind: BatchKind) -> None:
        self._last = dict.fromkeys(_COMPARED.get(kind, ()), 0)  # the newest id that is loaded
        self._texts: Collection | None = None

    def refresh(self, db: Connection) -> None:
        """Load new texts of the workspace."""
        for source, last in self._last.items():
            new = source(db, last)
            self._collection().add([text for _, text in new])
            self._last[source] = max([last, *(key for key, _ in new)])

    def annotate(self, db: Connection, outcomes: Sequence[Outcome]) -> list[Outcome]:
        written = [text for outcome in outcomes for text in _texts(outcome)]
        if not written:
            return list(outcomes)
        self.refresh(db)
        near = dict(zip(written, self._collection().near(written), strict=True))
        return [_with(outcome, near) for outcome in outcomes]

    def _collection(self) -> Collection:
        # Imported on first use: it loads scikit-learn, which few batches need.
        from orbench_studio.instruments.similarity import Collection

        self._texts = self._texts or Collection(THRESHOLD)
        return self._texts


def _texts(outcome: Outcome) -> tuple[str, ...]:
    return outcome.result.listing.texts if isinstance(outcome.result, ListAnswer) else ()


def _with(outcome: Outcome, near: dict[str, list[str]]) -> Outcome:
    if not isinstance(outcome.result, ListAnswer):
        return outcome
    duplicates = {text: near[text] for text in outcome.result.listing.texts if near[text]}
    return replace(outcome, result=replace(outcome.result, near=duplicates))

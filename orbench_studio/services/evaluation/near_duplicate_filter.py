"""What models write is compared with what is there: a text that is nearly the same is neither a seed nor a prompt."""

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

NEAR = 0.7  # a sentence of usual length with a word or two changed; what is less alike may ask for something else
_COMPARED = {
    BatchKind.SEEDING: (generated_texts.seeds,),
    BatchKind.REWRITING: (generated_texts.seeds, near_duplicates.texts),
}


class NearDuplicateFilter:
    """What a batch compares its texts with, remembered from one transaction to the next.

    Nothing of a transaction is learned before the next, so that one that is rolled back leaves nothing behind.
    """

    def __init__(self, kind: BatchKind) -> None:
        self._last = dict.fromkeys(_COMPARED.get(kind, ()), 0)  # the newest that is known
        self._texts: Collection | None = None

    def read(self, db: Connection) -> None:
        """Learn what is new in the workspace."""
        for source, last in self._last.items():
            new = source(db, last)
            self._collection().add([text for _, text in new])
            self._last[source] = max([last, *(key for key, _ in new)])

    def compare(self, db: Connection, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes, each list with what its texts are nearly the same as."""
        written = [text for outcome in outcomes for text in _texts(outcome)]
        if not written:
            return list(outcomes)
        self.read(db)
        near = dict(zip(written, self._collection().near(written), strict=True))
        return [_with(outcome, near) for outcome in outcomes]

    def _collection(self) -> Collection:
        # On first use: few batches write lists, and it brings scikit-learn.
        from orbench_studio.instruments.similarity import Collection

        self._texts = self._texts or Collection(NEAR)
        return self._texts


def _texts(outcome: Outcome) -> tuple[str, ...]:
    return outcome.result.listing.texts if isinstance(outcome.result, ListAnswer) else ()


def _with(outcome: Outcome, near: dict[str, list[str]]) -> Outcome:
    if not isinstance(outcome.result, ListAnswer):
        return outcome
    own = {text: near[text] for text in outcome.result.listing.texts if near[text]}
    return replace(outcome, result=replace(outcome.result, near=own))

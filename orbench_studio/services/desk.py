"""One process's dealings with a batch in the workspace: sign on, exchange answers for new items, leave."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from orbench_studio.domain.batch import BatchKind, BatchProgress, BatchState, ItemState
from orbench_studio.domain.changes import Changes, Kind
from orbench_studio.errors import StudioError
from orbench_studio.services.evaluating import become, look, progress, require
from orbench_studio.services.likeness import Library
from orbench_studio.services.workspace import Workspace
from orbench_studio.store import batches, claims, results
from orbench_studio.store.claims import Claimed
from orbench_studio.store.results import Outcome

log = logging.getLogger(__name__)

BRINGS = {
    BatchKind.EVALUATION: Kind.RESPONSES,
    BatchKind.JUDGING: Kind.JUDGEMENTS,
    BatchKind.MODERATION: Kind.VOTES,
    BatchKind.SEEDING: Kind.PROMPTS,
    BatchKind.REWRITING: Kind.PROMPTS,
}
"""What the answers of each kind of batch are."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of an exchange. `lost`: others had taken this process for gone, and its items with it."""

    progress: BatchProgress
    changes: Changes
    claimed: Mapping[int, list[Claimed]] = field(default_factory=dict)
    lost: bool = False
    waiting: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be sent here."""
        return self.progress.batch.state is not BatchState.RUNNING


class Desk:
    """Used by one thread at a time."""

    def __init__(self, workspace: Workspace, batch_id: int, lease: float) -> None:
        self._workspace = workspace
        self._batch_id = batch_id
        self._lease = lease
        self._runner_id = 0
        with workspace.reading() as db:
            self._library = Library(require(db, batch_id).kind)
            self.models = batches.models(db, batch_id)

    def look(self) -> BatchProgress:
        """How far the batch is."""
        return progress(self._workspace, self._batch_id)

    def begin(self) -> None:
        """Sign on to a batch that is not at its end; what killed processes had goes back to those to be sent."""
        with self._workspace.reading() as db:
            self._library.read(db)  # a large workspace takes seconds, in which others may write
        with self._workspace.writing() as db:
            state = require(db, self._batch_id).state
            if state in (BatchState.FINISHED, BatchState.CANCELLED):
                raise StudioError(f"Batch {self._batch_id} is {state}: there is nothing left to send.")
            become(db, self._batch_id, BatchState.RUNNING)
            self._sign_on(db)
            claims.take_over(db, self._batch_id, time.time())

    def exchange(self, outcomes: Sequence[Outcome], wanted: Mapping[int, int], stop: str | None) -> Exchange:
        """Store outcomes and claim up to `wanted` items of each model, in one transaction.

        `stop` is the reason why the whole batch has to stop, if there is one.
        """
        with self._workspace.writing() as db:
            now = time.time()  # one moment for all: a transaction that takes long must not take itself for gone
            lost = not claims.still_there(db, self._runner_id, now)
            if lost:
                self._sign_on(db)
            touched = results.store(db, self._batch_id, self._library.compare(db, outcomes))
            claims.take_over(db, self._batch_id, now)
            batch = require(db, self._batch_id)
            capped = cap_reached(batch.settings.limits.max_cost, batches.spent(db, self._batch_id))
            if (stop or capped) and batch.state is BatchState.RUNNING:
                log.info("batch %d: %s", self._batch_id, capped or "a model cannot be asked any more")
                become(db, self._batch_id, BatchState.STOPPED, stop or capped)
            claimed, waiting = {}, ""
            if batches.state_of(db, self._batch_id) is BatchState.RUNNING:
                claimed = self._claim(db, wanted)
                if not any(claimed.values()):
                    waiting = self._nothing_to_claim(db)
            stands = look(db, self._batch_id)
        kind = BRINGS[batch.kind]
        kinds = {kind, Kind.BATCHES} if touched else {Kind.BATCHES} if outcomes else set()
        return Exchange(stands, Changes(frozenset(kinds), tuple(touched)), claimed, lost, waiting)

    def leave(self) -> None:
        """Sign off. A batch that nobody is at any more and that is not at its end is paused."""
        with self._workspace.writing() as db:
            claims.sign_off(db, self._runner_id)
            if batches.state_of(db, self._batch_id) is BatchState.CANCELLED:
                batches.move(db, self._batch_id, ItemState.PENDING, ItemState.CANCELLED)  # what was still unsent here
            alone = not claims.others(db, self._batch_id, None, time.time())
            if alone and batches.state_of(db, self._batch_id) is BatchState.RUNNING:
                become(db, self._batch_id, BatchState.PAUSED)

    def _sign_on(self, db: Connection) -> None:
        self._runner_id = claims.sign_on(db, self._batch_id, self._lease, time.time())

    def _claim(self, db: Connection, wanted: Mapping[int, int]) -> dict[int, list[Claimed]]:
        return {
            model_id: claims.claim(db, self._batch_id, model_id, self._runner_id, count)
            for model_id, count in wanted.items()
            if count
        }

    def _nothing_to_claim(self, db: Connection) -> str:
        """Finish the batch if nobody has anything of it; else what there is to wait for."""
        if batches.has_items(db, self._batch_id, (ItemState.PENDING, ItemState.AT_VENDOR)):
            return ""
        if batches.has_items(db, self._batch_id, (ItemState.CLAIMED,)):
            others = claims.others(db, self._batch_id, self._runner_id, time.time())
            return "the last items, which another process has" if others else ""
        become(db, self._batch_id, BatchState.FINISHED)
        return ""


def cap_reached(cap: float | None, spent: float) -> str | None:
    """The sentence that says so; None where there is no cap, or not so much is spent (USD)."""
    if cap is None or spent < cap:
        return None
    return f"The cap of {cap:.2f} USD is reached: {spent:.2f} USD are spent."

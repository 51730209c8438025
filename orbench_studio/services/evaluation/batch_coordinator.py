"""One process's dealings with a batch in the workspace: sign on, exchange answers for new items, leave.

Answers are stored and items claimed in transactions that go beside those of other processes; what state a batch is in,
and what becomes of a killed process's items, is settled by one process at a time.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.evaluation.batch import BatchKind, BatchProgress, BatchState, ItemState
from orbench_studio.domain.evaluation.rate_limits import RateGrant, RateRequest
from orbench_studio.errors import StudioError, WorkspaceError
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.services.evaluation.batch_control import become, look, progress, require
from orbench_studio.services.evaluation.near_duplicate_filter import NearDuplicateFilter
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import clock
from orbench_studio.store.evaluation import batches, item_claims, rate_limits, results
from orbench_studio.store.evaluation.item_claims import Claimed
from orbench_studio.store.evaluation.results import Outcome

log = logging.getLogger(__name__)

BRINGS = {
    BatchKind.EVALUATION: Kind.RESPONSES,
    BatchKind.JUDGING: Kind.JUDGEMENTS,
    BatchKind.MODERATION: Kind.VOTES,
    BatchKind.SEEDING: Kind.PROMPTS,
    BatchKind.REWRITING: Kind.PROMPTS,
}
"""What the answers of each kind of batch are."""
_WRITTEN = (BatchKind.SEEDING, BatchKind.REWRITING)  # texts that must not repeat one another: one process at a time
_OPEN = (ItemState.PENDING, ItemState.CLAIMED)


@dataclass(frozen=True, slots=True)
class Want:
    """What a process could do with of one model: how many more items, and when to start requests."""

    items: int
    wish: RateRequest


@dataclass(frozen=True, slots=True)
class Report:
    """What a process brings to an exchange: outcomes, what it wants of each model, the items it holds from before.

    `stop` is the reason why the whole batch has to stop, if there is one; `per_minute` is told to whoever looks.
    """

    outcomes: Sequence[Outcome]
    wants: Mapping[int, Want]
    held: Collection[int] = ()
    stop: str | None = None
    per_minute: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What it gets."""

    items: Sequence[Claimed]
    allowed: RateGrant


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of an exchange, by model. `lost`: others had taken this process for gone, and its items with it.

    `is_over`: nothing more is to be sent here.
    """

    progress: BatchProgress
    changes: Changes
    shares: Mapping[int, Share] = field(default_factory=dict)
    lost: bool = False
    waiting: str = ""
    is_over: bool = False


class BatchCoordinator:
    """Used by one thread at a time.

    `helps` names the models that are served here for a batch that others answer for: it is neither begun nor paused
    here, and over as soon as there is nothing left for these models.
    """

    def __init__(self, workspace: Workspace, batch_id: int, lease: float, helps: Collection[str] | None = None) -> None:
        self._workspace = workspace
        self._batch_id = batch_id
        self._lease = lease
        self._helps = helps is not None
        self._runner_id = 0
        self._is_unsure = False  # whether the last exchange was done: its answer may be what was lost
        with workspace.reading() as db:
            batch = require(db, batch_id)
            self.models = {
                key: name for key, name in batches.models(db, batch_id).items() if helps is None or name in helps
            }
        self._kind, self._library = batch.kind, NearDuplicateFilter(batch.kind)
        self._limits = batch.settings.limits
        self._places = {
            key: endpoint(name, batch.settings.base_urls.get(name)).limits_name for key, name in self.models.items()
        }

    def look(self) -> BatchProgress:
        """How far the batch is."""
        return progress(self._workspace, self._batch_id)

    def begin(self) -> None:
        """Sign on to a batch that is not at its end; what killed processes had goes back to those to be sent."""
        with self._workspace.reading() as db:
            self._library.read(db)  # a large workspace takes seconds, in which others may write
        with self._workspace.writing() as db:
            state = require(db, self._batch_id).state
            if state in (BatchState.FINISHED, BatchState.CANCELLED) and not self._helps:
                raise StudioError(f"Batch {self._batch_id} is {state}: there is nothing left to send.")
            if not self._helps:
                become(db, self._batch_id, BatchState.RUNNING)
            self._sign_on(db)
            item_claims.take_over(db, self._batch_id, clock.now(db))
            rate_limits.know(db, self._places.values())

    def exchange(self, report: Report) -> Exchange:
        """Store outcomes, claim items and take from the limits, in one transaction; then settle what there is."""
        try:
            return self._exchange(report)
        except WorkspaceError:
            self._is_unsure = True
            raise

    def _exchange(self, report: Report) -> Exchange:
        with self._storing() as db:
            now = clock.now(db)  # one moment for all: a transaction that takes long must not take itself for gone
            lost = not item_claims.still_there(db, self._runner_id, now, report.per_minute)
            touched = results.store(db, self._batch_id, self._library.compare(db, report.outcomes))
            if self._is_unsure:
                item_claims.give_back_others(db, self._runner_id, report.held)
            batch = require(db, self._batch_id)
            capped = cap_reached(batch.settings.limits.max_cost, batches.spent(db, self._batch_id))
            stop = report.stop or capped
            is_on = batch.state is BatchState.RUNNING and not stop
            shares = self._share(db, report.wants, now) if is_on and not lost else {}
            is_settled = not lost and (batch.state is not BatchState.RUNNING or self._is_settled(db, shares, now))
            is_over = not is_on or (self._helps and not self._is_open(db))
            waiting = self._waiting(db, now) if is_on and not any(share.items for share in shares.values()) else ""
            found = look(db, self._batch_id)
        self._is_unsure = False
        if stop or not is_settled:
            found = self._settle(stop, capped or "a model cannot be asked any more")
        kind = BRINGS[batch.kind]
        kinds = {kind, Kind.BATCHES} if touched else {Kind.BATCHES} if report.outcomes else set()
        changes = Changes(frozenset(kinds), tuple(touched))
        return Exchange(found, changes, shares, lost, waiting, is_over or found.batch.state is not BatchState.RUNNING)

    def leave(self) -> int:
        """Sign off; how many items go back. A batch that nobody is at any more and that is not at its end is paused.

        Not by a process that only helps: it stays running, for whoever helps next.
        """
        with self._workspace.writing() as db:
            back = item_claims.sign_off(db, self._runner_id)
            alone = not item_claims.others(db, self._batch_id, None, clock.now(db))
            if alone and not self._helps and batches.state_of(db, self._batch_id) is BatchState.RUNNING:
                become(db, self._batch_id, BatchState.PAUSED)
        return back

    def _storing(self) -> AbstractContextManager[Connection]:
        return self._workspace.writing() if self._kind in _WRITTEN else self._workspace.deciding()

    def _sign_on(self, db: Connection) -> None:
        self._runner_id = item_claims.sign_on(db, self._batch_id, self._lease, clock.now(db))

    def _share(self, db: Connection, wants: Mapping[int, Want], now: float) -> dict[int, Share]:
        """Items first, limits last, in an order that is the same for all: nobody waits for who waits for it."""
        items = {
            key: item_claims.claim(db, self._batch_id, key, self._runner_id, want.items) if want.items else []
            for key, want in wants.items()
        }
        in_order = sorted(wants, key=lambda key: self._places[key])
        allowed = {key: rate_limits.take(db, self._places[key], self._limits, wants[key].wish, now) for key in in_order}
        return {key: Share(items[key], allowed[key]) for key in wants}

    def _is_open(self, db: Connection) -> bool:
        """Whether any item of the models that are served here is without an end."""
        return batches.has_items(db, self._batch_id, _OPEN, self.models)

    def _is_settled(self, db: Connection, shares: Mapping[int, Share], now: float) -> bool:
        """Whether no process is gone, and something is left of the batch."""
        if item_claims.gone(db, self._batch_id, now):
            return False
        claimed = any(share.items for share in shares.values())
        return claimed or batches.has_items(db, self._batch_id, (*_OPEN, ItemState.AT_VENDOR))

    def _settle(self, stop: str | None, logged: str) -> BatchProgress:
        """Come back if others took this process for gone, take over from those who are, stop or finish the batch."""
        with self._workspace.writing() as db:
            now = clock.now(db)
            if not item_claims.still_there(db, self._runner_id, now):
                self._sign_on(db)
            item_claims.take_over(db, self._batch_id, now)
            if batches.state_of(db, self._batch_id) is BatchState.RUNNING:
                if stop:
                    log.info("batch %d: %s", self._batch_id, logged)
                    become(db, self._batch_id, BatchState.STOPPED, stop)
                elif not batches.has_items(db, self._batch_id, (*_OPEN, ItemState.AT_VENDOR)):
                    become(db, self._batch_id, BatchState.FINISHED)
            return look(db, self._batch_id)

    def _waiting(self, db: Connection, now: float) -> str:
        """What there is to wait for where nothing can be claimed."""
        pending, claimed = ((ItemState.PENDING,), (ItemState.CLAIMED,))
        if batches.has_items(db, self._batch_id, pending, self.models):
            return ""
        if not batches.has_items(db, self._batch_id, claimed, self.models):
            return ""
        others = item_claims.others(db, self._batch_id, self._runner_id, now)
        return "the last items, which another process has" if others else ""


def cap_reached(cap: float | None, spent: float) -> str | None:
    """The sentence that says so; None where there is no cap, or not so much is spent (USD)."""
    if cap is None or spent < cap:
        return None
    return f"The cap of {cap:.2f} USD is reached: {spent:.2f} USD are spent."

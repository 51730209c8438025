"""The connection of one process to a batch in the workspace: register, exchange results for new items, leave.

Processes store results and claim items in concurrent transactions. Only one process at a time changes the state of a
batch or releases the items of a dead process.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.evaluation.batch import BatchKind, BatchProgress
from orbench_studio.domain.evaluation.rate_limits import RateGrant, RateRequest
from orbench_studio.domain.evaluation.states import TO_SEND, UNFINISHED, BatchAction, BatchState, ItemState
from orbench_studio.errors import WorkspaceError
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.services.evaluation.batch_control import apply, end_if_done, load_batch, load_progress, progress
from orbench_studio.services.evaluation.near_duplicate_filter import NearDuplicateFilter
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import clock
from orbench_studio.store.evaluation import batches, item_claims, rate_limits, results
from orbench_studio.store.evaluation.item_claims import ClaimedItem
from orbench_studio.store.evaluation.results import Outcome

log = logging.getLogger(__name__)

RESULT_KINDS = {
    BatchKind.EVALUATION: Kind.RESPONSES,
    BatchKind.JUDGING: Kind.JUDGEMENTS,
    BatchKind.MODERATION: Kind.VOTES,
    BatchKind.SEEDING: Kind.PROMPTS,
    BatchKind.REWRITING: Kind.PROMPTS,
}
"""What the results of each kind of batch become."""
_UNIQUE_TEXTS = (BatchKind.SEEDING, BatchKind.REWRITING)  # texts must not repeat one another: one process at a time


@dataclass(frozen=True, slots=True)
class Demand:
    """What a process can use of one model: the number of further items, and start times for requests."""

    items: int
    rate: RateRequest


@dataclass(frozen=True, slots=True)
class Report:
    """A process's part of an exchange: outcomes, demand by model, the items that it still holds.

    `stop` is the reason to stop the whole batch, `stopped` has the reasons to stop single models. `returned` are
    claimed items of stopped models. `per_minute` is shown to users.
    """

    outcomes: Sequence[Outcome]
    demand: Mapping[int, Demand]
    held: Collection[int] = ()
    stop: str | None = None
    stopped: Mapping[int, str] = field(default_factory=dict)
    returned: Collection[int] = ()
    per_minute: int = 0


@dataclass(frozen=True, slots=True)
class Assignment:
    """The items and start times that a process receives for one model."""

    items: Sequence[ClaimedItem]
    rate: RateGrant


@dataclass(frozen=True, slots=True)
class Exchange:
    """The result of an exchange, with assignments by model.

    `lost`: another process has considered this one dead and released its items. `is_over`: send no more here.
    """

    progress: BatchProgress
    changes: Changes
    assigned: Mapping[int, Assignment] = field(default_factory=dict)
    lost: bool = False
    waiting: str = ""
    is_over: bool = False


class BatchCoordinator:
    """Used by one thread at a time.

    A worker passes the models that it serves. It neither starts nor pauses the batch, and it is done as soon as nothing
    is left for these models.
    """

    def __init__(
        self, workspace: Workspace, batch_id: int, lease: float, served: Collection[str] | None = None
    ) -> None:
        self._workspace = workspace
        self._batch_id = batch_id
        self._lease = lease
        self._is_worker = served is not None
        self._runner_id = 0
        self._is_unsure = False  # the last exchange failed: its transaction may have been committed
        with workspace.reading() as db:
            batch = load_batch(db, batch_id)
            self.models = {
                key: name for key, name in batches.models(db, batch_id).items() if served is None or name in served
            }
        self._kind, self._near_duplicates = batch.kind, NearDuplicateFilter(batch.kind)
        self._limits = batch.settings.limits
        self._rate_keys = {
            key: endpoint(name, batch.settings.base_urls.get(name)).rate_limit_key for key, name in self.models.items()
        }

    def progress(self) -> BatchProgress:
        return progress(self._workspace, self._batch_id)

    def begin(self) -> None:
        """Register this process and start the batch; release the items of dead processes."""
        with self._workspace.reading() as db:
            self._near_duplicates.refresh(db)  # takes seconds in a large workspace; others can write meanwhile
        with self._workspace.writing() as db:
            if not self._is_worker:
                apply(db, self._batch_id, BatchAction.START)
            self._register(db)
            item_claims.release_dead(db, self._batch_id, clock.now(db))
            rate_limits.add_missing(db, self._rate_keys.values())

    def exchange(self, report: Report) -> Exchange:
        """Store outcomes, claim items and take from the rate limits in one transaction; then update the batch."""
        try:
            return self._exchange(report)
        except WorkspaceError:
            self._is_unsure = True
            raise

    def _exchange(self, report: Report) -> Exchange:
        with self._storing() as db:
            now = clock.now(db)  # one time for all steps, so that a long transaction does not outlive its own lease
            lost = not item_claims.heartbeat(db, self._runner_id, now, report.per_minute)
            touched = results.store(db, self._batch_id, self._near_duplicates.annotate(db, report.outcomes))
            item_claims.release(db, self._runner_id, report.returned)
            if self._is_unsure:
                item_claims.release_unknown(db, self._runner_id, report.held)
            batch = load_batch(db, self._batch_id)
            over_limit = cost_limit_reached(batch.settings.limits.max_cost, batches.spent(db, self._batch_id))
            stop = report.stop or over_limit
            is_on = batch.state is BatchState.RUNNING and not stop
            stopped = {*batches.stopped_models(db, self._batch_id), *report.stopped}
            demand = {key: wanted for key, wanted in report.demand.items() if key not in stopped}
            usable = self.models.keys() - stopped
            assigned = self._assign(db, demand, now) if is_on and not lost else {}
            has_items = any(assignment.items for assignment in assigned.values())
            is_settled = not lost and (
                batch.state is not BatchState.RUNNING or self._is_settled(db, has_items, stopped, now)
            )
            is_over = not is_on or (self._is_worker and not batches.has_items(db, self._batch_id, TO_SEND, usable))
            waiting = self._waiting(db, usable, now) if is_on and not has_items else ""
            found = load_progress(db, self._batch_id)
        self._is_unsure = False
        if stop or report.stopped or not is_settled:
            found = self._settle(stop, report.stopped)
        kinds = {RESULT_KINDS[batch.kind], Kind.BATCHES} if touched else {Kind.BATCHES} if report.outcomes else set()
        changes = Changes(frozenset(kinds), tuple(touched))
        return Exchange(found, changes, assigned, lost, waiting, is_over or found.batch.state is not BatchState.RUNNING)

    def leave(self) -> int:
        """Unregister this process; return the number of released items. The last process pauses a running batch.

        A worker does not pause it: the batch stays running for the next worker.
        """
        with self._workspace.writing() as db:
            released = item_claims.unregister(db, self._runner_id)
            alone = not item_claims.count_others(db, self._batch_id, None, clock.now(db))
            if alone and not self._is_worker and batches.state_of(db, self._batch_id) is BatchState.RUNNING:
                apply(db, self._batch_id, BatchAction.PAUSE)
        return released

    def _storing(self) -> AbstractContextManager[Connection]:
        return self._workspace.writing() if self._kind in _UNIQUE_TEXTS else self._workspace.deciding()

    def _register(self, db: Connection) -> None:
        self._runner_id = item_claims.register(db, self._batch_id, self._lease, clock.now(db))

    def _assign(self, db: Connection, demand: Mapping[int, Demand], now: float) -> dict[int, Assignment]:
        """Claim items first, then take from the limits in the same order in all processes, which avoids deadlocks."""
        items = {
            key: item_claims.claim(db, self._batch_id, key, self._runner_id, one.items) if one.items else []
            for key, one in demand.items()
        }
        granted = {
            key: rate_limits.take(db, self._rate_keys[key], self._limits, demand[key].rate, now)
            for key in sorted(demand, key=lambda key: self._rate_keys[key])
        }
        return {key: Assignment(items[key], granted[key]) for key in demand}

    def _is_settled(self, db: Connection, has_items: bool, stopped: Collection[int], now: float) -> bool:
        """Whether no process is dead, and some items of usable models have no result yet."""
        if item_claims.dead_processes(db, self._batch_id, now):
            return False
        usable = batches.models(db, self._batch_id).keys() - stopped
        return has_items or batches.has_items(db, self._batch_id, UNFINISHED, usable)

    def _settle(self, stop: str | None, stopped: Mapping[int, str]) -> BatchProgress:
        """Register again if needed, release the items of dead processes, stop models, fail or complete the batch."""
        with self._workspace.writing() as db:
            now = clock.now(db)
            if not item_claims.heartbeat(db, self._runner_id, now):
                self._register(db)
            item_claims.release_dead(db, self._batch_id, now)
            for model_id, reason in stopped.items():
                batches.stop_model(db, self._batch_id, model_id, reason)
            if batches.state_of(db, self._batch_id) is BatchState.RUNNING:
                if stop:
                    log.info("batch %d: %s", self._batch_id, stop)
                    apply(db, self._batch_id, BatchAction.FAIL, stop)
                else:
                    end_if_done(db, self._batch_id)
            return load_progress(db, self._batch_id)

    def _waiting(self, db: Connection, usable: Collection[int], now: float) -> str:
        """The reason to wait if no items can be claimed."""
        if batches.has_items(db, self._batch_id, (ItemState.PENDING,), usable):
            return ""
        if not batches.has_items(db, self._batch_id, (ItemState.CLAIMED,), usable):
            return ""
        others = item_claims.count_others(db, self._batch_id, self._runner_id, now)
        return "another process has the last items" if others else ""


def cost_limit_reached(limit: float | None, spent: float) -> str | None:
    """A message if the cost limit (USD) is reached, else None."""
    if limit is None or spent < limit:
        return None
    return f"The cost limit of {limit:.2f} USD is reached: {spent:.2f} USD were spent."

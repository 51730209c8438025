"""The live runner of a batch: claim items, send them, store the results, until nothing is left or it is stopped.

Several processes can run the same batch, and each can be killed at any moment.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial

from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.errors import StudioError, WorkspaceError, WorkspaceMovedError
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.providers.registry import open_provider
from orbench_studio.services.evaluation.batch_coordinator import (
    BatchCoordinator,
    Demand,
    Exchange,
    Report,
    cost_limit_reached,
)
from orbench_studio.services.evaluation.batch_runner import BatchRunner, LiveModel, Snapshot
from orbench_studio.services.evaluation.batch_tasks import task_of
from orbench_studio.services.evaluation.model_probe import record, unrecorded
from orbench_studio.services.evaluation.model_queue import Model, ModelQueue
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation.results import Outcome

LEASE = 30.0  # seconds after which a process without a heartbeat is considered dead
_COLLECT = 0.1  # seconds to collect results for one transaction, at least
_COLLECT_MAX = 1.0
_SHARE = 2.0  # times the duration of the last exchange: the pause in which other processes can write
_HEARTBEAT = 0.5  # seconds between exchanges while no results arrive
_STORE_PATIENCE = 60.0  # seconds to retry while the workspace cannot be written
_RATE_WINDOW = 60.0  # seconds over which rates are averaged; less after the start
_LEAST_SHOWN = 10.0  # seconds over which a rate that is shown is averaged, so that the first burst is no rate


class LiveRunner(BatchRunner):
    """Runs a batch with live requests.

    `on_changes` is called in the runner's thread after results are stored. A worker passes the models that it serves in
    a batch that another process launched: see `BatchCoordinator`. StudioError if the batch cannot start, for example
    because a key is missing.
    """

    def __init__(
        self,
        workspace: Workspace,
        batch_id: int,
        prices: Prices,
        *,
        on_changes: Callable[[Changes], None] = lambda _changes: None,
        lease: float = LEASE,
        served: Collection[str] | None = None,
    ) -> None:
        super().__init__(batch_id)
        self._workspace = workspace
        self._coordinator = BatchCoordinator(workspace, batch_id, lease, served)
        self._is_worker = served is not None
        self.released = 0
        """Number of items that were released when the runner left."""
        self.processed = 0
        """Number of items that completed or failed in this runner."""
        self.unusable: dict[str, str] = {}
        """Models that this worker cannot use but others may, and why."""
        self._progress = self._coordinator.progress()
        self._on_changes = on_changes
        self._outcomes: list[Outcome] = []
        self._finished_at: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=5_000))
        self._since = time.monotonic()
        self._rates: dict[str, float] = {}  # items per second by model, as of the last exchange
        self._shown: dict[str, int] = {}  # items per minute that are shown, likewise
        self._prices = prices
        self._stopped: dict[int, str] = {}  # models to stop, with the reason, until it is stored
        self._sending: list[asyncio.Task[None]] = []
        self._queues = self._open_queues()
        self._stop_reason: str | None = None
        self._waiting = ""
        self._failing_since: float | None = None
        self._exchange_seconds = 0.0  # seconds, the last exchange
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopping = self._is_closing = False

    def stop(self, *, grace: float | None = None) -> None:
        self._is_stopping = True
        self._call(self._close)
        if grace is not None:
            self._call(self._abandon_after, grace)

    def snapshot(self) -> Snapshot:
        progress = self._progress
        left = {model.model: model.left for model in progress.models}
        live = {queue.model.name: self._live(queue, left[queue.model.name]) for queue in self._queues}
        return Snapshot(progress, live, self._waiting)

    def _live(self, queue: ModelQueue, left: int) -> LiveModel:
        name = queue.model.name
        rate = self._rates.get(name, 0.0)
        return LiveModel(queue.in_flight, self._shown.get(name, 0), queue.waiting, left / rate if rate else None)

    def _per_second(self, queue: ModelQueue, least: float = 1.0) -> float:
        """Mean rate of completed and failed items in the last minute, or since the start if that is later.

        The mean is over at least this many seconds.
        """
        now, ended = time.monotonic(), self._finished_at[queue.model.name]
        start = max(self._since, now - _RATE_WINDOW, ended[0] if len(ended) == ended.maxlen else 0.0)
        return sum(at >= start for at in ended) / max(now - start, least)

    def _open_queues(self) -> list[ModelQueue]:
        """The queues of the models. One without a key is stopped; StudioError if no model can be used."""
        queues, errors = [], []
        for model_id in self._coordinator.models:
            try:
                queues.append(self._open_queue(model_id))
            except StudioError as error:
                self._stopped[model_id] = str(error)
                errors.append(error)
        if errors and not queues:
            raise errors[0]
        return queues

    def _open_queue(self, model_id: int) -> ModelQueue:
        batch, name = self._progress.batch, self._coordinator.models[model_id]
        base_url = batch.settings.base_urls.get(name)
        target = endpoint(name, base_url)
        model = Model(model_id, name, target.model, self._prices.of(name, base_url))
        limits = batch.settings.limits
        limits = replace(limits, concurrency=target.concurrency(limits.concurrency))
        on_fatal = partial(self._on_fatal, model_id)
        provider = open_provider(target, batch.settings.adaptations.get(name, ()))
        return ModelQueue(model, provider, task_of(batch), limits, self._add_outcome, on_fatal)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="batch-store") as store:
            await self._loop.run_in_executor(store, self._coordinator.begin)
            if self._is_stopping:
                self._close()
            self._sending = [asyncio.create_task(queue.run()) for queue in self._queues]
            try:
                while not await self._exchange(store):
                    await self._wait_for_news()
            finally:
                self._close()
                self._abandon()
                await asyncio.gather(*self._sending)
                self.released = await self._loop.run_in_executor(store, self._coordinator.leave)
                self._progress = await self._loop.run_in_executor(store, self._coordinator.progress)

    async def _exchange(self, store: ThreadPoolExecutor) -> bool:
        """Store the collected results and claim new items; True after the last exchange."""
        assert self._loop is not None
        last = all(queue.is_done for queue in self._queues)
        outcomes, self._outcomes = self._outcomes, []
        stopped, self._stopped = self._stopped, {}
        returned = [item_id for queue in self._queues for item_id in queue.returned()]
        rates = {queue: self._per_second(queue) for queue in self._queues}
        demand = {queue.model.id: queue.demand(rate) for queue, rate in rates.items()}
        held = [item_id for queue in self._queues for item_id in queue.held]
        shown = {queue.model.name: round(60 * self._per_second(queue, _LEAST_SHOWN)) for queue in self._queues}
        started = time.monotonic()
        try:
            report = Report(outcomes, demand, held, self._stop_reason, stopped, returned, sum(shown.values()))
            found = await self._loop.run_in_executor(store, self._coordinator.exchange, report)
        except WorkspaceMovedError:
            raise
        except WorkspaceError as error:
            self._stopped = stopped | self._stopped
            self._store_later(outcomes, error)
            return False
        self._failing_since = None
        self._exchange_seconds = time.monotonic() - started
        self._rates, self._shown = {queue.model.name: rate for queue, rate in rates.items()}, shown
        self._handle(found, demand)
        await self._record_adaptations(store)
        return last

    async def _record_adaptations(self, store: ThreadPoolExecutor) -> None:
        """Store what was learned about the models; if the workspace cannot be written now, after the next exchange."""
        assert self._loop is not None
        found = {queue.model.name: queue.adaptations for queue in self._queues}
        new = unrecorded(found, self._progress.batch.settings.adaptations)
        if new:
            with suppress(WorkspaceError):
                await self._loop.run_in_executor(store, record, self._workspace, self._batch_id, new)

    def _store_later(self, outcomes: list[Outcome], error: WorkspaceError) -> None:
        """Keep paid results while the disk is full or another process writes; raise the error after a while."""
        self._outcomes = outcomes + self._outcomes
        self._failing_since = self._failing_since or time.monotonic()
        self._waiting = str(error)
        if time.monotonic() - self._failing_since > _STORE_PATIENCE:
            raise error

    def _handle(self, found: Exchange, demand: Mapping[int, Demand]) -> None:
        self._progress, self._waiting = found.progress, found.waiting
        for queue in self._queues:
            if queue.error is not None:
                raise queue.error
            if found.lost:
                queue.forget()
            assigned = found.assigned.get(queue.model.id)
            if assigned is not None and queue.put(demand[queue.model.id], assigned):
                self._news.set()
        if found.is_over:
            self._close()
        else:
            self._follow_stops()
        if found.changes:
            self._on_changes(found.changes)

    def _follow_stops(self) -> None:
        """Stop the queues of models that were stopped in any process; open those that are to be used again."""
        assert self._loop is not None
        stopped = {model.model for model in self._progress.models if model.stopped is not None}
        queues = {queue.model.id: queue for queue in self._queues}
        for model_id, name in self._coordinator.models.items():
            queue = queues.get(model_id)
            if name in stopped:
                if queue is not None:
                    queue.stop()
            elif model_id not in self._stopped and not self._is_closing and (queue is None or queue.can_be_replaced):
                try:
                    queues[model_id] = self._open_queue(model_id)
                except StudioError as error:
                    self._stopped[model_id] = str(error)
                    continue
                self._sending.append(self._loop.create_task(queues[model_id].run()))
        self._queues = list(queues.values())

    async def _wait_for_news(self) -> None:
        """Wait for results, then briefly for more of them."""
        assert self._loop is not None
        alarm = self._loop.call_later(_HEARTBEAT, self._news.set)
        await self._news.wait()
        alarm.cancel()
        await asyncio.sleep(min(max(_COLLECT, _SHARE * self._exchange_seconds), _COLLECT_MAX))
        self._news.clear()

    def _add_outcome(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self.processed += 1
        self._news.set()
        name = self._coordinator.models[outcome.model_id]
        self._finished_at[name].append(time.monotonic())
        limit = self._progress.batch.settings.limits.max_cost
        if limit is None:
            return
        spent = self._progress.cost + sum(one.usage.cost or 0.0 for one in self._outcomes)
        reached = cost_limit_reached(limit, spent)
        if reached:
            self._stop_reason = self._stop_reason or reached
            self._close()

    def _on_fatal(self, model_id: int, cause: Cause, message: str) -> None:
        """Stop a model that cannot be used any more; the others continue.

        Keys and local servers differ between machines, so a worker only leaves the model to other workers.
        """
        name = self._coordinator.models[model_id]
        is_local = endpoint(name, self._progress.batch.settings.base_urls.get(name)).is_local
        if self._is_worker and (cause is Cause.KEY or is_local):
            self.unusable[name] = message
            self._close()
            return
        self._stopped.setdefault(model_id, message)
        for queue in self._queues:
            if queue.model.id == model_id:
                queue.stop()
        self._news.set()

    def _close(self) -> None:
        self._is_closing = True
        for queue in self._queues:
            queue.close()
        self._news.set()

    def _abandon(self) -> None:
        for queue in self._queues:
            queue.abandon()

    def _abandon_after(self, seconds: float) -> None:
        assert self._loop is not None
        self._loop.call_later(seconds, self._abandon)

    def _call(self, function: Callable[..., None], *arguments: float) -> None:
        """Run a function in the loop, unless the loop has ended."""
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(function, *arguments)
            except RuntimeError:
                return  # it closed in the meantime

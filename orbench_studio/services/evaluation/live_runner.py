"""A batch at work in this process: items claimed, sent, and their answers stored, until nothing is left or it is told
to stop. Others may be at the same batch; any of them may be killed at any moment.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.errors import WorkspaceError, WorkspaceMovedError
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.providers.registry import open_provider
from orbench_studio.services.evaluation.batch_coordinator import (
    BatchCoordinator,
    Exchange,
    Report,
    Want,
    cap_reached,
)
from orbench_studio.services.evaluation.batch_tasks import task_of
from orbench_studio.services.evaluation.batch_thread import BatchRunner, LiveModel, Snapshot
from orbench_studio.services.evaluation.model_queue import Model, ModelQueue
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation.results import Outcome

LEASE = 30.0  # seconds after which a process that does not stir is taken for gone
_TOGETHER = 0.1  # seconds in which answers are gathered for one transaction, at least
_LONGEST_TOGETHER = 1.0
_APART = 2.0  # as long as the last exchange took times this, so that others get at the workspace too
_STIR = 0.5  # seconds after which it looks at the batch although nothing has happened here
_STORE_PATIENCE = 60.0  # seconds for which a workspace that cannot be written is tried again
_RATE_OVER = 10.0  # seconds that a rate is taken over


class LiveRunner(BatchRunner):
    """Sends live.

    `on_changes` is called in that thread whenever answers have been stored. StudioError where the batch cannot be
    begun: a key is missing, the local model is not installed. With `helps`, the names of models, it is at a batch that
    somebody else has launched, for these models alone, and leaves when there is nothing left for them.
    """

    def __init__(
        self,
        workspace: Workspace,
        batch_id: int,
        prices: Prices,
        *,
        on_changes: Callable[[Changes], None] = lambda _changes: None,
        lease: float = LEASE,
        helps: Collection[str] | None = None,
    ) -> None:
        super().__init__(batch_id)
        self._desk = BatchCoordinator(workspace, batch_id, lease, helps)
        self._helps = helps is not None
        self.given_back = 0
        """Items that went back when it left."""
        self.answered = 0
        """Items that ended here, with an answer or without."""
        self.refused: dict[str, str] = {}
        """Models that cannot be asked from here, though from elsewhere, where it only helps; and why."""
        self._progress = self._desk.look()
        self._on_changes = on_changes
        self._outcomes: list[Outcome] = []
        self._ended: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=5_000))
        self._lanes = self._make_lanes(prices)
        self._stop_for: str | None = None
        self._waiting = ""
        self._failing_since: float | None = None
        self._took = 0.0  # seconds, the last exchange
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked_to_stop = False

    def stop(self, *, grace: float | None = None) -> None:
        self._asked_to_stop = True
        self._call(self._close)
        if grace is not None:
            self._call(self._abandon_after, grace)

    def snapshot(self) -> Snapshot:
        progress = self._progress
        left = {model.model: model.left for model in progress.models}
        live = {lane.model.name: self._live(lane, left[lane.model.name]) for lane in self._lanes}
        return Snapshot(progress, live, self._waiting)

    def _live(self, lane: ModelQueue, left: int) -> LiveModel:
        rate = self._per_second(lane)
        return LiveModel(lane.under_way, rate, lane.waiting, left / rate if rate else None)

    def _per_second(self, lane: ModelQueue) -> float:
        now = time.monotonic()
        recent = [at for at in self._ended[lane.model.name].copy() if now - at < _RATE_OVER]
        return len(recent) / max(now - recent[0], 1.0) if recent else 0.0

    def _make_lanes(self, prices: Prices) -> list[ModelQueue]:
        settings = self._progress.batch.settings
        task, lanes = task_of(self._progress.batch), []
        for model_id, name in self._desk.models.items():
            base_url = settings.base_urls.get(name)
            place = endpoint(name, base_url)
            model = Model(model_id, name, place.model, prices.of(name, base_url))
            limits = replace(settings.limits, concurrency=place.at_most(settings.limits.concurrency))
            hopeless = partial(self._hopeless, name)
            lanes.append(ModelQueue(model, open_provider(place), task, limits, self._take, hopeless))
        return lanes

    def _work(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="batch-store") as store:
            await self._loop.run_in_executor(store, self._desk.begin)
            if self._asked_to_stop:
                self._close()
            at_work = [asyncio.create_task(lane.run()) for lane in self._lanes]
            try:
                while not await self._exchange(store):
                    await self._something_new()
            finally:
                self._close()
                self._abandon()
                await asyncio.gather(*at_work)
                self.given_back = await self._loop.run_in_executor(store, self._desk.leave)
                self._progress = await self._loop.run_in_executor(store, self._desk.look)

    async def _exchange(self, store: ThreadPoolExecutor) -> bool:
        """Store what has come, claim what is wanted; True where that was the last of it."""
        assert self._loop is not None
        last = all(lane.is_done for lane in self._lanes)
        outcomes, self._outcomes = self._outcomes, []
        wants = {lane.model.id: lane.want() for lane in self._lanes}
        held = [item_id for lane in self._lanes for item_id in lane.held]
        pace = round(60 * sum(self._per_second(lane) for lane in self._lanes))
        begun = time.monotonic()
        try:
            report = Report(outcomes, wants, held, self._stop_for, pace)
            found = await self._loop.run_in_executor(store, self._desk.exchange, report)
        except WorkspaceMovedError:
            raise
        except WorkspaceError as error:
            self._keep_for_later(outcomes, error)
            return False
        self._failing_since = None
        self._took = time.monotonic() - begun
        self._heed(found, wants)
        return last

    def _keep_for_later(self, outcomes: list[Outcome], error: WorkspaceError) -> None:
        """What is paid for is not thrown away because somebody else writes for long, or the disk is full."""
        self._outcomes = outcomes + self._outcomes
        self._failing_since = self._failing_since or time.monotonic()
        self._waiting = str(error)
        if time.monotonic() - self._failing_since > _STORE_PATIENCE:
            raise error

    def _heed(self, found: Exchange, wants: Mapping[int, Want]) -> None:
        self._progress, self._waiting = found.progress, found.waiting
        for lane in self._lanes:
            if lane.fault is not None:
                raise lane.fault
            if found.lost:
                lane.forget()
            share = found.shares.get(lane.model.id)
            if share is not None and lane.put(wants[lane.model.id], share):
                self._news.set()
        if found.is_over:
            self._close()
        if found.changes:
            self._on_changes(found.changes)

    async def _something_new(self) -> None:
        """Wait for answers, and a moment for more of them, but never long."""
        assert self._loop is not None
        alarm = self._loop.call_later(_STIR, self._news.set)
        await self._news.wait()
        alarm.cancel()
        await asyncio.sleep(min(max(_TOGETHER, _APART * self._took), _LONGEST_TOGETHER))
        self._news.clear()

    def _take(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self.answered += 1
        self._news.set()
        name = self._desk.models[outcome.model_id]
        self._ended[name].append(time.monotonic())
        cap = self._progress.batch.settings.limits.max_cost
        spent = self._progress.cost + sum(one.usage.cost or 0.0 for one in self._outcomes)
        reached = cap_reached(cap, spent)
        if reached:
            self._give_up(reached)

    def _hopeless(self, model: str, cause: Cause, message: str) -> None:
        """Nothing more can be had from a model. A key, or a model server, is one machine's: who only helps leaves it
        to the others."""
        here = endpoint(model, self._progress.batch.settings.base_urls.get(model)).on_this_machine
        if self._helps and (cause is Cause.KEY or here):
            self.refused[model] = message
            self._close()
        else:
            self._give_up(message)

    def _give_up(self, reason: str) -> None:
        self._stop_for = self._stop_for or reason
        self._close()

    def _close(self) -> None:
        for lane in self._lanes:
            lane.close()
        self._news.set()

    def _abandon(self) -> None:
        for lane in self._lanes:
            lane.abandon()

    def _abandon_after(self, seconds: float) -> None:
        assert self._loop is not None
        self._loop.call_later(seconds, self._abandon)

    def _call(self, function: Callable[..., None], *arguments: float) -> None:
        """Run a function in the loop; nothing where the loop is over."""
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(function, *arguments)
            except RuntimeError:
                return  # it closed in between

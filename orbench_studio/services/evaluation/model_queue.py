"""The queue of one model: send its items, retry, and pass on each outcome."""

import asyncio
import heapq
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.batch import FATAL, RETRYABLE, Cause, Limits
from orbench_studio.providers.base import Answer, Provider, ProviderError, Request
from orbench_studio.providers.pacing import Pacer
from orbench_studio.services.evaluation.batch_coordinator import Assignment, Demand
from orbench_studio.services.evaluation.batch_tasks import Task
from orbench_studio.services.evaluation.prices import Price, usage
from orbench_studio.store.evaluation.item_claims import ClaimedItem
from orbench_studio.store.evaluation.results import ItemFailure, Outcome, Result, Usage

log = logging.getLogger(__name__)
_UNREAD = frozenset({Cause.RATE_LIMIT, Cause.OVERLOADED, Cause.UNREACHABLE})  # only `patience` limits these attempts
_AHEAD = 1.5  # seconds; an exchange takes longer on a busy machine, and the queue must not run dry
_GROWTH = 0.2  # seconds between checks whether the concurrency has grown
_SHOW_ERROR_AFTER = 2  # consecutive errors, after which the last one is shown
_STOP_AFTER = 20  # consecutive failed items: the cause is not the items


@dataclass(slots=True)
class _Item:
    claimed: ClaimedItem
    attempts: int = 0
    errors: int = 0  # attempts that the vendor processed
    started: float | None = None
    number: int = 0  # of the last attempt, for the pacer


@dataclass(frozen=True, slots=True)
class Model:
    """A model: database id, name, name at the endpoint, price."""

    id: int
    name: str
    endpoint_name: str
    price: Price | None


class ModelQueue:
    """Sends the requests of one model in one event loop. Any thread can read the attributes.

    `on_outcome` receives the outcome of each item, `on_fatal` the cause and a message if the model cannot be used any
    more.
    """

    def __init__(
        self,
        model: Model,
        provider: Provider,
        task: Task,
        limits: Limits,
        on_outcome: Callable[[Outcome], None],
        on_fatal: Callable[[Cause, str], None],
    ) -> None:
        self.model = model
        self.waiting = ""
        self._provider, self._task, self._limits = provider, task, limits
        self._on_outcome, self._on_fatal = on_outcome, on_fatal
        self._pacer = Pacer(limits)
        self._queue: deque[_Item] = deque()
        self._later: list[tuple[float, int, _Item]] = []
        self._in_flight: dict[asyncio.Task[None], _Item] = {}
        self._changed = asyncio.Event()
        self._open, self.is_stopped = True, False
        self._failed_in_a_row = 0
        self._last_error, self._errors_in_a_row = "", 0
        self.error: BaseException | None = None

    @property
    def in_flight(self) -> int:
        """Number of requests without an answer yet."""
        return len(self._in_flight)

    @property
    def held(self) -> list[int]:
        """Items without an outcome yet."""
        items = (*self._queue, *(item for *_, item in self._later), *self._in_flight.values())
        return [item.claimed.item_id for item in items]

    def demand(self, per_second: float) -> Demand:
        """The items and start times that the queue can use until the next exchange, at its current rate.

        Items that wait for their next attempt do not count, unless nothing is answered any more.
        """
        held = len(self._queue) + len(self._in_flight)
        if self._errors_in_a_row >= self._limits.concurrency:
            held += len(self._later)
        wanted = 2 * self._limits.concurrency + round(per_second * _AHEAD)
        items = max(wanted - held, 0) if self._open else 0
        sizes = [self._tokens(item) for item in self._queue] if self._limits.is_paced else []
        return Demand(items, self._pacer.request(sizes, len(self._in_flight)))

    @property
    def adaptations(self) -> list[Adaptation]:
        """The adaptations that the model needs, as far as they are known."""
        return self._provider.adaptations

    @property
    def is_done(self) -> bool:
        """Whether the queue is closed and the last answer has arrived."""
        return not self._open and not self._in_flight

    def put(self, demand: Demand, assigned: Assignment) -> bool:
        """Add what was assigned; True if it needs another exchange soon, for the start times of the items."""
        self._queue.extend(_Item(claimed) for claimed in assigned.items)
        self._pacer.grant(demand.rate, assigned.rate)
        self._changed.set()
        return self._limits.is_paced and bool(assigned.items)

    def stop(self) -> None:
        """Close the queue because the model cannot be used any more."""
        self.is_stopped = True
        self.close()

    @property
    def can_be_replaced(self) -> bool:
        """Whether it was stopped and nothing is in flight any more."""
        return self.is_stopped and self.is_done

    def returned(self) -> list[int]:
        """Remove the unsent items of a stopped queue and return their ids."""
        if not self.is_stopped:
            return []
        unsent = [*self._queue, *(item for *_, item in self._later)]
        self.forget()
        return [item.claimed.item_id for item in unsent]

    def forget(self) -> None:
        """Drop the unsent items: another process has taken them."""
        self._queue.clear()
        self._later.clear()

    def close(self) -> None:
        """Send no more requests. In-flight requests finish; unsent items are released when the process leaves."""
        self._open = False
        self.waiting = ""
        self._changed.set()

    def abandon(self) -> None:
        """Cancel in-flight requests. Their items are released with the rest and sent again later."""
        for task in self._in_flight:
            task.cancel()

    async def run(self) -> None:
        """Send until the queue is closed and the last answer has arrived."""
        try:
            while self._open:
                seconds = self._seconds_to_next()
                if seconds == 0:
                    self._send(self._queue.popleft())
                else:
                    await self._change_within(seconds)
            while self._in_flight:
                await asyncio.wait(self._in_flight)
        finally:
            await self._provider.close()

    def _seconds_to_next(self) -> float | None:
        """Seconds until the next request may start; None to wait for a change."""
        if not self._open or len(self._in_flight) >= self._pacer.concurrency:
            self.waiting = (
                f"no answer yet. {self._last_error}"
                if self._open and self._errors_in_a_row >= _SHOW_ERROR_AFTER
                else ""
            )
            return _GROWTH if self._open and self._queue and self._pacer.is_reduced else None
        now = asyncio.get_running_loop().time()
        while self._later and self._later[0][0] <= now:
            self._queue.appendleft(heapq.heappop(self._later)[2])
        if not self._queue:
            self.waiting = f"next attempt. {self._last_error}" if self._later and not self._in_flight else ""
            return self._later[0][0] - now if self._later else None
        seconds, self.waiting = self._pacer.wait()
        return seconds

    async def _change_within(self, seconds: float | None) -> None:
        if seconds is not None:
            alarm = asyncio.get_running_loop().call_later(seconds, self._changed.set)
        await self._changed.wait()
        if seconds is not None:
            alarm.cancel()
        self._changed.clear()

    def _send(self, item: _Item) -> None:
        item.attempts += 1
        item.started = item.started or asyncio.get_running_loop().time()
        item.number = self._pacer.sent()
        task = asyncio.create_task(self._request(item))
        self._in_flight[task] = item
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._in_flight.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            self.error = task.exception()
        self._changed.set()

    async def _request(self, item: _Item) -> None:
        request = self._task.request(item.claimed, self.model.name, self.model.endpoint_name)
        try:
            answer = await self._provider.complete(request)
        except ProviderError as error:
            self._on_error(item, error)
            return
        used = (answer.input_tokens or 0) + (answer.output_tokens or 0)
        expected = self._tokens(self._queue[0]) if self._queue else 0
        self._pacer.answered(answer.allowance, max(used - self._tokens(item), 0), expected)
        self._finish(item, request, answer)

    def _finish(self, item: _Item, request: Request, answer: Answer) -> None:
        self._failed_in_a_row, self._last_error, self._errors_in_a_row = 0, "", 0
        result = self._task.result(item.claimed, self.model.name, answer)
        self._emit(item, result, usage(self.model.price, request, answer, batch=False))

    def _on_error(self, item: _Item, error: ProviderError) -> None:
        if error.cause in FATAL:
            self._queue.append(item)  # it is returned with the unsent items
            self._give_up(error, error.message)
            return
        if error.cause not in RETRYABLE:
            self._fail(item, error)
            return
        self._last_error, self._errors_in_a_row = error.message, self._errors_in_a_row + 1
        item.errors += error.cause not in _UNREAD
        seconds = self._pacer.failed(error, item.number, item.attempts)
        now = asyncio.get_running_loop().time()
        too_late = now + seconds - (item.started or now) > self._limits.patience
        if item.errors >= self._limits.attempts or too_late:
            self._fail(item, error)
        else:
            heapq.heappush(self._later, (now + seconds, item.claimed.item_id, item))

    def _fail(self, item: _Item, error: ProviderError) -> None:
        self._emit(item, ItemFailure(error.cause, error.message))
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= _STOP_AFTER:
            self._give_up(error, f"{_STOP_AFTER} requests in a row failed. {error.message}")

    def _give_up(self, error: ProviderError, message: str) -> None:
        log.info("%s: stopped, %s", self.model.name, error.cause.label)
        self._on_fatal(error.cause, message)

    def _emit(self, item: _Item, result: Result | ItemFailure, used: Usage | None = None) -> None:
        ids = (item.claimed.item_id, item.claimed.prompt_id, item.claimed.model_id)
        self._on_outcome(Outcome(*ids, item.attempts, result, used or Usage()))

    def _tokens(self, item: _Item) -> int:
        return (len(item.claimed.prompt) + len(item.claimed.response or "")) // 4 + 1

"""One model of a batch at work in this process: sends what it was given, tries again, hands on what came of it."""

import asyncio
import heapq
import logging
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from orbench_studio.domain.evaluation.batch import HOPELESS, PASSING, Cause, Limits
from orbench_studio.providers.base import Answer, AskError, Provider
from orbench_studio.providers.pacing import Pacer
from orbench_studio.services.evaluation.batch_coordinator import Share, Want
from orbench_studio.services.evaluation.batch_tasks import Task
from orbench_studio.services.evaluation.prices import Price, cost
from orbench_studio.store.evaluation.item_claims import Claimed
from orbench_studio.store.evaluation.results import ItemFailure, Outcome, Result, Usage

log = logging.getLogger(__name__)
_TOO_MUCH = frozenset({Cause.RATE_LIMIT, Cause.OVERLOADED})
_UNREAD = _TOO_MUCH | {Cause.UNREACHABLE}  # the vendor has not looked at it: only time bounds how often it is tried
_FIRST_BACKOFF = 0.5  # seconds, doubled with every attempt
_LONGEST_BACKOFF = 30.0
_VAIN = 2  # requests without an answer between them, after which it is said what hinders
_ENOUGH = 20  # items given up without an answer between them: it is not the items


@dataclass(slots=True)
class _Item:
    claimed: Claimed
    attempts: int = 0
    faults: int = 0  # attempts that the vendor looked at
    begun: float | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """Who is asked: its name and row, what it is called at its endpoint, what it costs."""

    id: int
    name: str
    there: str
    price: Price | None


class ModelQueue:
    """The requests of one model. Lives in one event loop; the attributes can be looked at from anywhere.

    `on_outcome` gets what an item ended in, `on_hopeless` is told why nothing more can be had from the model, by its
    cause and in words.
    """

    def __init__(
        self,
        model: Model,
        provider: Provider,
        task: Task,
        limits: Limits,
        on_outcome: Callable[[Outcome], None],
        on_hopeless: Callable[[Cause, str], None],
    ) -> None:
        self.model = model
        self.waiting = ""
        self._provider, self._task, self._limits = provider, task, limits
        self._on_outcome, self._on_hopeless = on_outcome, on_hopeless
        self._pacer = Pacer(limits)
        self._queue: deque[_Item] = deque()
        self._later: list[tuple[float, int, _Item]] = []
        self._asking: dict[asyncio.Task[None], _Item] = {}
        self._changed = asyncio.Event()
        self._open = True
        self._given_up = 0
        self._hindrance, self._in_vain = "", 0  # what the last request met, how many did since one was answered
        self.fault: BaseException | None = None

    @property
    def under_way(self) -> int:
        """Requests that have been sent and not been answered."""
        return len(self._asking)

    @property
    def held(self) -> list[int]:
        """The items that it has and that have not ended."""
        items = (*self._queue, *(item for *_, item in self._later), *self._asking.values())
        return [item.claimed.item_id for item in items]

    def want(self) -> Want:
        """What it could do with: as many items in store as may be under way, and starts for those that wait."""
        held = len(self._queue) + len(self._later) + len(self._asking)
        items = max(2 * self._limits.concurrency - held, 0) if self._open else 0
        sizes = [self._tokens(item) for item in self._queue] if self._limits.is_paced else []
        return Want(items, self._pacer.wish(sizes, len(self._asking)))

    @property
    def is_done(self) -> bool:
        """Whether it is closed and the last answer is home."""
        return not self._open and not self._asking

    def put(self, want: Want, share: Share) -> bool:
        """What came of what it wanted; True where it should ask again soon: for starts of what it was given."""
        self._queue.extend(_Item(claimed) for claimed in share.items)
        self._pacer.allow(want.wish, share.allowed)
        self._changed.set()
        return self._limits.is_paced and bool(share.items)

    def forget(self) -> None:
        """Others have taken what was not sent yet."""
        self._queue.clear()
        self._later.clear()

    def close(self) -> None:
        """Send nothing more; what is under way comes home. What was not sent goes back when the process signs off."""
        self._open = False
        self.waiting = ""
        self._changed.set()

    def abandon(self) -> None:
        """Do not wait for what is under way; it goes back with the rest, and will be sent again."""
        for task in self._asking:
            task.cancel()

    async def run(self) -> None:
        """Send until the lane is closed and the last answer is home."""
        try:
            while self._open:
                seconds = self._seconds_to_next()
                if seconds == 0:
                    self._send(self._queue.popleft())
                else:
                    await self._change_within(seconds)
            while self._asking:
                await asyncio.wait(self._asking)
        finally:
            await self._provider.close()

    def _seconds_to_next(self) -> float | None:
        """Seconds until the next request may go; None where only a change can tell."""
        if not self._open or len(self._asking) >= self._pacer.at_once:
            self.waiting = f"an answer. {self._hindrance}" if self._open and self._in_vain >= _VAIN else ""
            return None
        now = asyncio.get_running_loop().time()
        while self._later and self._later[0][0] <= now:
            self._queue.appendleft(heapq.heappop(self._later)[2])
        if not self._queue:
            self.waiting = f"to try again. {self._hindrance}" if self._later and not self._asking else ""
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
        item.begun = item.begun or asyncio.get_running_loop().time()
        self._pacer.sent()
        task = asyncio.create_task(self._ask(item))
        self._asking[task] = item
        task.add_done_callback(self._home)

    def _home(self, task: asyncio.Task[None]) -> None:
        self._asking.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            self.fault = task.exception()
        self._changed.set()

    async def _ask(self, item: _Item) -> None:
        request = self._task.request(item.claimed, self.model.name, self.model.there)
        try:
            answer = await self._provider.ask(request)
        except AskError as error:
            self._failed(item, error)
            return
        used = (answer.input_tokens or 0) + (answer.output_tokens or 0)
        expected = self._tokens(self._queue[0]) if self._queue else 0
        self._pacer.answered(answer.allowance, max(used - self._tokens(item), 0), expected)
        self._end(item, answer)

    def _end(self, item: _Item, answer: Answer) -> None:
        self._given_up, self._hindrance, self._in_vain = 0, "", 0
        tokens = (answer.input_tokens, answer.output_tokens)
        usage = Usage(*tokens, cost(self.model.price, *tokens, batch=False))
        result = self._task.result(item.claimed, self.model.name, answer)
        self._hand_on(item, result, usage)

    def _failed(self, item: _Item, error: AskError) -> None:
        if error.cause in HOPELESS:
            self._stop(error, f"{self.model.name}: {error.message}")
            return
        if error.cause not in PASSING:
            self._give_up(item, error)
            return
        self._hindrance, self._in_vain = error.message, self._in_vain + 1
        item.faults += error.cause not in _UNREAD
        if error.cause in _TOO_MUCH:
            seconds = self._pacer.limited(error.retry_after)
        else:
            seconds = max(_backoff(item.attempts), error.retry_after or 0.0)
        now = asyncio.get_running_loop().time()
        too_late = now + seconds - (item.begun or now) > self._limits.patience
        if item.faults >= self._limits.attempts or too_late:
            self._give_up(item, error)
        else:
            heapq.heappush(self._later, (now + seconds, item.claimed.item_id, item))

    def _give_up(self, item: _Item, error: AskError) -> None:
        self._hand_on(item, ItemFailure(error.cause, error.message))
        self._given_up += 1
        if self._given_up >= _ENOUGH:
            self._stop(error, f"{self.model.name} has not answered one of {_ENOUGH} requests: {error.message}")

    def _stop(self, error: AskError, message: str) -> None:
        log.info("%s: nothing more is sent, %s", self.model.name, error.cause)
        self._on_hopeless(error.cause, message)

    def _hand_on(self, item: _Item, result: Result | ItemFailure, usage: Usage | None = None) -> None:
        place = (item.claimed.item_id, item.claimed.prompt_id, item.claimed.model_id)
        self._on_outcome(Outcome(*place, item.attempts, result, usage or Usage()))

    def _tokens(self, item: _Item) -> int:
        return (len(item.claimed.prompt) + len(item.claimed.response or "")) // 4 + 1


def _backoff(attempts: int) -> float:
    """Seconds before the next attempt, spread so that many that failed together do not come back together."""
    longest = min(_FIRST_BACKOFF * 2.0 ** min(attempts - 1, 10), _LONGEST_BACKOFF)
    return longest * random.uniform(0.5, 1.0)

"""Pacing of the requests to one model in this process: concurrency, granted start times, pauses."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from time import monotonic

from orbench_studio.domain.evaluation.batch import Limits
from orbench_studio.domain.evaluation.rate_limits import BURST, RateGrant, RateRequest
from orbench_studio.providers.base import Allowance

_FIRST_PAUSE = 1.0  # seconds after a rate limit error without a time; doubled with each further one
_MAX_PAUSE = 60.0
_SETTLE = 1.0  # seconds in which further rate limit errors count as the same event


class Pacer:
    """Computes the wait before the next request. For one model in one event loop.

    All processes share the limits per minute: `request` asks for start times, `grant` receives them. After a rate limit
    error the concurrency is halved; then it grows by one per round of answers, up to the limit (additive increase,
    multiplicative decrease).
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._max_concurrency = limits.concurrency
        self._concurrency = float(limits.concurrency)
        self._is_paced = limits.is_paced
        self._starts: deque[tuple[float, float]] = deque()  # start time and expiry of each granted start
        self._sent = 0  # requests since the last `request`
        self._owed = 0
        self._own_pause = self._shared_pause = float("-inf")  # end of the pause: seen here, seen by any process
        self._pause = _FIRST_PAUSE
        self._slowed_at = float("-inf")

    @property
    def concurrency(self) -> int:
        """Allowed number of concurrent requests."""
        return int(self._concurrency)

    def wait(self) -> tuple[float | None, str]:
        """Seconds before the next request, and the reason; None until a start time is granted."""
        now = self._clock()
        pause = max(self._own_pause, self._shared_pause) - now
        if pause > 0:
            return pause, "the vendor's rate limit"
        if not self._is_paced:
            return 0.0, ""
        while self._starts and self._starts[0][1] < now:
            self._starts.popleft()
        if not self._starts:
            return None, "your rate limit"
        seconds = max(self._starts[0][0] - now, 0.0)
        return seconds, "your rate limit" if seconds else ""

    def sent(self) -> None:
        """Record a sent request."""
        self._sent += 1
        if self._is_paced:
            self._starts.popleft()

    def request(self, sizes: Sequence[int], in_flight: int) -> RateRequest:
        """Ask for start times of waiting requests, given by their tokens: for those that can go now or soon."""
        pause = max(self._own_pause - self._clock(), 0.0)
        if not self._is_paced:
            return RateRequest(pause=pause)
        soon = max(self.concurrency - in_flight, 0) + max(self._sent, 1)
        self._sent = 0
        return RateRequest(tuple(islice(sizes, len(self._starts), soon)), self._owed, pause)

    def grant(self, request: RateRequest, granted: RateGrant) -> None:
        """Receive the start times for a request."""
        now = self._clock()
        self._owed -= request.owed
        self._shared_pause = now + granted.pause if granted.pause else float("-inf")
        self._starts.extend((now + start, now + start + BURST) for start in granted.starts)

    def answered(self, allowance: Allowance, more_tokens: int, next_tokens: int) -> None:
        """Record an answer that used `more_tokens` beyond the estimate; pause if the vendor's limit is used up."""
        self._pause = _FIRST_PAUSE
        self._concurrency = min(self._max_concurrency, self._concurrency + 1 / self._concurrency)
        self._owed += more_tokens
        if allowance.requests == 0:
            self._wait_for(allowance.requests_reset)
        if allowance.tokens is not None and allowance.tokens < next_tokens:
            self._wait_for(allowance.tokens_reset)

    def rate_limited(self, retry_after: float | None) -> float:
        """Record a rate limit error: reduce concurrency and return the seconds until the next request."""
        now = self._clock()
        if now - self._slowed_at > _SETTLE:
            self._slowed_at = now
            self._concurrency = max(1.0, self._concurrency / 2)
            if retry_after is None:
                retry_after = self._pause
                self._pause = min(self._pause * 2, _MAX_PAUSE)
        if retry_after is not None:
            self._wait_for(retry_after)
        return max(self._own_pause - now, 0.0)

    def _wait_for(self, seconds: float) -> None:
        self._own_pause = max(self._own_pause, self._clock() + seconds)

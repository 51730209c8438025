"""Pacing of the requests to one model in this process: concurrency, granted start times, pauses, Retry-After.

This is the only place that obeys Retry-After and the vendor's rate limit headers.
"""

import random
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from time import monotonic

from orbench_studio.domain.evaluation.batch import Cause, Limits
from orbench_studio.domain.evaluation.rate_limits import BURST, RateGrant, RateRequest
from orbench_studio.providers.base import Allowance, ProviderError

_FIRST_BACKOFF = 0.5  # seconds before the second attempt, without a time from the vendor; doubled with every attempt
_MAX_BACKOFF = 30.0
_RUN = 4  # requests refused one after the other: the limit concerns every request, so all of them wait
_NEXT_RUN = 2  # the same while the concurrency is still reduced
_RECENT = 30  # requests; if a third of them were refused, the concurrency is halved. 1 random error in 20 is far below
_SETTLE = 0.5  # seconds in which further rate limit errors count as the same event
_RECOVERY = 5.0  # seconds in which a reduced concurrency returns to the limit
_FIRST_PAUSE = 0.5  # seconds for all requests, without a time from the vendor; doubled until an answer arrives
_MAX_PAUSE = 60.0


class Pacer:
    """Computes the wait before the next request, and before the next attempt of a failed one.

    For one model in one event loop. A failed request waits alone. The other requests wait only if the vendor's headers
    report a used up limit, or after several rate limit errors in a row. All processes share the limits per minute and
    the pauses: `request` asks for start times, `grant` receives them.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._max_concurrency = limits.concurrency
        self._reduced_to, self._reduced_at = float(limits.concurrency), float("-inf")
        self._recovers_from = float("-inf")  # the reduction, or the end of its pause
        self._remaining, self._remaining_until = limits.concurrency, float("-inf")  # requests, by the vendor's headers
        self._is_paced = limits.is_paced
        self._starts: deque[tuple[float, float]] = deque()  # start time and expiry of each granted start
        self._sent = 0  # requests since the last `request`
        self._owed = 0
        self._own_pause = self._shared_pause = float("-inf")  # end of the pause: seen here, seen by any process
        self._pause = _FIRST_PAUSE
        self._number = 0  # of the last request sent
        self._refused: set[int] = set()  # numbers of recent requests with a rate limit error

    @property
    def concurrency(self) -> int:
        """Allowed number of concurrent requests."""
        now = self._clock()
        recovered = min(max((now - self._recovers_from) / _RECOVERY, 0.0), 1.0)
        allowed = int(self._reduced_to + (self._max_concurrency - self._reduced_to) * recovered)
        return max(min(allowed, self._remaining), 1) if now < self._remaining_until else allowed

    @property
    def is_reduced(self) -> bool:
        """Whether the concurrency is below the limit and will grow."""
        return self.concurrency < self._max_concurrency

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

    def sent(self) -> int:
        """Record a sent request; return its number."""
        self._sent += 1
        self._number += 1
        if self._is_paced:
            self._starts.popleft()
        return self._number

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
        """Record an answer that used `more_tokens` beyond the estimate, and the remaining limit from its headers."""
        self._pause = _FIRST_PAUSE
        self._owed += more_tokens
        if allowance.requests is not None:
            self._remaining, self._remaining_until = allowance.requests, self._clock() + allowance.requests_reset
        if allowance.requests == 0:
            self._pause_for(allowance.requests_reset)
        if allowance.tokens is not None and allowance.tokens < next_tokens:
            self._pause_for(allowance.tokens_reset)

    def failed(self, error: ProviderError, number: int, attempts: int) -> float:
        """Record the error of a request; return the seconds before its next attempt: its Retry-After, or a backoff.

        Only rate limit errors change the pace of other requests. An overloaded vendor (503, 529) does not ask us to be
        slower.
        """
        if error.cause is Cause.RATE_LIMIT:
            self._slow_down(number, error.retry_after)
        return error.retry_after or _backoff(attempts)

    def _slow_down(self, number: int, retry_after: float | None) -> None:
        """Pause after a run of refused requests, reduce the concurrency after many.

        Requests in flight count as accepted: a refusal arrives before the answers to earlier requests.
        """
        now = self._clock()
        self._refused = {one for one in self._refused if one > self._number - _RECENT} | {number}
        is_run = all(number - back in self._refused for back in range(_NEXT_RUN if self.is_reduced else _RUN))
        if is_run and retry_after:
            self._pause_for(retry_after)
        elif is_run and now >= self._own_pause:
            self._pause_for(self._pause)
            self._pause = min(self._pause * 2, _MAX_PAUSE)
        if (is_run or len(self._refused) > _RECENT / 3) and now - self._reduced_at > _SETTLE:
            self._reduced_to, self._reduced_at = max(self.concurrency / 2, 1.0), now
            self._recovers_from = max(now, self._own_pause)

    def _pause_for(self, seconds: float) -> None:
        self._own_pause = max(self._own_pause, self._clock() + seconds)


def _backoff(attempts: int) -> float:
    """Seconds before the next attempt, with jitter so that requests that failed together are not repeated together."""
    longest = min(_FIRST_BACKOFF * 2.0 ** min(attempts - 1, 10), _MAX_BACKOFF)
    return longest * random.uniform(0.5, 1.0)

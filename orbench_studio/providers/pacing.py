"""How fast one model may be asked from this process: requests at once, starts that it was given, pauses."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from time import monotonic

from orbench_studio.domain.evaluation.batch import Limits
from orbench_studio.domain.evaluation.rate_limits import BURST, RateGrant, RateRequest
from orbench_studio.providers.base import Allowance

_FIRST_PAUSE = 1.0  # seconds after a rate limit that names no time; doubled with every further one
_LONGEST_PAUSE = 60.0
_CALM = 1.0  # seconds in which further rate limits are taken for answers to the same haste


class Pacer:
    """Says how long to wait before the next request. One model, one process, one event loop.

    Limits a minute are kept by all processes together: what may start when is asked for with `wish` and told with
    `allow`. The number of requests at once is halved when the vendor says that it is too many, and grows by one with
    every round of answers until it is what was asked for.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._most = limits.concurrency
        self._at_once = float(limits.concurrency)
        self._is_paced = limits.is_paced
        self._starts: deque[tuple[float, float]] = deque()  # when each may start, and when that is forgotten
        self._sent = 0  # since the last wish
        self._owed = 0
        self._own_pause = self._shared_pause = float("-inf")  # until when: by what came here, by what came anywhere
        self._pause = _FIRST_PAUSE
        self._slowed_at = float("-inf")

    @property
    def at_once(self) -> int:
        """Requests that may be under way."""
        return int(self._at_once)

    def wait(self) -> tuple[float | None, str]:
        """Seconds before the next request may go, and what for; (0, "") for none, None where it is to be told."""
        now = self._clock()
        pause = max(self._own_pause, self._shared_pause) - now
        if pause > 0:
            return pause, "rate limit of the vendor"
        if not self._is_paced:
            return 0.0, ""
        while self._starts and self._starts[0][1] < now:
            self._starts.popleft()
        if not self._starts:
            return None, "your limits a minute"
        seconds = max(self._starts[0][0] - now, 0.0)
        return seconds, "your limits a minute" if seconds else ""

    def sent(self) -> None:
        """A request went out."""
        self._sent += 1
        if self._is_paced:
            self._starts.popleft()

    def wish(self, sizes: Sequence[int], under_way: int) -> RateRequest:
        """What to ask for when requests of so many tokens are waiting: what could go now, and what will soon."""
        pause = max(self._own_pause - self._clock(), 0.0)
        if not self._is_paced:
            return RateRequest(pause=pause)
        soon = max(self.at_once - under_way, 0) + max(self._sent, 1)
        self._sent = 0
        return RateRequest(tuple(islice(sizes, len(self._starts), soon)), self._owed, pause)

    def allow(self, wish: RateRequest, allowed: RateGrant) -> None:
        """What came of a wish."""
        now = self._clock()
        self._owed -= wish.owed
        self._shared_pause = now + allowed.pause if allowed.pause else float("-inf")
        self._starts.extend((now + start, now + start + BURST) for start in allowed.starts)

    def answered(self, allowance: Allowance, more_tokens: int, next_tokens: int) -> None:
        """An answer came, `more_tokens` larger than the request was taken for; heed what the vendor says is left."""
        self._pause = _FIRST_PAUSE
        self._at_once = min(self._most, self._at_once + 1 / self._at_once)
        self._owed += more_tokens
        if allowance.requests == 0:
            self._wait_for(allowance.requests_reset)
        if allowance.tokens is not None and allowance.tokens < next_tokens:
            self._wait_for(allowance.tokens_reset)

    def limited(self, retry_after: float | None) -> float:
        """The vendor says that it is too much: fewer at once from now on. The seconds until the next may go."""
        now = self._clock()
        if now - self._slowed_at > _CALM:
            self._slowed_at = now
            self._at_once = max(1.0, self._at_once / 2)
            if retry_after is None:
                retry_after = self._pause
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        if retry_after is not None:
            self._wait_for(retry_after)
        return max(self._own_pause - now, 0.0)

    def _wait_for(self, seconds: float) -> None:
        self._own_pause = max(self._own_pause, self._clock() + seconds)

"""How fast one model may be asked: requests at once, requests and tokens a minute, and what the vendor says is left."""

from collections.abc import Callable
from time import monotonic

from orbench_studio.domain.batch import Limits
from orbench_studio.providers.base import Allowance

_FIRST_PAUSE = 1.0  # seconds after a rate limit that names no time; doubled with every further one
_LONGEST_PAUSE = 60.0
_CALM = 1.0  # seconds in which further rate limits are taken for answers to the same haste
_BURST = 0.05  # of a minute's allowance may go out at once


class Pacer:
    """Says how long to wait before the next request. One model, one process, one event loop.

    The number of requests at once is halved when the vendor says that it is too many, and grows by one with every
    round of answers until it is what was asked for.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._most = limits.concurrency
        self._at_once = float(limits.concurrency)
        self._requests = _Bucket(limits.requests_per_minute, clock())
        self._tokens = _Bucket(limits.tokens_per_minute, clock())
        self._paused_until = 0.0
        self._pause = _FIRST_PAUSE
        self._slowed_at = float("-inf")

    @property
    def at_once(self) -> int:
        """Requests that may be under way."""
        return int(self._at_once)

    def wait(self, tokens: int) -> tuple[float, str]:
        """Seconds before a request of so many tokens may go, and what for; (0, "") for none."""
        now = self._clock()
        waits = {
            "rate limit of the vendor": self._paused_until - now,
            "your limit of requests a minute": self._requests.wait(1, now),
            "your limit of tokens a minute": self._tokens.wait(tokens, now),
        }
        reason = max(waits, key=lambda name: waits[name])
        return (waits[reason], reason) if waits[reason] > 0 else (0.0, "")

    def sent(self, tokens: int) -> None:
        """A request of about so many tokens went out."""
        now = self._clock()
        self._requests.take(1, now)
        self._tokens.take(tokens, now)

    def answered(self, allowance: Allowance, more_tokens: int, next_tokens: int) -> None:
        """An answer came, `more_tokens` larger than the request was taken for; heed what the vendor says is left."""
        self._pause = _FIRST_PAUSE
        self._at_once = min(self._most, self._at_once + 1 / self._at_once)
        now = self._clock()
        self._tokens.take(more_tokens, now)
        if allowance.requests == 0:
            self._paused_until = max(self._paused_until, now + allowance.requests_reset)
        if allowance.tokens is not None and allowance.tokens < next_tokens:
            self._paused_until = max(self._paused_until, now + allowance.tokens_reset)

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
            self._paused_until = max(self._paused_until, now + retry_after)
        return max(self._paused_until - now, 0.0)


class _Bucket:
    """So much a minute, evenly; None for no limit."""

    def __init__(self, per_minute: int | None, now: float) -> None:
        self._rate = per_minute / 60 if per_minute else None
        self._size = max(per_minute * _BURST, 1.0) if per_minute else 0.0
        self._level, self._at = self._size, now

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much is there; what is more than the bucket ever holds goes when it is full."""
        if self._rate is None:
            return 0.0
        self._fill(now)
        return max(min(amount, self._size) - self._level, 0.0) / self._rate

    def take(self, amount: float, now: float) -> None:
        """Take so much, also what is not there yet."""
        if self._rate is not None:
            self._fill(now)
            self._level -= amount

    def _fill(self, now: float) -> None:
        if self._rate is not None:
            self._level = min(self._size, self._level + (now - self._at) * self._rate)
            self._at = now

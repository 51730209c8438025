"""Rate limits that several processes share (a generic cell rate algorithm).

A limit is stored as the time at which everything taken so far has been refilled, so that no history is needed. Unused
capacity older than `BURST` is lost. No minute has more requests than the limit, wherever it starts.
"""

from dataclasses import dataclass, field, replace

from orbench_studio.domain.evaluation.batch import Limits

BURST = 3.0  # seconds of capacity that can be used at once
WINDOW = 60 + 2 * BURST  # seconds in which a minute's limit is used: a burst at either end of a minute is within it
_MAX_PAUSE = 60.0  # seconds; a process with a longer pause requests it again
_LOOKAHEAD = 1.0  # seconds for which start times are granted in advance, in one request for several starts


@dataclass(frozen=True, slots=True)
class RateUsage:
    """Usage of the limits of a model at an endpoint, and the end of a pause that its vendor asked for.

    All values are times in seconds on the shared clock.
    """

    requests_at: float = 0.0
    tokens_at: float = 0.0
    paused_until: float = 0.0


@dataclass(frozen=True, slots=True)
class RateRequest:
    """A process's request for start times, one for each entry of `tokens`, in this order.

    `owed` are tokens that earlier requests used beyond their estimate. `pause` is the pause in seconds that the vendor
    asked for.
    """

    tokens: tuple[int, ...] = ()
    owed: int = 0
    pause: float = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether the request changes nothing."""
        return not (self.tokens or self.owed or self.pause)


@dataclass(frozen=True, slots=True)
class RateGrant:
    """Seconds until each of the granted requests may start, and the remaining pause in seconds."""

    starts: tuple[float, ...] = field(default=())
    pause: float = 0.0


def take(used: RateUsage, limits: Limits, request: RateRequest, now: float) -> tuple[RateUsage, RateGrant]:
    """Grant a request as far as the limits allow; return the new usage and the grant."""
    requests = _Meter(limits.requests_per_minute, used.requests_at, now)
    tokens = _Meter(limits.tokens_per_minute, used.tokens_at, now)
    paused_until = max(used.paused_until, now + min(request.pause, _MAX_PAUSE))
    tokens.take(request.owed)
    starts: list[float] = []
    for size in request.tokens:
        start = max(requests.at, tokens.at, paused_until, now)
        if start > now + _LOOKAHEAD:
            break
        requests.take(1)
        tokens.take(size)
        starts.append(start - now)
    after = replace(used, requests_at=requests.at, tokens_at=tokens.at, paused_until=paused_until)
    return after, RateGrant(tuple(starts), max(paused_until - now, 0.0))


class _Meter:
    def __init__(self, per_minute: int | None, at: float, now: float) -> None:
        self._each = WINDOW / per_minute if per_minute else 0.0
        self.at = max(at, now - BURST) if per_minute else at

    def take(self, amount: int) -> None:
        """Take an amount, also beyond the capacity."""
        self.at += amount * self._each

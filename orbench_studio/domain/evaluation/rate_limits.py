"""Limits a minute that several processes keep together: how far they are used up, and who may start what when.

A limit is kept as the moment at which everything taken so far is paid for, so that nothing has to be counted back. What
was not taken is forgotten after a while: so much, and no more, can go out at once.
"""

from dataclasses import dataclass, field, replace

from orbench_studio.domain.evaluation.batch import Limits

BURST = 3.0  # seconds: what these allow may go out at once
_LONGEST_PAUSE = 60.0  # seconds; whoever was told of a longer one says so again, as long as it is there
_AHEAD = 1.0  # seconds for which starts are given out in advance, so that nobody asks for each of them


@dataclass(frozen=True, slots=True)
class RateUsage:
    """How far the limits of a model at its endpoint are used up, and until when its vendor wants nothing more.

    Moments, in seconds on the clock that all share.
    """

    requests_at: float = 0.0
    tokens_at: float = 0.0
    paused_until: float = 0.0


@dataclass(frozen=True, slots=True)
class RateRequest:
    """What a process wants: to start requests of so many `tokens` each, in this order.

    `owed` are tokens that answers had beyond what was taken for them; `pause` is for how many seconds the vendor has
    said that it wants nothing more.
    """

    tokens: tuple[int, ...] = ()
    owed: int = 0
    pause: float = 0.0

    @property
    def takes_nothing(self) -> bool:
        """Whether it leaves everything as it is."""
        return not (self.tokens or self.owed or self.pause)


@dataclass(frozen=True, slots=True)
class RateGrant:
    """In how many seconds each of the next requests may start, as many as there are now; for how long nobody may."""

    starts: tuple[float, ...] = field(default=())
    pause: float = 0.0


def take(used: RateUsage, limits: Limits, wish: RateRequest, now: float) -> tuple[RateUsage, RateGrant]:
    """Take what is wished for as far as it is there; how far the limits are used up then, and what may start when."""
    requests = _Meter(limits.requests_per_minute, used.requests_at, now)
    tokens = _Meter(limits.tokens_per_minute, used.tokens_at, now)
    paused_until = max(used.paused_until, now + min(wish.pause, _LONGEST_PAUSE))
    tokens.take(wish.owed)
    starts: list[float] = []
    for size in wish.tokens:
        start = max(requests.at, tokens.at, paused_until, now)
        if start > now + _AHEAD:
            break
        requests.take(1)
        tokens.take(size)
        starts.append(start - now)
    after = replace(used, requests_at=requests.at, tokens_at=tokens.at, paused_until=paused_until)
    return after, RateGrant(tuple(starts), max(paused_until - now, 0.0))


class _Meter:
    def __init__(self, per_minute: int | None, at: float, now: float) -> None:
        self._each = 60 / per_minute if per_minute else 0.0
        self.at = max(at, now - BURST) if per_minute else at

    def take(self, amount: int) -> None:
        """Take so much, also what is not there yet."""
        self.at += amount * self._each

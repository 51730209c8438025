"""How fast a model may be asked by all processes at a workspace together: a row for each model at its endpoint."""

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select, update

from orbench_studio.domain.evaluation.batch import Limits
from orbench_studio.domain.evaluation.rate_limits import RateGrant, RateRequest, RateUsage
from orbench_studio.domain.evaluation.rate_limits import take as taken
from orbench_studio.store.core.batch_tables import RATE_LIMITS

_L = RATE_LIMITS.c
_UNUSED = {"requests_at": 0.0, "tokens_at": 0.0, "paused_until": 0.0}


def know(db: Connection, places: Iterable[str]) -> None:
    """Have a row for each of the places; one writer at a time."""
    there = set(db.execute(select(_L.place)).scalars())
    missing = [{"place": place} | _UNUSED for place in sorted({*places} - there)]
    if missing:
        db.execute(insert(RATE_LIMITS), missing)


def take(db: Connection, place: str, limits: Limits, wish: RateRequest, now: float) -> RateGrant:
    """Take what is wished for as far as the limits have it; where nothing is, only told how things are.

    Others wait for the end of the transaction, so this comes last in it.
    """
    row = select(_L.requests_at, _L.tokens_at, _L.paused_until).where(_L.place == place)
    if wish.takes_nothing:
        return taken(RateUsage(*db.execute(row).one()), limits, wish, now)[1]
    used = RateUsage(*db.execute(row.with_for_update()).one())
    after, allowed = taken(used, limits, wish, now)
    values = {"requests_at": after.requests_at, "tokens_at": after.tokens_at, "paused_until": after.paused_until}
    db.execute(update(RATE_LIMITS).where(_L.place == place).values(values))
    return allowed

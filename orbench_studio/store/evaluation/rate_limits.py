"""Rate limits that all processes of a workspace share: one row for each model and endpoint (its key)."""

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select, update

from orbench_studio.domain.evaluation.batch import Limits
from orbench_studio.domain.evaluation.rate_limits import RateGrant, RateRequest, RateUsage
from orbench_studio.domain.evaluation.rate_limits import take as take_from
from orbench_studio.store.core.batch_tables import RATE_LIMITS

_L = RATE_LIMITS.c
_UNUSED = {"requests_at": 0.0, "tokens_at": 0.0, "paused_until": 0.0}


def add_missing(db: Connection, keys: Iterable[str]) -> None:
    """Add a row for each key that has none; one writer at a time."""
    existing = set(db.execute(select(_L.place)).scalars())
    missing = [{"place": key} | _UNUSED for key in sorted({*keys} - existing)]
    if missing:
        db.execute(insert(RATE_LIMITS), missing)


def take(db: Connection, key: str, limits: Limits, request: RateRequest, now: float) -> RateGrant:
    """Grant a request as far as the limits allow; an empty request only reads the pause.

    Other processes wait for the end of the transaction, so call this last in it.
    """
    row = select(_L.requests_at, _L.tokens_at, _L.paused_until).where(_L.place == key)
    if request.is_empty:
        return take_from(RateUsage(*db.execute(row).one()), limits, request, now)[1]
    used = RateUsage(*db.execute(row.with_for_update()).one())
    after, grant = take_from(used, limits, request, now)
    values = {"requests_at": after.requests_at, "tokens_at": after.tokens_at, "paused_until": after.paused_until}
    db.execute(update(RATE_LIMITS).where(_L.place == key).values(values))
    return grant

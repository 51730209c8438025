"""Which items are in which of the vendors' own batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Connection, func, select, update

from orbench_studio.domain.evaluation.batch import ItemState
from orbench_studio.store.core.batch_tables import BATCH_ITEMS, VENDOR_BATCHES
from orbench_studio.store.core.bulk_sql import inserted
from orbench_studio.store.evaluation import batches

_I, _V = BATCH_ITEMS.c, VENDOR_BATCHES.c


class Stage(StrEnum):
    """`open` from before it is handed in until its results are stored."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class VendorBatch:
    """A vendor's batch of ours; `vendor_id` None where a process was killed before the vendor's answer came."""

    id: int
    model_id: int
    vendor_id: str | None
    created_at: datetime
    size: int


def hand_over(db: Connection, batch_id: int, model_id: int, item_ids: Sequence[int]) -> int:
    """Write down, before it is handed in, that these claimed items go into one vendor batch; its number."""
    row = {"batch_id": batch_id, "model_id": model_id, "vendor_id": None, "state": Stage.OPEN}
    number = inserted(db, VENDOR_BATCHES, row | {"created_at": datetime.now(UTC)})
    values = {"state": ItemState.AT_VENDOR, "vendor_batch_id": number, "runner_id": None}
    db.execute(update(BATCH_ITEMS).where(_I.id.in_(item_ids)).values(values))
    batches.count(db, batch_id, model_id, {"at_vendor": len(item_ids)})
    return number


def name(db: Connection, number: int, vendor_id: str) -> None:
    """Keep the vendor's id."""
    db.execute(update(VENDOR_BATCHES).where(_V.id == number).values(vendor_id=vendor_id))


def opened(db: Connection, batch_id: int) -> list[VendorBatch]:
    """Those whose results are still to come, oldest first."""
    size = select(func.count()).where(_I.vendor_batch_id == _V.id).scalar_subquery()
    statement = select(_V.id, _V.model_id, _V.vendor_id, _V.created_at, size)
    statement = statement.where(_V.batch_id == batch_id, _V.state == Stage.OPEN).order_by(_V.id)
    return [VendorBatch(*row) for row in db.execute(statement)]


def known(db: Connection) -> set[str]:
    """The vendors' ids of all that the workspace has ever handed in."""
    return set(db.execute(select(_V.vendor_id).where(_V.vendor_id.is_not(None))).scalars())


def unanswered(db: Connection, number: int) -> list[tuple[int, int | None]]:
    """(Item id, prompt id) of what is still without a result."""
    statement = select(_I.id, _I.prompt_id).where(_I.vendor_batch_id == number, _I.state == ItemState.AT_VENDOR)
    return [(item_id, prompt_id) for item_id, prompt_id in db.execute(statement.order_by(_I.id))]


def take_back(db: Connection, batch_id: int, number: int, state: ItemState) -> None:
    """Put what is still without a result into another state."""
    theirs = update(BATCH_ITEMS).where(_I.vendor_batch_id == number, _I.state == ItemState.AT_VENDOR)
    db.execute(theirs.values(state=state, vendor_batch_id=None))
    batches.recount(db, batch_id)


def close(db: Connection, number: int) -> None:
    """Its results are stored."""
    db.execute(update(VENDOR_BATCHES).where(_V.id == number).values(state=Stage.CLOSED))

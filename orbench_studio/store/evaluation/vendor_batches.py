"""Vendor batches and the items in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select, update

from orbench_studio.domain.evaluation.states import ItemState, VendorBatchState
from orbench_studio.store.core.batch_tables import BATCH_ITEMS, VENDOR_BATCHES
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.evaluation import batches

_I, _V = BATCH_ITEMS.c, VENDOR_BATCHES.c


@dataclass(frozen=True, slots=True)
class VendorBatch:
    """A vendor batch. `vendor_id` is None if the process was killed before the vendor replied."""

    id: int
    model_id: int
    vendor_id: str | None
    created_at: datetime
    size: int


def create(db: Connection, batch_id: int, model_id: int, item_ids: Sequence[int]) -> int:
    """Record a vendor batch of these claimed items before it is submitted; return its number."""
    row = {"batch_id": batch_id, "model_id": model_id, "vendor_id": None, "state": VendorBatchState.OPEN}
    number = inserted(db, VENDOR_BATCHES, row | {"created_at": datetime.now(UTC)})
    values = {"state": ItemState.AT_VENDOR, "vendor_batch_id": number, "runner_id": None}
    db.execute(update(BATCH_ITEMS).where(_I.id.in_(item_ids)).values(values))
    batches.add_counts(db, batch_id, model_id, {"at_vendor": len(item_ids)})
    return number


def set_vendor_id(db: Connection, number: int, vendor_id: str) -> None:
    db.execute(update(VENDOR_BATCHES).where(_V.id == number).values(vendor_id=vendor_id))


def open_batches(db: Connection, batch_id: int) -> list[VendorBatch]:
    """The vendor batches whose results are not stored yet, oldest first."""
    size = select(func.count()).where(_I.vendor_batch_id == _V.id).scalar_subquery()
    statement = select(_V.id, _V.model_id, _V.vendor_id, _V.created_at, size)
    statement = statement.where(_V.batch_id == batch_id, _V.state == VendorBatchState.OPEN).order_by(_V.id)
    return [VendorBatch(*row) for row in db.execute(statement)]


def vendor_ids(db: Connection) -> set[str]:
    """The vendors' ids of all vendor batches that the workspace has submitted."""
    return set(db.execute(select(_V.vendor_id).where(_V.vendor_id.is_not(None))).scalars())


def unanswered(db: Connection, number: int) -> list[tuple[int, int | None]]:
    """(Item id, prompt id) of the items without a result."""
    statement = select(_I.id, _I.prompt_id).where(_I.vendor_batch_id == number, _I.state == ItemState.AT_VENDOR)
    return [(item_id, prompt_id) for item_id, prompt_id in db.execute(statement.order_by(_I.id))]


def release(db: Connection, batch_id: int, number: int, state: ItemState) -> None:
    """Move the items without a result from the vendor batch to another state."""
    assert ItemState.AT_VENDOR.may_become(state)
    unanswered_items = update(BATCH_ITEMS).where(_I.vendor_batch_id == number, _I.state == ItemState.AT_VENDOR)
    db.execute(unanswered_items.values(state=state, vendor_batch_id=None))
    batches.recount(db, batch_id)


def close(db: Connection, number: int) -> None:
    """Mark a vendor batch as closed: its results are stored."""
    db.execute(update(VENDOR_BATCHES).where(_V.id == number).values(state=VendorBatchState.CLOSED))

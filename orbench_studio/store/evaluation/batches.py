"""Batches and their items: create, list, count, change state. Claims of items are in `item_claims`."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from orbench_studio.domain.evaluation.batch import Batch, BatchKind, BatchSettings, Cause, FailedItem
from orbench_studio.domain.evaluation.batch import ModelProgress as Progress
from orbench_studio.domain.evaluation.states import COUNTED, BatchState, ItemState
from orbench_studio.store.core.batch_tables import BATCH_ITEMS, BATCH_MODELS, BATCHES, JUDGE_ITEMS
from orbench_studio.store.core.bulk_insert import add, chunks, inserted, next_id
from orbench_studio.store.core.generation_tables import GENERATION_ITEMS
from orbench_studio.store.core.tables import MODELS


class GenerationRequest(NamedTuple):
    """A request for a list of texts: seeds of a category, or rewrites of a seed. `sample` numbers equal requests."""

    category: str | None = None
    seed_id: int | None = None
    sample: int = 0


_I, _M = BATCH_ITEMS.c, BATCH_MODELS.c
_NO_COUNTS: dict[str, Any] = {
    **dict.fromkeys(
        ("done", "failed", "cancelled", "at_vendor", "input_tokens", "output_tokens", "unpriced", "estimated"), 0
    ),
    "cost": 0.0,
}


def create(
    db: Connection, name: str, kind: BatchKind, settings: BatchSettings, at: datetime, judge: str | None = None
) -> int:
    """Create a batch without items. `judge` judges its responses after it is completed."""
    row = {"name": name, "kind": kind, "state": BatchState.READY, "settings": settings.to_text(), "created_at": at}
    return inserted(db, BATCHES, row | {"judge": judge})


def add_prompts(db: Connection, batch_id: int, model_id: int, prompt_ids: Sequence[int], repeats: int) -> None:
    for sample in range(repeats):
        for some in chunks(prompt_ids):
            add(db, BATCH_ITEMS, [_item(batch_id, model_id, prompt_id, sample) for prompt_id in some])
    _add_model(db, batch_id, model_id, len(prompt_ids) * repeats)


def add_responses(db: Connection, batch_id: int, model_id: int, responses: Sequence[tuple[int, int]]) -> None:
    """Add an item for each response, given as (response id, prompt id). The model is the judge."""
    seen: dict[int, int] = defaultdict(int)
    item_id = next_id(db, BATCH_ITEMS)
    for some in chunks(responses):
        items, judged = [], []
        for response_id, prompt_id in some:
            items.append({"id": item_id} | _item(batch_id, model_id, prompt_id, seen[prompt_id]))
            judged.append({"item_id": item_id, "response_id": response_id})
            seen[prompt_id] += 1
            item_id += 1
        add(db, BATCH_ITEMS, items)
        add(db, JUDGE_ITEMS, judged)
    _add_model(db, batch_id, model_id, len(responses))


def add_generation_requests(
    db: Connection, batch_id: int, model_id: int, requests: Sequence[GenerationRequest]
) -> None:
    """Add an item for each list of texts."""
    item_id = next_id(db, BATCH_ITEMS)
    for some in chunks(requests):
        numbered = list(enumerate(some, item_id))
        add(db, BATCH_ITEMS, [{"id": n} | _item(batch_id, model_id, None, one.sample) for n, one in numbered])
        add(db, GENERATION_ITEMS, [
            {"item_id": n, "seed_id": one.seed_id, "category": one.category, "declined": False} for n, one in numbered
        ])  # fmt: skip
        item_id += len(some)
    _add_model(db, batch_id, model_id, len(requests))


def load(db: Connection, batch_id: int) -> Batch | None:
    """The batch, or None."""
    row = db.execute(select(BATCHES).where(BATCHES.c.id == batch_id)).first()
    return None if row is None else _batch(row)


def load_all(db: Connection) -> list[Batch]:
    """All batches, the newest first."""
    return [_batch(row) for row in db.execute(select(BATCHES).order_by(BATCHES.c.id.desc()))]


def state_of(db: Connection, batch_id: int) -> BatchState:
    return BatchState(db.execute(select(BATCHES.c.state).where(BATCHES.c.id == batch_id)).scalar_one())


def set_state(db: Connection, batch_id: int, state: BatchState, note: str | None = None) -> None:
    """Set the state. The caller has checked that the change is allowed."""
    db.execute(update(BATCHES).where(BATCHES.c.id == batch_id).values(state=state, note=note))


def update_settings(db: Connection, batch_id: int, settings: BatchSettings) -> None:
    db.execute(update(BATCHES).where(BATCHES.c.id == batch_id).values(settings=settings.to_text()))


def awaiting_judge(db: Connection) -> list[Batch]:
    """The completed batches whose responses are not judged yet, oldest first."""
    waiting = select(BATCHES).where(BATCHES.c.state == BatchState.COMPLETED, BATCHES.c.judge.is_not(None))
    return [_batch(row) for row in db.execute(waiting.order_by(BATCHES.c.id))]


def clear_judge(db: Connection, batch_id: int) -> None:
    """Remove the judge from the batch: the judging has been launched."""
    db.execute(update(BATCHES).where(BATCHES.c.id == batch_id).values(judge=None))


def running(db: Connection) -> list[Batch]:
    """The batches in the state `running`, oldest first."""
    found = select(BATCHES).where(BATCHES.c.state == BatchState.RUNNING).order_by(BATCHES.c.id)
    return [_batch(row) for row in db.execute(found)]


def models(db: Connection, batch_id: int) -> dict[int, str]:
    """The names of the batch's models by id, in the order of the launch."""
    statement = select(_M.model_id, MODELS.c.name).join(MODELS, MODELS.c.id == _M.model_id)
    rows = db.execute(statement.where(_M.batch_id == batch_id).order_by(_M.model_id))
    return {row.model_id: row.name for row in rows}


def progress(db: Connection, batch_id: int) -> tuple[Progress, ...]:
    """Progress by model. Reads one row per model, whatever the size of the batch."""
    names = ("total", "stopped", *_NO_COUNTS)
    statement = select(_M.model_id, MODELS.c.name, *(_M[name] for name in names))
    statement = statement.join(MODELS, MODELS.c.id == _M.model_id).where(_M.batch_id == batch_id)
    rows = db.execute(statement.order_by(_M.model_id)).all()
    causes = _causes(db, batch_id) if any(row.failed for row in rows) else {}
    return tuple(
        Progress(row.name, failed_by=causes.get(row.model_id, {}), **{name: getattr(row, name) for name in names})
        for row in rows
    )


def stop_model(db: Connection, batch_id: int, model_id: int, reason: str) -> None:
    """Store that a model cannot be used any more."""
    row = update(BATCH_MODELS).where(_M.batch_id == batch_id, _M.model_id == model_id)
    db.execute(row.values(stopped=reason))


def stopped_models(db: Connection, batch_id: int) -> dict[int, str]:
    """The reasons of the stopped models, by model id."""
    rows = select(_M.model_id, _M.stopped).where(_M.batch_id == batch_id, _M.stopped.is_not(None))
    return {row.model_id: row.stopped for row in db.execute(rows.order_by(_M.model_id))}


def restart_models(db: Connection, batch_id: int) -> bool:
    """Use the stopped models again; False if there are none."""
    rows = update(BATCH_MODELS).where(_M.batch_id == batch_id, _M.stopped.is_not(None))
    return bool(db.execute(rows.values(stopped=None)).rowcount)


def spent(db: Connection, batch_id: int) -> float:
    """Cost so far in USD, over the responses with a known price."""
    total = func.coalesce(func.sum(_M.cost), 0.0)
    return float(db.execute(select(total).where(_M.batch_id == batch_id)).scalar_one())


def add_counts(db: Connection, batch_id: int, model_id: int, changes: dict[str, Any]) -> None:
    values = {name: _M[name] + value for name, value in changes.items() if value}
    if values:
        db.execute(update(BATCH_MODELS).where(_M.batch_id == batch_id, _M.model_id == model_id).values(values))


def has_items(
    db: Connection, batch_id: int, states: Sequence[ItemState], model_ids: Collection[int] | None = None
) -> bool:
    """Whether any item (of these models, if any are given) is in one of these states."""
    for state in states:
        found = select(_I.id).where(_I.batch_id == batch_id, _I.state == state).limit(1)
        if model_ids is not None:
            found = found.where(_I.model_id.in_(model_ids))
        if db.execute(found).first() is not None:
            return True
    return False


def failures(db: Connection, batch_id: int, limit: int, causes: Sequence[Cause] = ()) -> list[FailedItem]:
    """Failed items, in order; `causes` selects some."""
    columns = (_I.id, _I.prompt_id, MODELS.c.name, _I.cause, _I.error, _I.attempts)
    statement = select(*columns).join(MODELS, MODELS.c.id == _I.model_id)
    statement = statement.where(_I.batch_id == batch_id, _I.state == ItemState.FAILED)
    if causes:
        statement = statement.where(_I.cause.in_(causes))
    return [
        FailedItem(item_id, prompt_id, name, Cause(cause), message or "", attempts)
        for item_id, prompt_id, name, cause, message, attempts in db.execute(statement.order_by(_I.id).limit(limit))
    ]


def move(db: Connection, batch_id: int, before: ItemState, after: ItemState, causes: Sequence[Cause] = ()) -> int:
    """Move all items from one state to another and return their number; `causes` selects some."""
    assert before.may_become(after)
    conditions = [_I.batch_id == batch_id, _I.state == before]
    if causes:
        conditions.append(_I.cause.in_(causes))
    values = {"state": after, "cause": None, "error": None, "runner_id": None, "vendor_batch_id": None}
    moved = db.execute(update(BATCH_ITEMS).where(*conditions).values(values)).rowcount
    recount(db, batch_id)
    return int(moved)


def recount(db: Connection, batch_id: int) -> None:
    """Recount the items of each model. Costs and tokens stay."""
    statement = select(_I.model_id, _I.state, func.count()).where(_I.batch_id == batch_id)
    found: dict[int, dict[str, int]] = {model_id: dict.fromkeys(COUNTED, 0) for model_id in models(db, batch_id)}
    for model_id, state, items in db.execute(statement.group_by(_I.model_id, _I.state)):
        if state in COUNTED:
            found[model_id][state] = items
    for model_id, counts in found.items():
        values = {str(state): items for state, items in counts.items()}
        db.execute(update(BATCH_MODELS).where(_M.batch_id == batch_id, _M.model_id == model_id).values(values))


def _causes(db: Connection, batch_id: int) -> dict[int, dict[Cause, int]]:
    statement = select(_I.model_id, _I.cause, func.count())
    statement = statement.where(_I.batch_id == batch_id, _I.state == ItemState.FAILED)
    found: dict[int, dict[Cause, int]] = defaultdict(dict)
    for model_id, cause, items in db.execute(statement.group_by(_I.model_id, _I.cause)):
        found[model_id][Cause(cause)] = items
    return found


def _add_model(db: Connection, batch_id: int, model_id: int, total: int) -> None:
    row = {"batch_id": batch_id, "model_id": model_id, "total": total} | _NO_COUNTS
    db.execute(insert(BATCH_MODELS).values(row))


def _item(batch_id: int, model_id: int, prompt_id: int | None, sample: int) -> dict[str, Any]:
    row = {"batch_id": batch_id, "model_id": model_id, "prompt_id": prompt_id, "sample": sample}
    return row | {"state": ItemState.PENDING, "attempts": 0}


def _batch(row: Any) -> Batch:
    settings = BatchSettings.from_text(row.settings)
    return Batch(row.id, row.name, BatchKind(row.kind), BatchState(row.state), settings, row.note, row.judge)

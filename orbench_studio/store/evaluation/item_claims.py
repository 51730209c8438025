"""Claims of items by processes, so that several processes can share a batch and a killed one loses nothing.

A process registers and sends heartbeats. A process without a heartbeat for the length of its lease is considered dead,
and its items are pending again.
"""

import os
import platform
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from orbench_studio.domain.evaluation.batch import Worker
from orbench_studio.domain.evaluation.states import ItemState
from orbench_studio.store.core.batch_tables import BATCH_ITEMS, BATCH_RUNNERS, JUDGE_ITEMS
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.generation_tables import GENERATION_ITEMS
from orbench_studio.store.core.tables import PROMPTS, RESPONSES, SEEDS

_I, _R = BATCH_ITEMS.c, BATCH_RUNNERS.c


class ClaimedItem(NamedTuple):
    """An item that this process may send. `response` is the response to judge, None in other batches.

    An item that asks for texts has no prompt. It has a category, and a seed if the texts are rewrites. `sample` numbers
    the items that make the same request.
    """

    item_id: int
    prompt_id: int | None
    model_id: int
    prompt: str
    response_id: int | None = None
    response: str | None = None
    seed: str | None = None
    category: str | None = None
    sample: int = 0


def register(db: Connection, batch_id: int, lease: float, now: float) -> int:
    """Register this process as a worker of the batch; return its id."""
    process = {"machine": platform.node(), "pid": os.getpid(), "since": now, "per_minute": 0}
    return inserted(db, BATCH_RUNNERS, {"batch_id": batch_id, "seen_at": now, "lease": lease} | process)


def heartbeat(db: Connection, runner_id: int, now: float, per_minute: int = 0) -> bool:
    """Record that the process is alive, and its rate in items per minute.

    Returns False if another process has considered this one dead and released its items.
    """
    mine = update(BATCH_RUNNERS).where(_R.id == runner_id)
    return db.execute(mine.values(seen_at=now, per_minute=per_minute)).rowcount == 1


def unregister(db: Connection, runner_id: int) -> int:
    """Remove the process and release its items; return how many."""
    return _release(db, [runner_id])


def dead_processes(db: Connection, batch_id: int, now: float) -> list[int]:
    """The processes whose lease has expired."""
    expired = select(_R.id).where(_R.batch_id == batch_id, _R.seen_at + _R.lease < now)
    return [int(runner) for runner in db.execute(expired).scalars()]


def release_dead(db: Connection, batch_id: int, now: float) -> None:
    """Release the items of dead processes."""
    runners = dead_processes(db, batch_id, now)
    if runners:
        _release(db, runners)


def workers(db: Connection, batch_id: int, now: float) -> tuple[Worker, ...]:
    """The live processes of the batch, oldest first."""
    held = select(func.count()).where(_I.runner_id == _R.id).scalar_subquery()
    alive = select(_R.machine, _R.pid, _R.since, held, _R.per_minute)
    alive = alive.where(_R.batch_id == batch_id, _R.seen_at + _R.lease >= now).order_by(_R.id)
    return tuple(
        Worker(machine, pid, datetime.fromtimestamp(since, UTC), items, per_minute)
        for machine, pid, since, items, per_minute in db.execute(alive)
    )


def count_others(db: Connection, batch_id: int, runner_id: int | None, now: float) -> int:
    """Number of other live processes of the batch."""
    alive = select(_R.id).where(_R.batch_id == batch_id, _R.seen_at + _R.lease >= now)
    return sum(1 for other in db.execute(alive).scalars() if other != runner_id)


def claim(db: Connection, batch_id: int, model_id: int, runner_id: int, limit: int) -> list[ClaimedItem]:
    pending = select(_I.id).where(_I.batch_id == batch_id, _I.state == ItemState.PENDING, _I.model_id == model_id)
    pending = pending.order_by(_I.id).limit(limit).with_for_update(skip_locked=True)
    ids = [int(item_id) for item_id in db.execute(pending).scalars()]
    if ids:
        db.execute(update(BATCH_ITEMS).where(_I.id.in_(ids)).values(state=ItemState.CLAIMED, runner_id=runner_id))
    return load(db, ids)


def load(db: Connection, item_ids: Sequence[int]) -> list[ClaimedItem]:
    """Load items with the texts to send, in order."""
    judged = select(JUDGE_ITEMS.c.item_id, RESPONSES.c.id, RESPONSES.c.text)
    judged = judged.join(RESPONSES, RESPONSES.c.id == JUDGE_ITEMS.c.response_id)
    found = {row.item_id: row for row in db.execute(judged.where(JUDGE_ITEMS.c.item_id.in_(item_ids)))}
    requests = _generation_requests(db, item_ids)
    statement = select(_I.id, _I.prompt_id, _I.model_id, PROMPTS.c.text, _I.sample)
    statement = statement.outerjoin(PROMPTS, PROMPTS.c.id == _I.prompt_id)
    items = []
    for item_id, prompt_id, model_id, prompt, sample in db.execute(
        statement.where(_I.id.in_(item_ids)).order_by(_I.id)
    ):
        _, response_id, response = found.get(item_id, (None, None, None))
        seed, category = requests.get(item_id, (None, None))
        prompt_and_model = (item_id, prompt_id, model_id, prompt or "")
        items.append(ClaimedItem(*prompt_and_model, response_id, response, seed, category, sample))
    return items


def _generation_requests(db: Connection, item_ids: Sequence[int]) -> dict[int, tuple[str | None, str | None]]:
    """Seed and category of the items that ask for texts, by item."""
    g = GENERATION_ITEMS.c
    statement = select(g.item_id, SEEDS.c.text, func.coalesce(g.category, SEEDS.c.category))
    statement = statement.outerjoin(SEEDS, SEEDS.c.id == g.seed_id).where(g.item_id.in_(item_ids))
    return {item_id: (seed, category) for item_id, seed, category in db.execute(statement)}


def release(db: Connection, runner_id: int, item_ids: Collection[int]) -> None:
    """Put items that this process has claimed back to pending."""
    mine = update(BATCH_ITEMS).where(_I.id.in_(item_ids), _I.runner_id == runner_id, _I.state == ItemState.CLAIMED)
    db.execute(mine.values(state=ItemState.PENDING, runner_id=None))


def release_unknown(db: Connection, runner_id: int, held: Collection[int]) -> None:
    """Release the items that the database assigns to this process and that the process does not hold."""
    mine = update(BATCH_ITEMS).where(_I.runner_id == runner_id, _I.state == ItemState.CLAIMED, _I.id.not_in(held))
    db.execute(mine.values(state=ItemState.PENDING, runner_id=None))


def _release(db: Connection, runners: Sequence[int]) -> int:
    claimed = update(BATCH_ITEMS).where(_I.runner_id.in_(runners))
    released = db.execute(claimed.where(_I.state == ItemState.CLAIMED).values(state=ItemState.PENDING, runner_id=None))
    db.execute(claimed.values(runner_id=None))
    db.execute(delete(BATCH_RUNNERS).where(_R.id.in_(runners)))
    return int(released.rowcount)

"""Who is at work on which item, so that several processes can share a batch and a killed one loses nothing.

A process signs on and says now and then that it is there. What belongs to one that has not been seen for the length of
its lease goes back to pending.
"""

import os
import platform
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from orbench_studio.domain.evaluation.batch import ItemState, Worker
from orbench_studio.store.core.batch_tables import BATCH_ITEMS, BATCH_RUNNERS, JUDGE_ITEMS
from orbench_studio.store.core.bulk_sql import inserted
from orbench_studio.store.core.generation_tables import GENERATION_ITEMS
from orbench_studio.store.core.tables import PROMPTS, RESPONSES, SEEDS

_I, _R = BATCH_ITEMS.c, BATCH_RUNNERS.c


class Claimed(NamedTuple):
    """An item that this process may send. `response` is the text to be judged, None where a prompt is to be put.

    Where texts are asked for there is no prompt, but a category, and a seed if they are to be rewrites; `sample` counts
    the items that ask for the same.
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


def sign_on(db: Connection, batch_id: int, lease: float, now: float) -> int:
    """A new process at the batch: this one."""
    who = {"machine": platform.node(), "pid": os.getpid(), "since": now, "per_minute": 0}
    return inserted(db, BATCH_RUNNERS, {"batch_id": batch_id, "seen_at": now, "lease": lease} | who)


def still_there(db: Connection, runner_id: int, now: float, per_minute: int = 0) -> bool:
    """Say that the process is there, and how many items it answers a minute.

    False where others have taken it for gone, and its items with it.
    """
    mine = update(BATCH_RUNNERS).where(_R.id == runner_id)
    return db.execute(mine.values(seen_at=now, per_minute=per_minute)).rowcount == 1


def sign_off(db: Connection, runner_id: int) -> int:
    """The process leaves; what it has not done goes back: how many items."""
    return _release(db, [runner_id])


def gone(db: Connection, batch_id: int, now: float) -> list[int]:
    """The processes that have not been seen for the length of their lease."""
    missing = select(_R.id).where(_R.batch_id == batch_id, _R.seen_at + _R.lease < now)
    return [int(runner) for runner in db.execute(missing).scalars()]


def take_over(db: Connection, batch_id: int, now: float) -> None:
    """What belongs to processes that are gone goes back."""
    runners = gone(db, batch_id, now)
    if runners:
        _release(db, runners)


def workers(db: Connection, batch_id: int, now: float) -> tuple[Worker, ...]:
    """The processes that are at the batch, in the order they came."""
    held = select(func.count()).where(_I.runner_id == _R.id).scalar_subquery()
    there = select(_R.machine, _R.pid, _R.since, held, _R.per_minute)
    there = there.where(_R.batch_id == batch_id, _R.seen_at + _R.lease >= now).order_by(_R.id)
    return tuple(
        Worker(machine, pid, datetime.fromtimestamp(since, UTC), items, per_minute)
        for machine, pid, since, items, per_minute in db.execute(there)
    )


def others(db: Connection, batch_id: int, runner_id: int | None, now: float) -> int:
    """How many other processes are at the batch."""
    there = select(_R.id).where(_R.batch_id == batch_id, _R.seen_at + _R.lease >= now)
    return sum(1 for other in db.execute(there).scalars() if other != runner_id)


def claim(db: Connection, batch_id: int, model_id: int, runner_id: int, limit: int) -> list[Claimed]:
    """The next items of a model, which nobody else gets from now on."""
    pending = select(_I.id).where(_I.batch_id == batch_id, _I.state == ItemState.PENDING, _I.model_id == model_id)
    pending = pending.order_by(_I.id).limit(limit).with_for_update(skip_locked=True)
    ids = [int(item_id) for item_id in db.execute(pending).scalars()]
    if ids:
        db.execute(update(BATCH_ITEMS).where(_I.id.in_(ids)).values(state=ItemState.CLAIMED, runner_id=runner_id))
    return load(db, ids)


def load(db: Connection, item_ids: Sequence[int]) -> list[Claimed]:
    """The items with what is to be sent, in order."""
    judged = select(JUDGE_ITEMS.c.item_id, RESPONSES.c.id, RESPONSES.c.text)
    judged = judged.join(RESPONSES, RESPONSES.c.id == JUDGE_ITEMS.c.response_id)
    found = {row.item_id: row for row in db.execute(judged.where(JUDGE_ITEMS.c.item_id.in_(item_ids)))}
    wanted = _wanted_texts(db, item_ids)
    asked = select(_I.id, _I.prompt_id, _I.model_id, PROMPTS.c.text, _I.sample)
    asked = asked.outerjoin(PROMPTS, PROMPTS.c.id == _I.prompt_id)
    items = []
    for item_id, prompt_id, model_id, prompt, sample in db.execute(asked.where(_I.id.in_(item_ids)).order_by(_I.id)):
        _, response_id, response = found.get(item_id, (None, None, None))
        seed, category = wanted.get(item_id, (None, None))
        place = (item_id, prompt_id, model_id, prompt or "")
        items.append(Claimed(*place, response_id, response, seed, category, sample))
    return items


def _wanted_texts(db: Connection, item_ids: Sequence[int]) -> dict[int, tuple[str | None, str | None]]:
    """Seed and category of the items that ask for texts."""
    g = GENERATION_ITEMS.c
    statement = select(g.item_id, SEEDS.c.text, func.coalesce(g.category, SEEDS.c.category))
    statement = statement.outerjoin(SEEDS, SEEDS.c.id == g.seed_id).where(g.item_id.in_(item_ids))
    return {item_id: (seed, category) for item_id, seed, category in db.execute(statement)}


def give_back(db: Connection, runner_id: int, item_ids: Collection[int]) -> None:
    """Items that were claimed and not done."""
    mine = update(BATCH_ITEMS).where(_I.id.in_(item_ids), _I.runner_id == runner_id, _I.state == ItemState.CLAIMED)
    db.execute(mine.values(state=ItemState.PENDING, runner_id=None))


def give_back_others(db: Connection, runner_id: int, held: Collection[int]) -> None:
    """Items that are written down as the process's, and that it does not know of."""
    mine = update(BATCH_ITEMS).where(_I.runner_id == runner_id, _I.state == ItemState.CLAIMED, _I.id.not_in(held))
    db.execute(mine.values(state=ItemState.PENDING, runner_id=None))


def _release(db: Connection, runners: Sequence[int]) -> int:
    theirs = update(BATCH_ITEMS).where(_I.runner_id.in_(runners))
    back = db.execute(theirs.where(_I.state == ItemState.CLAIMED).values(state=ItemState.PENDING, runner_id=None))
    db.execute(theirs.values(runner_id=None))
    db.execute(delete(BATCH_RUNNERS).where(_R.id.in_(runners)))
    return int(back.rowcount)

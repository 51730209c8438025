"""Assignments of prompts to annotators in the database: given out, renewed, given back.

What follows from decisions (labelled, skipped, the room that is left) is `store/review/assignment_states.py`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from orbench_studio.domain.team.queue import LOTS, NO_END, AssignmentState, Claim, Lots
from orbench_studio.store.core.bulk_insert import chunks
from orbench_studio.store.core.pipeline import Read, Steps, send, together
from orbench_studio.store.core.reviewer_views import DECISION_AUTHORS
from orbench_studio.store.core.team_tables import HAS_ROOM, TEAM_CLAIMS, TEAM_MEMBERS, TEAM_PROMPTS, TEAM_QUEUES
from orbench_studio.store.review import assignment_states
from orbench_studio.store.team.queue_records import StoredQueue, member_id

Q, M, P, C, A = TEAM_QUEUES.c, TEAM_MEMBERS.c, TEAM_PROMPTS.c, TEAM_CLAIMS.c, DECISION_AUTHORS.c


@dataclass(frozen=True, slots=True)
class Part:
    """Part of a queue that can be assigned to an annotator: lots and categories (no categories: any)."""

    annotator_id: int
    lots: Sequence[Lots] = ((0, LOTS),)
    categories: Sequence[str] = ()


@Read
def held(queue_id: int, annotator_id: int) -> Steps[int]:
    mine = _mine(queue_id, annotator_id)
    return int((yield select(func.count()).select_from(TEAM_CLAIMS).where(*mine)).scalar_one())


def wanted(db: Connection, queue_id: int, part: Part, ahead: int, now: datetime) -> int:
    """How many prompts an annotator lacks, if any can probably be assigned; checked without locks."""
    gone = select(C.id).where(*_gone(queue_id, part.annotator_id, now)).limit(1)
    with together(db) as start:
        count, expired = start(held, queue_id, part.annotator_id), start(_rows, gone)
        free = [start(_rows, one) for one in _free(queue_id, part, 1)]
    return ahead - count.result if expired.result or any(one.result for one in free) else 0


def take(db: Connection, kept: StoredQueue, part: Part, ahead: int, now: datetime) -> int:
    """Assign the next prompts to an annotator, also those with expired assignments, up to `ahead` at a time.

    Training prompts come first, then the queue from the annotator's position, then from its beginning. Returns how
    many.
    """
    found = _first_free(db, kept.id, part, ahead, now)
    if found:
        until = now + timedelta(minutes=kept.queue.lease)
        row = {"queue_id": kept.id, "annotator_id": part.annotator_id, "state": AssignmentState.HELD, "until": until}
        newest = select(func.coalesce(func.max(A.id), 0)).scalar_subquery()
        columns: dict[str, Any] = {name: bindparam(name) for name in (*row, "team_prompt_id")}
        send(
            db,
            insert(TEAM_CLAIMS).inline().values(after=newest, **columns),
            [row | {"team_prompt_id": one.id} for one in found],
        )
        given = [one.id for one in found if not one.training]
        send(db, update(TEAM_PROMPTS).where(P.id.in_(given)).values(room=P.room - 1))
        if given:
            there = (M.queue_id == kept.id, M.annotator_id == part.annotator_id)
            send(db, update(TEAM_MEMBERS).where(*there).values(reached=given[-1]))
    return len(found)


def _first_free(db: Connection, queue_id: int, part: Part, ahead: int, now: datetime) -> list[Row[Any]]:
    """The prompts to assign, locked until the transaction ends; expired assignments are released first."""
    gone = select(C.id).where(*_gone(queue_id, part.annotator_id, now)).limit(1)
    training, further, again = (
        one.with_for_update(skip_locked=True)
        for one in _free(queue_id, part, ahead)  # for concurrent writers
    )
    with together(db) as start:
        member = start(_rows, select(M.id).where(M.queue_id == queue_id, M.annotator_id == part.annotator_id))
        count, expired = start(held, queue_id, part.annotator_id), start(_rows, gone)
        found = [start(_rows, one) for one in (training, further)]
    lacking = ahead - count.result
    if lacking <= 0:
        return []
    if not member.result:
        member_id(db, queue_id, part.annotator_id)
    if expired.result:
        _release(db, queue_id, _gone(queue_id, part.annotator_id, now))
        with together(db) as start:
            found = [start(_rows, one) for one in (training, further)]
    rows = [row for one in found for row in one.result]
    return (rows if len(rows) >= lacking else [*rows, *_rows(db, again)])[:lacking]


def until(db: Connection, queue_id: int, annotator_id: int) -> datetime | None:
    """Find when an annotator's first assignment expires; None without assignments that expire."""
    mine = select(C.until).where(*_leased(queue_id, annotator_id)).order_by(C.until).limit(1)
    return db.execute(mine).scalar()


def renew(db: Connection, kept: StoredQueue, annotator_id: int, now: datetime) -> None:
    """Extend an annotator's assignments to the full lease, and store when the annotator was seen."""
    until = now + timedelta(minutes=kept.queue.lease)
    db.execute(update(TEAM_CLAIMS).where(*_leased(kept.id, annotator_id)).values(until=until))
    there = (M.queue_id == kept.id, M.annotator_id == annotator_id)
    db.execute(update(TEAM_MEMBERS).where(*there).values(seen_at=now))


def give_back(db: Connection, queue_id: int, annotator_id: int) -> int:
    """Release an annotator's assignments that can expire. Returns how many."""
    return _release(db, queue_id, _leased(queue_id, annotator_id))


def release(db: Connection, queue_id: int, annotator_id: int) -> int:
    """Release all assignments of an annotator, also those by name. Returns how many."""
    return _release(db, queue_id, _mine(queue_id, annotator_id))


def assign(db: Connection, queue_id: int, annotator_id: int, prompt_ids: Sequence[int]) -> int:
    """Assign prompts of a queue to an annotator by name, except those that they have or labelled. Returns how many."""
    last = int(db.execute(select(func.coalesce(func.max(A.id), 0))).scalar_one())
    row = {"queue_id": queue_id, "annotator_id": annotator_id, "state": AssignmentState.HELD, "until": NO_END}
    row["after"] = last
    count = 0
    for some in chunks(sorted(prompt_ids)):
        named = and_(C.state == AssignmentState.HELD, C.until == NO_END)
        labelled = exists().where(
            C.team_prompt_id == P.id, C.annotator_id == annotator_id, or_(C.state == AssignmentState.LABELLED, named)
        )
        open_ = select(P.id).where(P.queue_id == queue_id, P.prompt_id.in_(some), ~P.training, ~labelled)
        ids = list(db.execute(open_.order_by(P.id)).scalars())
        db.execute(delete(TEAM_CLAIMS).where(C.team_prompt_id.in_(ids), C.annotator_id == annotator_id))
        if ids:
            db.execute(insert(TEAM_CLAIMS), [row | {"team_prompt_id": of} for of in ids])
        count += len(ids)
    assignment_states.recount(db, prompt_ids, queue_id)
    return count


def unassign(db: Connection, queue_id: int, annotator_id: int, prompt_ids: Sequence[int]) -> int:
    """Release the assignments by name of these prompts. Returns how many."""
    mine = (*_mine(queue_id, annotator_id), C.until == NO_END)
    return sum(
        _release(db, queue_id, (*mine, C.team_prompt_id.in_(select(P.id).where(P.prompt_id.in_(some)))))
        for some in chunks(sorted(prompt_ids))
    )


def release_all(db: Connection, queue_id: int) -> None:
    """Nobody holds anything of a queue any more."""
    _release(db, queue_id, (C.queue_id == queue_id, C.state == AssignmentState.HELD))


@Read
def given(queue: str, annotator_id: int) -> Steps[list[Claim]]:
    """List the prompts assigned to an annotator so far, also labelled and skipped ones; those by name come first."""
    mine = select(P.prompt_id, P.training, C.state).join(TEAM_PROMPTS, P.id == C.team_prompt_id)
    mine = mine.join(TEAM_QUEUES, Q.id == C.queue_id).where(Q.name == queue, C.annotator_id == annotator_id)
    mine = mine.order_by(C.until < NO_END, C.id)
    return [Claim(row.prompt_id, bool(row.training), row.state != AssignmentState.HELD) for row in (yield mine)]


@Read
def _rows(statement: Select[Any]) -> Steps[list[Any]]:
    return list((yield statement))


def _free(queue_id: int, part: Part, count: int) -> tuple[Select[Any], Select[Any], Select[Any]]:
    """The next prompts with room that an annotator was not assigned yet: training prompts, the queue from the
    annotator's position, and the queue from its beginning."""
    there = (M.queue_id == queue_id, M.annotator_id == part.annotator_id)
    reached = func.coalesce(select(M.reached).where(*there).scalar_subquery(), 0)
    yet = exists(C.id).where(C.team_prompt_id == P.id, C.annotator_id == part.annotator_id)
    free = select(P.id, P.training).where(P.queue_id == queue_id, HAS_ROOM, ~yet).order_by(P.id).limit(count)
    own = free.where(~P.training, *_in(part))
    return free.where(P.training), own.where(P.id > reached), own.where(P.id <= reached)


def _in(part: Part) -> tuple[ColumnElement[bool], ...]:
    lots = or_(*(and_(P.lot >= low, P.lot < high) for low, high in part.lots))
    whole = part.lots == ((0, LOTS),)
    return (true() if whole else lots, P.category.in_(part.categories) if part.categories else true())


def _mine(queue_id: int, annotator_id: int) -> tuple[ColumnElement[bool], ...]:
    return C.queue_id == queue_id, C.annotator_id == annotator_id, C.state == AssignmentState.HELD


def _leased(queue_id: int, annotator_id: int) -> tuple[ColumnElement[bool], ...]:
    return *_mine(queue_id, annotator_id), C.until < NO_END


def _gone(queue_id: int, annotator_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The claims of others that ran out; one's own are renewed as long as nobody has taken them."""
    return C.queue_id == queue_id, C.annotator_id != annotator_id, C.state == AssignmentState.HELD, C.until < now


def _release(db: Connection, queue_id: int, which: tuple[ColumnElement[bool], ...]) -> int:
    """Release assignments; those of prompts that another transaction has locked are skipped."""
    wanted = select(C.team_prompt_id).where(*which)
    here = select(P.id, P.prompt_id).where(P.queue_id == queue_id, P.id.in_(wanted)).order_by(P.id)
    rows = db.execute(here.with_for_update(skip_locked=True)).all()
    for some in chunks([row.id for row in rows]):
        db.execute(delete(TEAM_CLAIMS).where(C.team_prompt_id.in_(some), *which))
    assignment_states.recount(db, sorted({row.prompt_id for row in rows}), queue_id)
    return len(rows)

"""Team queues in the database: settings, annotators and prompts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select, update

from orbench_studio.domain.core.category import stored_category
from orbench_studio.domain.team.queue import Assignment, Member, QueueState, TeamQueue, lot_of
from orbench_studio.errors import StudioError
from orbench_studio.store.core.bulk_insert import add, id_of, inserted
from orbench_studio.store.core.engine import is_server
from orbench_studio.store.core.pipeline import Read, Steps
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS
from orbench_studio.store.core.team_tables import TEAM_MEMBERS, TEAM_PROMPTS, TEAM_QUEUES
from orbench_studio.store.review.assignment_states import TRAINING_ROOM

Q, M, P = TEAM_QUEUES.c, TEAM_MEMBERS.c, TEAM_PROMPTS.c


@dataclass(frozen=True, slots=True)
class StoredQueue:
    id: int
    queue: TeamQueue


@Read
def everything() -> Steps[list[StoredQueue]]:
    """Read all queues, oldest first."""
    members: dict[int, list[Member]] = defaultdict(list)
    queues: dict[int, Any] = {}
    columns = (ANNOTATORS.c.name.label("member"), M.share, M.categories)
    statement = select(TEAM_QUEUES, *columns).outerjoin(TEAM_MEMBERS, and_(M.queue_id == Q.id, M.invited))
    statement = statement.outerjoin(ANNOTATORS, ANNOTATORS.c.id == M.annotator_id).order_by(Q.id, M.id)
    for row in (yield statement):
        queues[row.id] = row
        if row.member is not None:
            taken = tuple(stored_category(value) for value in row.categories.split(",") if value)
            members[row.id].append(Member(row.member, row.share, taken))
    return [StoredQueue(queue_id, _queue(row, tuple(members[queue_id]))) for queue_id, row in queues.items()]


@Read
def named(name: str) -> Steps[StoredQueue | None]:
    """Find a queue by name; None if it does not exist."""
    stored = yield from everything.steps()
    return next((one for one in stored if one.queue.name == name), None)


def required(db: Connection, name: str) -> StoredQueue:
    """Find a queue by name. Raises StudioError if it does not exist."""
    stored = named(db, name)
    if stored is None:
        raise StudioError(f"There is no team queue “{name}”. Run orbench-studio team WORKSPACE to list the queues.")
    return stored


def save(db: Connection, queue: TeamQueue, at: datetime) -> int:
    """Insert a queue without prompts. Returns its id."""
    queue_id = inserted(db, TEAM_QUEUES, _values(queue) | {"created_at": at})
    save_members(db, queue_id, queue.members)
    return queue_id


def change(db: Connection, stored: StoredQueue, queue: TeamQueue) -> None:
    """Update the settings of a queue and, if the overlap changed, the room of its prompts."""
    db.execute(update(TEAM_QUEUES).where(Q.id == stored.id).values(_values(queue)))
    if queue.members != stored.queue.members:
        save_members(db, stored.id, queue.members)
    more = queue.overlap - stored.queue.overlap
    if more:
        db.execute(update(TEAM_PROMPTS).where(P.queue_id == stored.id, ~P.training).values(room=P.room + more))


def save_members(db: Connection, queue_id: int, members: Iterable[Member]) -> None:
    db.execute(update(TEAM_MEMBERS).where(M.queue_id == queue_id).values(invited=False, share=None, categories=""))
    for member in members:
        row = member_id(db, queue_id, id_of(db, ANNOTATORS, {"name": member.annotator}))
        values = {"invited": True, "share": member.share, "categories": ",".join(member.categories)}
        db.execute(update(TEAM_MEMBERS).where(M.id == row).values(values))


def member_id(db: Connection, queue_id: int, annotator_id: int) -> int:
    """Find or insert the row of an annotator in a queue. Returns its id."""
    new = {"invited": False, "categories": "", "reached": 0}
    return id_of(db, TEAM_MEMBERS, {"queue_id": queue_id, "annotator_id": annotator_id}, **new)


def fill(
    db: Connection, kept: StoredQueue, prompts: Sequence[tuple[int, str | None]], *, training: bool = False
) -> int:
    """Append prompts with their categories. Returns how many are new."""
    there = set(db.execute(select(P.prompt_id).where(P.queue_id == kept.id)).scalars())
    counted = select(func.count()).where(P.queue_id == kept.id, ~P.training)
    first = int(db.execute(counted).scalar_one())
    new = [(prompt_id, category) for prompt_id, category in prompts if prompt_id not in there]
    common: dict[str, Any] = {"queue_id": kept.id, "training": training, "labels": 0}
    common["room"] = TRAINING_ROOM if training else kept.queue.overlap
    rows = [
        {"prompt_id": prompt_id, "category": category, "lot": lot_of(first + number), **common}
        for number, (prompt_id, category) in enumerate(new)
    ]
    add(db, TEAM_PROMPTS, rows)
    if rows and is_server(db):  # without statistics, each decision reads all assignments
        db.exec_driver_sql(f"ANALYZE {TEAM_PROMPTS.name}")
    return len(new)


def decided_about(db: Connection, queue_id: int) -> tuple[list[int], list[int]]:
    """Find the prompts of a queue and their responses with human decisions."""
    a = ANNOTATIONS.c
    about = select(a.prompt_id, a.response_id).join(TEAM_PROMPTS, P.prompt_id == a.prompt_id)
    rows = db.execute(about.where(P.queue_id == queue_id).distinct()).all()
    responses = {row.response_id for row in rows if row.response_id is not None}
    return sorted({row.prompt_id for row in rows}), sorted(responses)


def categories(db: Connection, queue_id: int) -> list[str | None]:
    """List the categories of the queue's prompts, without training prompts."""
    return list(db.execute(select(P.category).where(P.queue_id == queue_id, ~P.training).distinct()).scalars())


def _values(queue: TeamQueue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "query": queue.query,
        "training": queue.training,
        "overlap": queue.overlap,
        "lease": queue.lease,
        "assignment": queue.assignment,
        "state": queue.state,
    }


def _queue(row: Any, members: tuple[Member, ...]) -> TeamQueue:
    settings = (Assignment(row.assignment), members, row.training, QueueState(row.state))
    return TeamQueue(row.name, row.query, row.overlap, row.lease, *settings)

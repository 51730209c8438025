"""Who is at which prompt of a team's queues: given out, kept in step with what people decide, given back.

A claim is a row of a person and a prompt. It is held until a moment, or labelled, or skipped; what of it follows from
decisions is weighed anew with every one (`recount`), undo and redo included. Whoever changes how many are at a prompt
has its row of the queue locked, and counts after that; on a file there is one writer anyway.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
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

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.team.queue import LOTS, Claim, Lots, QueueState
from orbench_studio.store.core.bulk_sql import chunks
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JOURNAL
from orbench_studio.store.core.team_tables import (
    HAS_ROOM,
    TEAM_CLAIMS,
    TEAM_MEMBERS,
    TEAM_PROMPTS,
    TEAM_QUEUES,
)
from orbench_studio.store.review.journal import IN_FORCE, EntryKind
from orbench_studio.store.team.queue_records import ROOM_TO_PRACTISE, StoredQueue, member_id

Q, M, P, C, A = TEAM_QUEUES.c, TEAM_MEMBERS.c, TEAM_PROMPTS.c, TEAM_CLAIMS.c, ANNOTATIONS.c
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class State(StrEnum):
    """What became of a claim."""

    HELD = "held"
    LABELLED = "labelled"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Part:
    """What of a queue somebody can be given: lots, and categories (any where none is named)."""

    annotator_id: int
    lots: Sequence[Lots] = ((0, LOTS),)
    categories: Sequence[Category] = ()


def held(db: Connection, queue_id: int, annotator_id: int) -> int:
    """How many prompts somebody holds just now."""
    mine = _mine(queue_id, annotator_id)
    return int(db.execute(select(func.count()).select_from(TEAM_CLAIMS).where(*mine)).scalar_one())


def to_give(db: Connection, queue_id: int, part: Part, count: int, now: datetime) -> bool:
    """Whether there is anything to be given to somebody, as far as one can see without locking anything."""
    gone = select(C.id).where(*_gone(queue_id, part.annotator_id, now)).limit(1)
    return bool(count) and (db.execute(gone).first() is not None or bool(_free(db, queue_id, part, 1, lock=False)))


def take(db: Connection, kept: StoredQueue, part: Part, count: int, now: datetime) -> int:
    """Give somebody the next prompts, what claims that ran out held among them; how many there were."""
    member = member_id(db, kept.id, part.annotator_id)
    _expire(db, kept.id, part.annotator_id, now)
    found = _free(db, kept.id, part, count, lock=True)
    if found:
        last = int(db.execute(select(func.coalesce(func.max(A.id), 0))).scalar_one())
        until = now + timedelta(minutes=kept.queue.lease)
        row = {"queue_id": kept.id, "annotator_id": part.annotator_id, "state": State.HELD, "until": until}
        rows = [row | {"team_prompt_id": one.id, "after": last} for one in found]
        db.execute(insert(TEAM_CLAIMS), rows)
        given = [one.id for one in found if not one.training]
        db.execute(update(TEAM_PROMPTS).where(P.id.in_(given)).values(room=P.room - 1))
        if given:
            db.execute(update(TEAM_MEMBERS).where(M.id == member).values(reached=given[-1]))
    return len(found)


def until(db: Connection, queue_id: int, annotator_id: int) -> datetime | None:
    """When the first of what somebody holds runs out; None where nothing is held."""
    mine = select(C.until).where(*_mine(queue_id, annotator_id)).order_by(C.until).limit(1)
    return db.execute(mine).scalar()


def renew(db: Connection, kept: StoredQueue, annotator_id: int, now: datetime) -> None:
    """Somebody is there: what is held is held for the whole lease again."""
    until = now + timedelta(minutes=kept.queue.lease)
    db.execute(update(TEAM_CLAIMS).where(*_mine(kept.id, annotator_id)).values(until=until))
    there = (M.queue_id == kept.id, M.annotator_id == annotator_id)
    db.execute(update(TEAM_MEMBERS).where(*there).values(seen_at=now))


def give_back(db: Connection, queue_id: int, annotator_id: int) -> int:
    """Somebody leaves: what was held goes to others; how many prompts that were."""
    return _release(db, queue_id, _mine(queue_id, annotator_id))


def release_all(db: Connection, queue_id: int) -> None:
    """Nobody holds anything of a queue any more."""
    _release(db, queue_id, (C.queue_id == queue_id, C.state == State.HELD))


def given(db: Connection, queue_id: int, annotator_id: int) -> list[Claim]:
    """What somebody holds or has labelled or skipped, in the order it was given."""
    mine = select(P.prompt_id, P.training, C.state).join(TEAM_PROMPTS, P.id == C.team_prompt_id)
    mine = mine.where(C.queue_id == queue_id, C.annotator_id == annotator_id).order_by(C.id)
    return [Claim(prompt_id, bool(training), state != State.HELD) for prompt_id, training, state in db.execute(mine)]


def prompts_of(value: str) -> Select[Any]:
    """The ids of a queue's prompts, those to practise on apart; or, for `NAME=PERSON`, of all it has given somebody."""
    name, _, annotator = value.partition("=")
    found = select(P.prompt_id).where(P.queue_id == select(Q.id).where(Q.name == name).scalar_subquery())
    if not annotator:
        return found.where(~P.training)
    return found.join(TEAM_CLAIMS, C.team_prompt_id == P.id).where(C.annotator_id == _id_of(annotator))


def number(prompt_id: ColumnElement[int], name: str, annotator: str) -> ColumnElement[int]:
    """Where a prompt is in the order in which a queue has given prompts to somebody."""
    of = select(C.id).join(TEAM_PROMPTS, P.id == C.team_prompt_id).join(TEAM_QUEUES, Q.id == C.queue_id)
    of = of.where(Q.name == name, C.annotator_id == _id_of(annotator), P.prompt_id == prompt_id)
    return of.limit(1).scalar_subquery()


def first_held(db: Connection, name: str, annotator: str) -> int | None:
    """The first prompt that somebody holds in a queue; None where nothing is held."""
    mine = select(P.prompt_id).join(TEAM_CLAIMS, C.team_prompt_id == P.id).join(TEAM_QUEUES, Q.id == P.queue_id)
    mine = mine.where(Q.name == name, C.annotator_id == _id_of(annotator), C.state == State.HELD)
    return db.execute(mine.order_by(C.id).limit(1)).scalar()


def _id_of(annotator: str) -> Any:
    return select(ANNOTATORS.c.id).where(ANNOTATORS.c.name == annotator).scalar_subquery()


def full_for(db: Connection, prompt_ids: Sequence[int], annotator_id: int | None) -> dict[int, str]:
    """Which of these prompts somebody must not label, because a queue has given them to as many people as it asks for:
    the queue's name by prompt. Whoever was given one by another queue may. They stay as they are until the end of the
    transaction."""
    found: dict[int, str] = {}
    own = TEAM_PROMPTS.alias("own")
    mine = (own.c.prompt_id == P.prompt_id, C.team_prompt_id == own.c.id, C.annotator_id == annotator_id)
    for some in chunks(sorted(prompt_ids)):
        here = [entry.id for entry in _entries(db, some) if not entry.training]
        full = select(P.prompt_id, Q.name).join(TEAM_QUEUES, Q.id == P.queue_id)
        full = full.where(P.id.in_(here), P.room <= 0, ~exists().where(*mine, C.state != State.SKIPPED))
        found.update((prompt_id, name) for prompt_id, name in db.execute(full))
    return found


def practised(db: Connection, prompt_ids: Sequence[int], annotator_id: int | None) -> frozenset[int]:
    """Those of the prompts that somebody was given to practise on."""
    found: set[int] = set()
    mine = select(P.prompt_id).join(TEAM_CLAIMS, C.team_prompt_id == P.id).join(TEAM_QUEUES, Q.id == P.queue_id)
    mine = mine.where(P.training, C.annotator_id == annotator_id, Q.state != QueueState.ENDED)
    for some in chunks(prompt_ids):
        found.update(db.execute(mine.where(P.prompt_id.in_(some))).scalars())
    return frozenset(found)


def blind(db: Connection, prompt_ids: Sequence[int]) -> frozenset[int]:
    """Those of the prompts about which nobody may know what others decided: a queue wants more labels of them."""
    found: set[int] = set()
    for some in chunks(prompt_ids):
        asked = select(P.prompt_id).join(TEAM_QUEUES, Q.id == P.queue_id)
        found.update(db.execute(asked.where(P.prompt_id.in_(some), _SEALED)).scalars())
    return frozenset(found)


_SEALED = and_(~P.training, Q.overlap > 1, Q.state != QueueState.ENDED, P.labels < Q.overlap)


_QUEUED = select(P.id).join(TEAM_QUEUES, Q.id == P.queue_id).where(Q.state != QueueState.ENDED)
_CONCERN = select(_QUEUED.where(P.prompt_id == bindparam("prompt_id")).exists())


SEALED_PROMPTS = select(P.prompt_id).join(TEAM_QUEUES, Q.id == P.queue_id).where(_SEALED)


def sealed_now(prompt_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the prompt is one of those."""
    return SEALED_PROMPTS.where(P.prompt_id == prompt_id).exists()


def concern(db: Connection, prompt_id: int) -> bool:
    """Whether a queue that has not ended has the prompt."""
    return bool(db.execute(_CONCERN, {"prompt_id": prompt_id}).scalar_one())


def recount(db: Connection, prompt_ids: Sequence[int], queue_id: int | None = None) -> list[int]:
    """Bring the queues, or one, up to what people have decided about these prompts; those sealed or opened by it."""
    turned: set[int] = set()
    for some in chunks(prompt_ids):
        differing = [weighed for weighed in _weigh(db, _entries(db, some, queue_id)) if weighed.differs]
        _write(db, differing)
        turned.update(one.entry.prompt_id for one in differing if one.turns)
    return sorted(turned)


def wrong(db: Connection) -> Iterator[str]:
    """What the queues have in their rows that does not follow from decisions and claims, in words."""
    ids = list(db.execute(select(P.prompt_id).distinct().order_by(P.prompt_id)).scalars())
    for some in chunks(ids):
        differing = [w.entry.prompt_id for w in _weigh(db, db.execute(_standing(some)).all()) if w.differs]
        if differing:
            yield f"team_prompts: {len(differing)} rows, first prompt {differing[0]}, are not what people decided"


@dataclass(slots=True)
class _Weighed:
    """What a prompt of a queue should look like."""

    entry: Any
    labels: int = 0
    room: int = 0
    new: list[int] = field(default_factory=list)  # annotators who labelled it without having been given it
    gone: list[int] = field(default_factory=list)  # claims
    states: dict[int, State] = field(default_factory=dict)  # of claims that have another now

    @property
    def differs(self) -> bool:
        kept = (self.entry.labels, self.entry.room)
        return kept != (self.labels, self.room) or bool(self.new or self.gone or self.states)

    @property
    def turns(self) -> bool:
        """Whether it has all its labels now and had not, or the other way round."""
        return bool((self.entry.labels < self.entry.overlap) != (self.labels < self.entry.overlap))


def _write(db: Connection, weighed: Sequence[_Weighed]) -> None:
    """Many rows at a time: a server answers each statement."""
    states = [{"of": claim, "now": state} for one in weighed for claim, state in one.states.items()]
    if states:
        db.execute(update(TEAM_CLAIMS).where(C.id == bindparam("of")).values(state=bindparam("now")), states)
    for some in chunks([claim for one in weighed for claim in one.gone]):
        db.execute(delete(TEAM_CLAIMS).where(C.id.in_(some)))
    given = {"state": State.LABELLED, "until": _LONG_AGO, "after": 0}
    new = [
        {"queue_id": one.entry.queue_id, "team_prompt_id": one.entry.id, "annotator_id": who, **given}
        for one in weighed
        for who in one.new
    ]
    if new:
        db.execute(insert(TEAM_CLAIMS), new)
    counts = [{"of": one.entry.id, "now_labels": one.labels, "now_room": one.room} for one in weighed]
    if counts:
        now: dict[str, Any] = {"labels": bindparam("now_labels"), "room": bindparam("now_room")}
        db.execute(update(TEAM_PROMPTS).where(P.id == bindparam("of")).values(now), counts)


def _weigh(db: Connection, entries: Sequence[Any]) -> Iterator[_Weighed]:
    if not entries:
        return
    claims: dict[int, list[Any]] = defaultdict(list)
    for some in chunks([entry.id for entry in entries]):
        for claim in db.execute(select(TEAM_CLAIMS).where(C.team_prompt_id.in_(some)).order_by(C.id)):
            claims[claim.team_prompt_id].append(claim)
    said = _said(db, sorted({entry.prompt_id for entry in entries}))
    for entry in entries:
        yield _weighed(entry, claims[entry.id], said[entry.prompt_id])


def _weighed(entry: Any, claims: Sequence[Any], said: dict[tuple[int, str], int]) -> _Weighed:
    """`said` has the last decision of a kind in force, by annotator and aspect."""
    counts = Aspect.TRAINING if entry.training else Aspect.LABEL
    by = [who for who, aspect in said if aspect == counts]
    found = _Weighed(entry, len(by))
    there = {claim.annotator_id for claim in claims}
    found.new = [who for who in by if who not in there]
    room = entry.overlap - len(by)
    for claim in sorted(claims, key=lambda claim: claim.state != State.HELD):
        skipped = said.get((claim.annotator_id, Aspect.SKIP), 0) > claim.after
        if claim.annotator_id in by:
            state = State.LABELLED
        elif skipped:
            state = State.SKIPPED
        elif claim.state != State.HELD and room <= 0 and not entry.training:
            found.gone.append(claim.id)  # taken back, and meanwhile others have it
            continue
        else:
            state = State.HELD
            room -= 1
        if state != claim.state:
            found.states[claim.id] = state
    found.room = ROOM_TO_PRACTISE if entry.training else room
    return found


def _said(db: Connection, prompt_ids: Sequence[int]) -> dict[int, dict[tuple[int, str], int]]:
    found: dict[int, dict[tuple[int, str], int]] = defaultdict(dict)
    for some in chunks(prompt_ids):
        statement = (
            select(A.prompt_id, A.annotator_id, A.aspect, func.max(A.id).label("last"))
            .join(JOURNAL, JOURNAL.c.id == A.journal_id)
            .where(A.prompt_id.in_(some), A.aspect.in_((Aspect.LABEL, Aspect.TRAINING, Aspect.SKIP)))
            .where(JOURNAL.c.kind == EntryKind.DECISION, IN_FORCE)
            .group_by(A.prompt_id, A.annotator_id, A.aspect)
        )
        for row in db.execute(statement):
            found[row.prompt_id][row.annotator_id, row.aspect] = row.last
    return found


def _entries(db: Connection, prompt_ids: Sequence[int], queue_id: int | None = None) -> Sequence[Row[Any]]:
    """The rows of the prompts in queues that have not ended; nobody else changes them until the transaction ends."""
    statement = _standing(prompt_ids)
    if queue_id is not None:
        statement = statement.where(P.queue_id == queue_id)
    return db.execute(statement.with_for_update(of=TEAM_PROMPTS)).all()


def _standing(prompt_ids: Sequence[int]) -> Select[Any]:
    statement = select(TEAM_PROMPTS, Q.overlap).join(TEAM_QUEUES, Q.id == P.queue_id)
    return statement.where(P.prompt_id.in_(prompt_ids), Q.state != QueueState.ENDED).order_by(P.id)


def _free(db: Connection, queue_id: int, part: Part, count: int, *, lock: bool) -> list[Row[Any]]:
    """The next prompts with room for somebody who was not given them yet: those to practise on, the others in the
    order of the queue from where this person is, then from its begin."""
    there = (M.queue_id == queue_id, M.annotator_id == part.annotator_id)
    reached = int(db.execute(select(M.reached).where(*there)).scalar() or 0)
    yet = exists().where(C.team_prompt_id == P.id, C.annotator_id == part.annotator_id)
    found: list[Row[Any]] = []
    for where in ((P.training,), (~P.training, P.id > reached, *_in(part)), (~P.training, P.id <= reached, *_in(part))):
        statement = select(P.id, P.training).where(P.queue_id == queue_id, HAS_ROOM, *where, ~yet).order_by(P.id)
        statement = statement.limit(count - len(found))
        if lock:
            statement = statement.with_for_update(skip_locked=True)  # where several write at once
        if count > len(found):
            found.extend(db.execute(statement))
    return found


def _in(part: Part) -> tuple[ColumnElement[bool], ...]:
    lots = or_(*(and_(P.lot >= low, P.lot < high) for low, high in part.lots))
    whole = part.lots == ((0, LOTS),)
    return (true() if whole else lots, P.category.in_(part.categories) if part.categories else true())


def _mine(queue_id: int, annotator_id: int) -> tuple[ColumnElement[bool], ...]:
    return C.queue_id == queue_id, C.annotator_id == annotator_id, C.state == State.HELD


def _gone(queue_id: int, annotator_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The claims of others that ran out; one's own are renewed as long as nobody has taken them."""
    return C.queue_id == queue_id, C.annotator_id != annotator_id, C.state == State.HELD, C.until < now


def _expire(db: Connection, queue_id: int, annotator_id: int, now: datetime) -> None:
    _release(db, queue_id, _gone(queue_id, annotator_id, now))


def _release(db: Connection, queue_id: int, which: tuple[ColumnElement[bool], ...]) -> int:
    """Let go of claims; those at whose prompts somebody else is just at work stay for another time."""
    wanted = select(C.team_prompt_id).where(*which)
    here = select(P.id, P.prompt_id).where(P.queue_id == queue_id, P.id.in_(wanted)).order_by(P.id)
    rows = db.execute(here.with_for_update(skip_locked=True)).all()
    for some in chunks([row.id for row in rows]):
        db.execute(delete(TEAM_CLAIMS).where(C.team_prompt_id.in_(some), *which))
    recount(db, sorted({row.prompt_id for row in rows}), queue_id)
    return len(rows)

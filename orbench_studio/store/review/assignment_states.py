"""States of assignments that follow from decisions, updated in the transaction of each decision, undo and redo.

A transaction that changes the number of labels of a prompt first locks its row in the queue, then counts; a workspace
in a file has one writer anyway.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, func, insert, select, update

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.domain.team.queue import NO_END, AssignmentState, QueueState
from orbench_studio.store.core.bulk_insert import ForIds, Ids, chunks
from orbench_studio.store.core.pipeline import Read, Steps, send, together
from orbench_studio.store.core.reviewer_views import DECISION_AUTHORS
from orbench_studio.store.core.tables import JOURNAL
from orbench_studio.store.core.team_tables import TEAM_CLAIMS, TEAM_PROMPTS, TEAM_QUEUES
from orbench_studio.store.review.journal import IN_FORCE_AFTER

Q, P, C, A = TEAM_QUEUES.c, TEAM_PROMPTS.c, TEAM_CLAIMS.c, DECISION_AUTHORS.c
COUNTED = (Aspect.LABEL, Aspect.TRAINING, Aspect.SKIP)  # the decisions on which assignments depend
TRAINING_ROOM = 1  # a training prompt can be given to everybody: its room never shrinks
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ROWS = (
    select(TEAM_PROMPTS, Q.overlap)
    .join(TEAM_QUEUES, Q.id == P.queue_id)
    .where(Q.state != QueueState.ENDED)
    .order_by(P.id)
)
_LOCKED = ForIds(_ROWS.with_for_update(of=TEAM_PROMPTS), P.prompt_id)
_ASSIGNED = ForIds(select(TEAM_CLAIMS).join(TEAM_PROMPTS, P.id == C.team_prompt_id).order_by(C.id), P.prompt_id)
_LAST = {
    reversal: ForIds(
        select(A.prompt_id, A.annotator_id, A.aspect, func.max(A.id).label("last"))
        .join(JOURNAL, JOURNAL.c.id == A.journal_id)
        .where(A.aspect.in_(COUNTED), JOURNAL.c.kind == EntryKind.DECISION, in_force)
        .group_by(A.prompt_id, A.annotator_id, A.aspect),
        A.prompt_id,
    )
    for reversal, in_force in IN_FORCE_AFTER.items()
}


def assigned_to_others(db: Connection, prompt_ids: Sequence[int], annotator_id: int | None) -> dict[int, str]:
    """The prompts that the annotator must not label, with the name of the queue that assigned each to enough others.

    An annotator may label what another queue assigned to them. The rows stay locked until the transaction ends.
    """
    found: dict[int, str] = {}
    own = TEAM_PROMPTS.alias("own")
    mine = (own.c.prompt_id == P.prompt_id, C.team_prompt_id == own.c.id, C.annotator_id == annotator_id)
    for some in chunks(sorted(prompt_ids)):
        here = [row.id for row in locked_rows(db, some) if not row.training]
        full = select(P.prompt_id, Q.name).join(TEAM_QUEUES, Q.id == P.queue_id)
        full = full.where(P.id.in_(here), P.room <= 0, ~exists().where(*mine, C.state != AssignmentState.SKIPPED))
        found.update((prompt_id, name) for prompt_id, name in db.execute(full))
    return found


def recount(db: Connection, prompt_ids: Sequence[int], queue_id: int | None = None) -> list[int]:
    """Update the rows of these prompts in all queues, or in one; returns the prompts that became blind or visible."""
    changed: set[int] = set()
    for some in chunks(prompt_ids):
        changed.update(write(db, _read_expected(db, locked_rows(db, some, queue_id))))
    return sorted(changed)


def wrong(db: Connection) -> Iterator[str]:
    """A sentence for each group of queue rows that do not follow from the decisions and assignments."""
    ids = list(db.execute(select(P.prompt_id).distinct().order_by(P.prompt_id)).scalars())
    for some in chunks(ids):
        differing = [
            one.row.prompt_id
            for one in _read_expected(db, db.execute(_ROWS.where(P.prompt_id.in_(some))).all())
            if one.differs
        ]
        if differing:
            yield f"team_prompts: {len(differing)} rows do not match the decisions. First prompt: {differing[0]}."


@dataclass(slots=True)
class Expected:
    """What follows from the decisions for a prompt of a queue."""

    row: Any
    labels: int = 0
    room: int = 0
    new: list[int] = field(default_factory=list)  # annotators who labelled it without an assignment
    gone: list[int] = field(default_factory=list)  # ids of assignments
    states: dict[int, AssignmentState] = field(default_factory=dict)  # new states, by id of the assignment

    @property
    def differs(self) -> bool:
        stored = (self.row.labels, self.row.room)
        return stored != (self.labels, self.room) or bool(self.new or self.gone or self.states)

    @property
    def changes_blindness(self) -> bool:
        """Whether the last missing label was added, or taken back."""
        return bool((self.row.labels < self.row.overlap) != (self.labels < self.row.overlap))


def write(db: Connection, expected: Iterable[Expected]) -> list[int]:
    """Store what follows from the decisions; returns the prompts that became blind or visible."""
    differing = [one for one in expected if one.differs]
    _write(db, differing)
    return sorted({one.row.prompt_id for one in differing if one.changes_blindness})


def _write(db: Connection, expected: Sequence[Expected]) -> None:
    """Few statements with many rows each: a server takes a round trip for each statement."""
    states = [{"of": assignment, "now": state} for one in expected for assignment, state in one.states.items()]
    if states:
        send(db, update(TEAM_CLAIMS).where(C.id == bindparam("of")).values(state=bindparam("now")), states)
    for some in chunks([assignment for one in expected for assignment in one.gone]):
        send(db, delete(TEAM_CLAIMS).where(C.id.in_(some)))
    common = {"state": AssignmentState.LABELLED, "until": _LONG_AGO, "after": 0}
    new = [
        {"queue_id": one.row.queue_id, "team_prompt_id": one.row.id, "annotator_id": annotator_id, **common}
        for one in expected
        for annotator_id in one.new
    ]
    if new:
        send(db, insert(TEAM_CLAIMS).inline(), new)
    counts = [{"of": one.row.id, "now_labels": one.labels, "now_room": one.room} for one in expected]
    if counts:
        now: dict[str, Any] = {"labels": bindparam("now_labels"), "room": bindparam("now_room")}
        send(db, update(TEAM_PROMPTS).where(P.id == bindparam("of")).values(now), counts)


def _read_expected(db: Connection, rows: Sequence[Any]) -> list[Expected]:
    if not rows:
        return []
    ids = sorted({row.prompt_id for row in rows})
    with together(db) as start:
        assigned, decisions = start(assigned_to, ids), start(last_decisions, ids)
    return expected_rows(rows, assigned.result, decisions.result)


def expected_rows(
    rows: Sequence[Any], assigned: dict[int, list[Any]], decisions: dict[int, dict[tuple[int, str], int]]
) -> list[Expected]:
    """What follows from the assignments and decisions for rows of queues."""
    return [_expected(row, assigned.get(row.id, ()), decisions.get(row.prompt_id, {})) for row in rows]


@Read
def assigned_to(prompt_ids: Ids) -> Steps[dict[int, list[Any]]]:
    """The assignments of the prompts, by row of a queue."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in (yield from _ASSIGNED.rows(prompt_ids)):
        found[row.team_prompt_id].append(row)
    return found


def _expected(row: Any, assignments: Sequence[Any], decisions: dict[tuple[int, str], int]) -> Expected:
    """`decisions` has the id of the last current decision, by annotator and aspect."""
    counts = Aspect.TRAINING if row.training else Aspect.LABEL
    labelled_by = [annotator_id for annotator_id, aspect in decisions if aspect == counts]
    expected = Expected(row, len(labelled_by))
    assigned = {assignment.annotator_id for assignment in assignments}
    expected.new = [annotator_id for annotator_id in labelled_by if annotator_id not in assigned]
    room = row.overlap - len(labelled_by)
    for assignment in sorted(assignments, key=lambda assignment: assignment.state != AssignmentState.HELD):
        skipped = decisions.get((assignment.annotator_id, Aspect.SKIP), 0) > assignment.after
        if assignment.annotator_id in labelled_by:
            state = AssignmentState.LABELLED
        elif skipped:
            state = AssignmentState.SKIPPED
        elif assignment.state != AssignmentState.HELD and room <= 0 and not row.training and assignment.until < NO_END:
            expected.gone.append(assignment.id)  # the label was undone, and the prompt was assigned to others since
            continue
        else:
            state = AssignmentState.HELD
            room -= 1
        if state != assignment.state:
            expected.states[assignment.id] = state
    expected.room = TRAINING_ROOM if row.training else room
    return expected


@Read
def last_decisions(prompt_ids: Ids, after: EntryKind | None = None) -> Steps[dict[int, dict[tuple[int, str], int]]]:
    """The id of the last current decision of each annotator, by prompt, annotator and aspect; see `IN_FORCE_AFTER`."""
    found: dict[int, dict[tuple[int, str], int]] = defaultdict(dict)
    for row in (yield from _LAST[after].rows(prompt_ids)):
        found[row.prompt_id][row.annotator_id, row.aspect] = row.last
    return found


@Read
def locked_rows(prompt_ids: Ids, queue_id: int | None = None) -> Steps[Sequence[Row[Any]]]:
    """The rows of the prompts in queues that have not ended, locked until the transaction ends."""
    if queue_id is None:
        return (yield from _LOCKED.rows(prompt_ids))
    only = _ROWS.where(P.prompt_id.in_(prompt_ids), P.queue_id == queue_id)
    return list((yield only.with_for_update(of=TEAM_PROMPTS)))

"""Rows that can be read, but that neither the studio nor the rules of a server let anybody write.

An owner or an administrator can put them in with SQL of their own, and so could reviewers before there were rules.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, or_, select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.domain.team.queue import NO_END, AssignmentState
from orbench_studio.store.core import clock
from orbench_studio.store.core.engine import is_server
from orbench_studio.store.core.reviewer_views import SUMMARY
from orbench_studio.store.core.tables import ANNOTATIONS, JOURNAL, RESPONSES, VIEWS
from orbench_studio.store.core.team_tables import TEAM_CLAIMS, TEAM_MEMBERS, TEAM_PROMPTS
from orbench_studio.store.core.unreadable_rows import LISTED, Fault

J, A, C, M, V = JOURNAL.c, ANNOTATIONS.c, TEAM_CLAIMS.c, TEAM_MEMBERS.c, VIEWS.c
_DECIDING = (EntryKind.DECISION, EntryKind.ADJUDICATION)
_REVERSING = (EntryKind.UNDO, EntryKind.REDO)
_OF_PROMPT = (Aspect.LABEL, Aspect.RECHECK, Aspect.TRAINING)
_OF_RESPONSE = (Aspect.ANSWER_CLASS, Aspect.EVIDENCE, Aspect.SEVERITY)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# A wrong clock dates honest decisions years ahead. They reach a server with the files that its owner pushes or merges;
# what reviewers write there is compared with the server's clock before it is a row.
_LEEWAY = timedelta(days=36_500)
_LONGEST_LEASE = timedelta(days=1, minutes=5)  # with a reserve for files, whose clock is that of a machine

Rule = tuple[Table, ColumnElement[bool], str]


def faults(db: Connection) -> Iterator[Fault]:
    """All such rows, with what is wrong with each."""
    for table, condition, reason in _rules(db):
        for row_id in _ids(db, table, condition):
            yield Fault(table.name, (row_id,), f"{table.name} row {row_id}: {reason}")


def messages(db: Connection) -> Iterator[str]:
    """Messages about such rows: the first of each kind, and the number of the others."""
    for table, condition, reason in _rules(db):
        ids = _ids(db, table, condition)
        yield from (f"{table.name} row {row_id}: {reason}" for row_id in ids[:LISTED])
        if len(ids) > LISTED:
            yield f"{table.name}: {len(ids) - LISTED:,} more rows: {reason}"


def _ids(db: Connection, table: Table, condition: ColumnElement[bool]) -> Sequence[int]:
    return db.execute(select(table.c.id).where(condition).order_by(table.c.id)).scalars().all()


def _rules(db: Connection) -> Iterator[Rule]:
    now = datetime.fromtimestamp(clock.now(db), UTC)
    latest = now + _LEEWAY
    yield from _of_entries(db, latest)
    yield from _of_decisions()
    of_queue = exists(TEAM_PROMPTS.c.id).where(
        TEAM_PROMPTS.c.id == C.team_prompt_id, TEAM_PROMPTS.c.queue_id == C.queue_id
    )
    endless = and_(C.state == AssignmentState.HELD, C.until > now + _LONGEST_LEASE, C.until != NO_END)
    yield TEAM_CLAIMS, ~of_queue, "the prompt is of another queue"
    yield TEAM_CLAIMS, endless, "it expires later than any queue permits"
    yield TEAM_MEMBERS, and_(~M.invited, M.share.is_not(None)), "a share without an invitation"
    yield VIEWS, V.created_at > latest, "its time is in the future"
    yield VIEWS, or_(func.length(V.query) > 10_000, func.length(V.name) > 200), "it is longer than a view can be"


def _of_entries(db: Connection, latest: datetime) -> Iterator[Rule]:
    target = JOURNAL.alias("target")
    own = exists(target.c.id).where(
        target.c.id == J.target_id, target.c.annotator_id == J.annotator_id, target.c.kind.in_(_DECIDING)
    )
    pattern, matches = ("[^0-9A-Za-z_-]", "~") if is_server(db) else ("*[^0-9A-Za-z_-]*", "GLOB")
    yield JOURNAL, or_(J.uuid == "", func.length(J.uuid) > 64, J.uuid.bool_op(matches)(pattern)), "not a valid uuid"
    yield JOURNAL, J.at > latest, "its time is in the future"
    yield JOURNAL, J.at < _EARLIEST, "its time is before the year 2000"
    yield JOURNAL, and_(J.kind.in_(_DECIDING), J.annotator_id.is_(None)), "a decision without a person"
    yield JOURNAL, and_(J.kind.not_in(_REVERSING), J.target_id.is_not(None)), "a target, but neither undo nor redo"
    yield JOURNAL, and_(J.kind.in_(_REVERSING), ~own), "it reverses no decision of the same person"
    if is_server(db):  # others read it over the network
        yield JOURNAL, func.length(SUMMARY.element) > 2_000, "a summary of more than 2,000 characters"


def _of_decisions() -> Iterator[Rule]:
    of_other = exists(J.id).where(J.id == A.journal_id, J.kind.in_(_DECIDING), J.annotator_id != A.annotator_id)
    no_decision = exists(J.id).where(J.id == A.journal_id, J.kind.not_in((*_DECIDING, EntryKind.IMPORT)))
    elsewhere = exists(RESPONSES.c.id).where(RESPONSES.c.id == A.response_id, RESPONSES.c.prompt_id != A.prompt_id)
    about = or_(
        and_(A.aspect.in_(_OF_PROMPT), A.response_id.is_not(None)),
        and_(A.aspect.in_(_OF_RESPONSE), A.response_id.is_(None)),
    )
    yield ANNOTATIONS, of_other, "its journal entry is of another person"
    yield ANNOTATIONS, no_decision, "its journal entry is no decision"
    yield ANNOTATIONS, elsewhere, "its response belongs to another prompt"
    yield ANNOTATIONS, about, "labels are of prompts, classes and marks of responses"
    yield ANNOTATIONS, and_(A.aspect == Aspect.FLAG, A.value.not_in(("on", "off"))), "a flag is on or off"
    yield ANNOTATIONS, or_(func.length(A.value) > 100_000, func.length(A.reason) > 10_000), "it is too long"

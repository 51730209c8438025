"""Undo and redo of several entries in one step: each gets an entry of its own, all with one counter and time."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, exists, select

from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core.tables import JOURNAL
from orbench_studio.store.review import journal
from orbench_studio.store.review.journal import DECIDING, IN_FORCE, NEWEST_FIRST


def to_undo(db: Connection, annotator_id: int) -> list[int]:
    """The annotator's last current decision, with those that were redone together with it; newest first."""
    target = journal.undo_target(db, annotator_id)
    return _together(db, annotator_id, target) if target is not None else []


def to_redo(db: Connection, annotator_id: int) -> list[int]:
    """The decision that the annotator undid last, with those undone together with it; newest first."""
    target = journal.redo_target(db, annotator_id)
    return _together(db, annotator_id, target) if target is not None else []


def in_force(db: Connection, annotator_id: int, entry_ids: Collection[int]) -> list[int]:
    """Those of the entries that are current decisions of the annotator; newest first."""
    mine = (JOURNAL.c.annotator_id == annotator_id, JOURNAL.c.kind.in_(DECIDING))
    statement = select(JOURNAL.c.id).where(*mine, JOURNAL.c.id.between(min(entry_ids), max(entry_ids)), IN_FORCE)
    return [entry for entry in db.execute(statement.order_by(*NEWEST_FIRST)).scalars() if entry in entry_ids]


def reverse(db: Connection, kind: EntryKind, annotator_id: int, targets: Sequence[int]) -> None:
    """Undo or redo the decisions in one step."""
    moment = journal.moment(db, annotator_id)
    for target in targets:
        message = f"{'Undone' if kind is EntryKind.UNDO else 'Redone'}: “{journal.summary_of(db, target)}”"
        journal.append(db, kind, annotator_id, moment, message, target)


def _together(db: Connection, annotator_id: int, target: int) -> list[int]:
    """The decision and those that were last undone or redone in the same step; the decision alone if there was none."""
    j = JOURNAL.c
    statement = select(j.kind, j.counter, j.at).where(j.target_id == target)
    last = db.execute(statement.order_by(*NEWEST_FIRST).limit(1)).first()
    if last is None:
        return [target]
    later = JOURNAL.alias("later")
    changed_since = exists(later.c.id).where(later.c.target_id == j.target_id, journal.is_later(later, JOURNAL))
    same = (j.annotator_id == annotator_id, j.kind == last.kind, j.counter == last.counter, j.at == last.at)
    statement = select(j.target_id).where(*same, ~changed_since).order_by(j.target_id.desc())
    return [int(found) for found in db.execute(statement).scalars()]

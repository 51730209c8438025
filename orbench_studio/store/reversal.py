"""Undo and redo of what was done together. An entry each; the entries of one deed share its moment."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, exists, select

from orbench_studio.store import journal
from orbench_studio.store.journal import IN_FORCE, Deed
from orbench_studio.store.tables import JOURNAL


def to_undo(db: Connection, annotator_id: int) -> list[int]:
    """The annotator's last decision in force, with those that were redone together with it; newest first."""
    target = journal.undo_target(db, annotator_id)
    return _together(db, annotator_id, target) if target is not None else []


def to_redo(db: Connection, annotator_id: int) -> list[int]:
    """The decision that the annotator undid last, with those undone together with it; newest first."""
    target = journal.redo_target(db, annotator_id)
    return _together(db, annotator_id, target) if target is not None else []


def since(db: Connection, annotator_id: int, first: int, last: int) -> list[int]:
    """The annotator's decisions in force from one entry to another, both included; newest first."""
    mine = (JOURNAL.c.annotator_id == annotator_id, JOURNAL.c.kind == Deed.DECISION)
    statement = select(JOURNAL.c.id).where(*mine, JOURNAL.c.id.between(first, last), IN_FORCE)
    return list(db.execute(statement.order_by(JOURNAL.c.id.desc())).scalars())


def reverse(db: Connection, deed: Deed, annotator_id: int, targets: Sequence[int]) -> None:
    """Undo or redo the decisions in one deed."""
    at = _own_moment(db, annotator_id)
    for target in targets:
        told = f"{'Undone' if deed is Deed.UNDO else 'Redone'}: “{journal.summary_of(db, target)}”"
        journal.append(db, deed, annotator_id, at, told, target)


def _together(db: Connection, annotator_id: int, target: int) -> list[int]:
    """The decision and those whose last undo or redo was the same deed; the decision alone if it had none."""
    j = JOURNAL.c
    last_word = select(j.kind, j.at).where(j.target_id == target).order_by(j.id.desc()).limit(1)
    word = db.execute(last_word).first()
    if word is None:
        return [target]
    later = JOURNAL.alias("later")
    changed_since = exists().where(later.c.target_id == j.target_id, later.c.id > j.id)
    same = (j.annotator_id == annotator_id, j.kind == word.kind, j.at == word.at)
    statement = select(j.target_id).where(*same, ~changed_since).order_by(j.target_id.desc())
    return [int(found) for found in db.execute(statement).scalars()]


def _own_moment(db: Connection, annotator_id: int) -> datetime:
    """Now, or as little later as no other deed of the annotator has: clocks can be coarser than deeds."""
    at = datetime.now(UTC)
    while db.execute(select(JOURNAL.c.id).where(JOURNAL.c.annotator_id == annotator_id, JOURNAL.c.at == at)).first():
        at += timedelta(microseconds=1)
    return at

"""Undo and redo of several entries in one step: each gets an entry of its own, all with one counter and time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core.bulk_insert import chunks
from orbench_studio.store.core.pipeline import Read, Steps, together
from orbench_studio.store.core.reviewer_views import SUMMARY
from orbench_studio.store.core.tables import ANNOTATIONS, JOURNAL
from orbench_studio.store.review import journal
from orbench_studio.store.review.journal import DECIDING, IN_FORCE, NEWEST_FIRST, Moment


@dataclass(frozen=True, slots=True)
class Targets:
    """Entries of an annotator to undo or to redo, newest first, with their decisions and the moment of doing so."""

    entries: Sequence[int]
    decisions: Sequence[Any]  # rows with the entry, its summary, the prompt, the response and the aspect
    moment: Moment

    @property
    def prompt_ids(self) -> list[int]:
        """The prompts that they are about, ascending."""
        return sorted({row.prompt_id for row in self.decisions})

    @property
    def response_ids(self) -> list[int]:
        """The responses that they are about, ascending."""
        return sorted({row.response_id for row in self.decisions if row.response_id is not None})

    @property
    def labelled(self) -> list[int]:
        """The prompts that they label, ascending."""
        return sorted({row.prompt_id for row in self.decisions if row.aspect == Aspect.LABEL})

    @property
    def only_rechecked(self) -> frozenset[int]:
        """The prompts about which they decide nothing but how they were answered when shown again."""
        otherwise = {row.prompt_id for row in self.decisions if row.aspect != Aspect.RECHECK}
        return frozenset(self.prompt_ids) - otherwise

    def summary(self, entry: int) -> str:
        return next(str(row.summary) for row in self.decisions if row.journal_id == entry)


def last(db: Connection, kind: EntryKind, annotator_id: int) -> Targets:
    """What an undo or a redo of the annotator reverses, with all that was redone or undone in the same step."""
    newest = (journal.undo_target if kind is EntryKind.UNDO else journal.redo_target)(annotator_id)
    with together(db) as start:
        step, decisions = start(_step, annotator_id, newest), start(_decisions, newest)
        moment = start(journal.moment, annotator_id)
    if {row.journal_id for row in decisions.result} == set(step.result):
        return Targets(step.result, decisions.result, moment.result)
    return of(db, annotator_id, step.result)


def of(db: Connection, annotator_id: int, entries: Sequence[int]) -> Targets:
    decisions = [row for some in chunks(entries) for row in _decisions(db, some)]
    return Targets(entries, decisions, journal.moment(db, annotator_id))


def in_force(db: Connection, annotator_id: int, entry_ids: Collection[int]) -> list[int]:
    """Those of the entries that are current decisions of the annotator; newest first."""
    mine = (JOURNAL.c.annotator_id == annotator_id, JOURNAL.c.kind.in_(DECIDING))
    statement = select(JOURNAL.c.id).where(*mine, JOURNAL.c.id.between(min(entry_ids), max(entry_ids)), IN_FORCE)
    return [entry for entry in db.execute(statement.order_by(*NEWEST_FIRST)).scalars() if entry in entry_ids]


def reverse(db: Connection, kind: EntryKind, annotator_id: int, targets: Targets) -> None:
    """Undo or redo the decisions in one step."""
    for entry in targets.entries:
        message = f"{'Undone' if kind is EntryKind.UNDO else 'Redone'}: “{targets.summary(entry)}”"
        journal.send_entry(db, kind, annotator_id, targets.moment, message, entry)


@Read
def _decisions(entries: Select[Any] | Sequence[int]) -> Steps[list[Any]]:
    a = ANNOTATIONS.c
    columns = (a.journal_id, a.prompt_id, a.response_id, a.aspect, SUMMARY)
    statement = select(*columns).join(JOURNAL, JOURNAL.c.id == a.journal_id).where(a.journal_id.in_(entries))
    return list((yield statement.order_by(a.id)))


@Read
def _step(annotator_id: int, newest: Select[Any]) -> Steps[list[int]]:
    """An entry and those that were last undone or redone in the same step; the entry alone if there was none."""
    target, before, same, later = newest.subquery("target"), *(JOURNAL.alias(name) for name in ("b", "same", "later"))
    order = (before.c.counter.desc(), before.c.at.desc(), before.c.uuid.desc())
    latest = select(before.c.id).where(before.c.target_id == target.c.id).order_by(*order).limit(1).scalar_subquery()
    changed_since = exists(later.c.id).where(later.c.target_id == same.c.target_id, journal.is_later(later, same))
    j = JOURNAL.c
    in_step = (same.c.kind == j.kind, same.c.counter == j.counter, same.c.at == j.at)
    statement = (
        select(target.c.id, j.id.label("latest"), same.c.target_id)
        .select_from(target)
        .outerjoin(JOURNAL, j.id == latest)
        .outerjoin(same, and_(same.c.annotator_id == annotator_id, *in_step, ~changed_since))
        .order_by(same.c.target_id.desc())
    )
    rows = (yield statement).all()
    if rows and rows[0].latest is None:
        return [int(rows[0].id)]
    return [int(row.target_id) for row in rows if row.target_id is not None]

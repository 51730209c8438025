"""Undo and redo of several entries in one step: each gets an entry of its own, all with one counter and time."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, bindparam, cast, exists, func, select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core.bulk_insert import ForIds
from orbench_studio.store.core.pipeline import send, together
from orbench_studio.store.core.reviewer_views import SUMMARY
from orbench_studio.store.core.tables import ANNOTATIONS, JOURNAL
from orbench_studio.store.core.unit_of_work import lock_prompts
from orbench_studio.store.review import journal
from orbench_studio.store.review.journal import DECIDING, IN_FORCE, NEWEST_FIRST, STEP, Moment

_A = ANNOTATIONS.c
_IN_STEP = _A.journal_id.in_(STEP)
_PROMPTS = select(_A.prompt_id).where(_IN_STEP)
ONLY_PROMPT = select(func.min(_A.prompt_id)).where(_IN_STEP).having(func.count(_A.prompt_id.distinct()) == 1)
RESPONSES = select(_A.response_id).where(_IN_STEP, _A.response_id.is_not(None), _A.prompt_id.in_(ONLY_PROMPT))
_DECISIONS = ForIds(
    select(_A.journal_id, _A.prompt_id, _A.response_id, _A.aspect, SUMMARY)
    .join(JOURNAL, JOURNAL.c.id == _A.journal_id)
    .order_by(_A.id),
    _A.journal_id,
)


@dataclass(frozen=True, slots=True)
class Targets:
    """Entries of an annotator to undo or to redo, with the moment of doing so."""

    decisions: Sequence[Any]  # rows with the entry, its summary, the prompt, the response and the aspect
    moment: Moment
    uuid: str | None = None  # of the first new entry

    @property
    def entries(self) -> list[int]:
        """The entries, newest first."""
        return sorted({row.journal_id for row in self.decisions}, reverse=True)

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
    return of(db, annotator_id, list(db.execute(_step(kind), {"annotator_id": annotator_id}).scalars()))


def lock_last(db: Connection, kind: EntryKind, annotator_id: int) -> None:
    """Find the same on a server without waiting, and lock its prompts: what is read after that can refer to `STEP`."""
    send(db, _save_step(kind), {"annotator_id": annotator_id})
    lock_prompts(db, _PROMPTS)


def of(db: Connection, annotator_id: int, entries: Sequence[int]) -> Targets:
    """Entries of an annotator with their decisions."""
    return Targets(_DECISIONS.read(db, entries), journal.moment(db, annotator_id))


def start_targets(start: together, annotator_id: int) -> Callable[[], Targets]:
    """What `lock_last` has found."""
    decisions, moment = start(_DECISIONS.read, STEP), start(journal.moment, annotator_id)
    return lambda: Targets(decisions.result, moment.result)


def in_force(db: Connection, annotator_id: int, entry_ids: Collection[int]) -> list[int]:
    """Those of the entries that are current decisions of the annotator; newest first."""
    mine = (JOURNAL.c.annotator_id == annotator_id, JOURNAL.c.kind.in_(DECIDING))
    statement = select(JOURNAL.c.id).where(*mine, JOURNAL.c.id.between(min(entry_ids), max(entry_ids)), IN_FORCE)
    return [entry for entry in db.execute(statement.order_by(*NEWEST_FIRST)).scalars() if entry in entry_ids]


def reverse(db: Connection, kind: EntryKind, annotator_id: int, targets: Targets) -> None:
    """Undo or redo the decisions in one step."""
    for entry, uuid in zip_longest(targets.entries, [targets.uuid]):
        message = f"{'Undone' if kind is EntryKind.UNDO else 'Redone'}: “{targets.summary(entry)}”"
        journal.send_entry(db, kind, annotator_id, targets.moment, message, entry, uuid)


def reversed_prompts(db: Connection, entry: int) -> tuple[int, ...]:
    """The prompts of the decisions that an undo or a redo reversed, by one entry of its step."""
    step, one = JOURNAL.alias("step"), JOURNAL.alias("one")
    same = (step.c.annotator_id == one.c.annotator_id, step.c.counter == one.c.counter, step.c.at == one.c.at)
    targets = select(step.c.target_id).join(one, and_(*same)).where(one.c.id == entry)
    found = select(_A.prompt_id).where(_A.journal_id.in_(targets)).distinct().order_by(_A.prompt_id)
    return tuple(db.execute(found).scalars())


@cache
def _save_step(kind: EntryKind) -> Select[Any]:
    ids = func.string_agg(cast(_step(kind).subquery().c.id, Text), ",")
    only_in_this_transaction = True
    return select(func.set_config("orbench.step", func.coalesce(ids, ""), only_in_this_transaction))


@cache
def _step(kind: EntryKind) -> Select[Any]:
    """The entry that is reversed next, and those that were last undone or redone in the same step."""
    annotator_id: ColumnElement[int] = bindparam("annotator_id")
    newest = (journal.undo_target if kind is EntryKind.UNDO else journal.redo_target)(annotator_id)
    target, before, same, later = newest.subquery("target"), *(JOURNAL.alias(name) for name in ("b", "same", "later"))
    order = (before.c.counter.desc(), before.c.at.desc(), before.c.uuid.desc())
    latest = select(before.c.id).where(before.c.target_id == target.c.id).order_by(*order).limit(1).scalar_subquery()
    changed_since = exists(later.c.id).where(later.c.target_id == same.c.target_id, journal.is_later(later, same))
    j = JOURNAL.c
    in_step = (same.c.kind == j.kind, same.c.counter == j.counter, same.c.at == j.at)
    return (
        select(func.coalesce(same.c.target_id, target.c.id).label("id"))
        .select_from(target)
        .outerjoin(JOURNAL, j.id == latest)
        .outerjoin(same, and_(same.c.annotator_id == annotator_id, *in_step, ~changed_since))
    )

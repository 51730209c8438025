"""Which of an annotator's decisions are current: neither undone nor superseded by a later one."""

from typing import Any

from sqlalchemy import and_, case, exists, func, or_, tuple_

from orbench_studio.domain.core.annotation import CHECKS, Aspect
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core.tables import ANNOTATIONS, JOURNAL
from orbench_studio.store.review.journal import IN_FORCE, not_undone

_LATER, _ENTRY = ANNOTATIONS.alias("later"), JOURNAL.alias("later_entry")


def _order(annotation: Any, entry: Any) -> Any:
    """The order of an annotator's decisions; those made in the studio come after imported ones."""
    decided = case((entry.kind == EntryKind.IMPORT, 0), else_=1)
    return tuple_(decided, entry.counter, entry.at, entry.uuid, annotation.id)


def _is_superseded() -> Any:
    """Whether the annotator decided the same again later. Notes add up, and an adjudication is a role of its own."""
    old, new, entry = ANNOTATIONS.c, _LATER.c, JOURNAL.c
    again = or_(
        and_(new.aspect == old.aspect, old.aspect.not_in((Aspect.NOTE, *CHECKS))),
        and_(new.aspect == Aspect.NOTE, old.aspect == Aspect.NOTE, new.value == ""),
        and_(new.aspect.in_(CHECKS), old.aspect.in_(CHECKS), new.value == old.value),
    )
    return exists(new.id).where(  # a reviewer on a server may not read every column
        new.prompt_id == old.prompt_id,
        new.annotator_id == old.annotator_id,
        func.coalesce(new.response_id, 0) == func.coalesce(old.response_id, 0),  # by the prompt's index, not this one
        again,
        _ENTRY.c.id == new.journal_id,
        (_ENTRY.c.kind == EntryKind.ADJUDICATION) == (entry.kind == EntryKind.ADJUDICATION),
        _order(new, _ENTRY.c) > _order(old, entry),
        not_undone(_ENTRY),
    )


DECISION_IN_FORCE = and_(IN_FORCE, ~_is_superseded())

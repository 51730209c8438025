"""Counts of current labels by annotator and by day."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JOURNAL
from orbench_studio.store.review.journal import IN_FORCE


def decided_since(db: Connection, annotator: str, since: datetime) -> int:
    """Number of prompts the annotator has labelled since and not undone; one shown again counts once."""
    statement = (
        select(func.count(ANNOTATIONS.c.prompt_id.distinct()))
        .join(JOURNAL, JOURNAL.c.id == ANNOTATIONS.c.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == JOURNAL.c.annotator_id)
        .where(ANNOTATORS.c.name == annotator, JOURNAL.c.at >= since, JOURNAL.c.kind == EntryKind.DECISION)
        .where(ANNOTATIONS.c.aspect.in_((Aspect.LABEL, Aspect.TRAINING)), IN_FORCE)
    )
    return int(db.execute(statement).scalar_one())


def labels_by_day(db: Connection) -> dict[str, int]:
    """How many prompts each day (UTC, ISO date) got a label that is not undone, oldest day first."""
    day = func.date(JOURNAL.c.at)
    statement = (
        select(day, func.count(ANNOTATIONS.c.prompt_id.distinct()))
        .join(JOURNAL, JOURNAL.c.id == ANNOTATIONS.c.journal_id)
        .where(JOURNAL.c.kind == EntryKind.DECISION, ANNOTATIONS.c.aspect == Aspect.LABEL, IN_FORCE)
        .group_by(day)
        .order_by(day)
    )
    return {str(date): count for date, count in db.execute(statement)}

"""The timeline of one prompt, from the journal."""

from typing import Any

from sqlalchemy import Connection, Row, select

from orbench_studio.domain.review.timeline import Event
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JOURNAL, MODELS, RESPONSES
from orbench_studio.store.review import guidelines
from orbench_studio.store.review.journal import IN_FORCE, IN_TIME, annotation


def of_prompt(db: Connection, prompt_id: int) -> list[Event]:
    """The decisions about the prompt and its responses, undone ones too, with every undo and redo; oldest first."""
    found = [_decision(row) for row in _decisions(db, prompt_id)]
    found += [_reversal(row) for row in _reversals(db, prompt_id)]
    return sorted(found, key=lambda event: (event.at, event.entry))


def _decisions(db: Connection, prompt_id: int) -> list[Row[Any]]:
    model = (
        select(MODELS.c.name)
        .join(RESPONSES, RESPONSES.c.model_id == MODELS.c.id)
        .where(RESPONSES.c.id == ANNOTATIONS.c.response_id)
        .scalar_subquery()
    )
    version = guidelines.version_of(JOURNAL.c.guideline_id)
    more = (IN_FORCE.label("in_force"), model.label("model"), version.label("guideline"))
    statement = (
        select(ANNOTATIONS, JOURNAL.c.kind, JOURNAL.c.at, JOURNAL.c.summary, ANNOTATORS.c.name, *more)
        .join(JOURNAL, JOURNAL.c.id == ANNOTATIONS.c.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == ANNOTATIONS.c.annotator_id)
        .where(ANNOTATIONS.c.prompt_id == prompt_id)
        .order_by(*IN_TIME)
    )
    return list(db.execute(statement).all())


def _reversals(db: Connection, prompt_id: int) -> list[Row[Any]]:
    about = select(ANNOTATIONS.c.journal_id).where(ANNOTATIONS.c.prompt_id == prompt_id)
    statement = (
        select(JOURNAL, ANNOTATORS.c.name)
        .outerjoin(ANNOTATORS, ANNOTATORS.c.id == JOURNAL.c.annotator_id)
        .where(JOURNAL.c.target_id.in_(about))
    )
    return list(db.execute(statement).all())


def _decision(row: Row[Any]) -> Event:
    in_force, version = bool(row.in_force), row.guideline or None
    return Event(row.journal_id, row.at, row.name, row.summary, annotation(row), in_force, row.model, version)


def _reversal(row: Row[Any]) -> Event:
    return Event(row.id, row.at, row.name, row.summary)

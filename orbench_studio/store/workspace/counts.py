"""Counts over the whole workspace."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, exists, func, select, true

from orbench_studio.store.core.batch_tables import BATCHES
from orbench_studio.store.core.generation_tables import GENERATION_ITEMS
from orbench_studio.store.core.tables import (
    ANNOTATIONS,
    JUDGEMENTS,
    MODELS,
    PROMPT_STATES,
    PROMPTS,
    RESPONSE_STATES,
    RESPONSES,
    SEEDS,
    SOURCES,
    SUBSETS,
    VOTES,
)

_COUNTED: dict[str, Table] = {
    "prompts": PROMPTS,
    "seeds": SEEDS,
    "votes": VOTES,
    "responses": RESPONSES,
    "judgements": JUDGEMENTS,
    "annotations": ANNOTATIONS,
    "batches": BATCHES,
    "subsets": SUBSETS,
    "sources": SOURCES,
}


class Source(NamedTuple):
    """A file that something was taken from."""

    name: str
    format: str
    imported_at: datetime


def rows(db: Connection) -> dict[str, int]:
    """How many rows each kind of thing has; models are those that answered, moderators those that voted."""
    counted = {name: _count(db, select(func.count()).select_from(t)) for name, t in _COUNTED.items()}
    for name, role in (("models", RESPONSES.c.model_id), ("moderators", VOTES.c.moderator_id)):
        active = exists().where(role == MODELS.c.id)
        counted[name] = _count(db, select(func.count()).select_from(MODELS).where(active))
    return counted


def sources(db: Connection) -> list[Source]:
    """The files that something was taken from, oldest first."""
    s = SOURCES.c
    return [Source(*row) for row in db.execute(select(s.name, s.format, s.imported_at).order_by(s.id))]


def prompts_by(db: Connection, column: str) -> dict[str, int]:
    """How many prompts have each value of a column of their state; "none" for those with no value."""
    return _by(db, PROMPT_STATES.c[column])


def by_template(db: Connection) -> list[tuple[str, str, int]]:
    """What was asked for, the hash of the wording it was asked with, and how many results keep that hash."""
    items, votes, judged = GENERATION_ITEMS.c, VOTES.c, JUDGEMENTS.c
    kinds = (
        ("seeds", items.template_hash, items.seed_id.is_(None)),
        ("rewrites", items.template_hash, items.seed_id.is_not(None)),
        ("votes on prompts", votes.template_hash, votes.response_id.is_(None)),
        ("votes on answers", votes.template_hash, votes.response_id.is_not(None)),
        ("judgements", judged.template_hash, true()),
    )
    found = []
    for what, hashed, condition in kinds:
        statement = select(hashed, func.count()).where(hashed.is_not(None), condition).group_by(hashed)
        found += [(what, str(value), int(count)) for value, count in db.execute(statement.order_by(hashed))]
    return found


def responses_by_answer_class(db: Connection) -> dict[str, int]:
    """How many responses end in each answer class; "none" where nobody has judged or people disagree."""
    return _by(db, RESPONSE_STATES.c.answer_class)


def _count(db: Connection, statement: Select[Any]) -> int:
    return int(db.execute(statement).scalar_one())


def _by(db: Connection, column: ColumnElement[Any]) -> dict[str, int]:
    found = db.execute(select(column, func.count()).group_by(column)).all()
    # Sorted here: databases differ in where nothing comes, and servers in how they order letters.
    found = sorted(found, key=lambda row: (row[0] is not None, row[0] or ""))
    return {str(value) if value is not None else "none": int(count) for value, count in found}

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
    name: str
    format: str
    imported_at: datetime


def rows(db: Connection) -> dict[str, int]:
    """Row counts by kind; models are those with responses, moderators those with votes."""
    counted = {name: _count(db, select(func.count()).select_from(t)) for name, t in _COUNTED.items()}
    for name, role in (("models", RESPONSES.c.model_id), ("moderators", VOTES.c.moderator_id)):
        active = exists().where(role == MODELS.c.id)
        counted[name] = _count(db, select(func.count()).select_from(MODELS).where(active))
    on_responses = select(func.count()).where(VOTES.c.response_id.is_not(None))
    counted["votes_on_responses"] = _count(db, on_responses)
    return counted


def sources(db: Connection) -> list[Source]:
    """The imported files, oldest first."""
    s = SOURCES.c
    return [Source(*row) for row in db.execute(select(s.name, s.format, s.imported_at).order_by(s.id))]


def prompts_by(db: Connection, column: str) -> dict[str, int]:
    """Count prompts by a column of their state; "none" counts those without a value."""
    return _by(db, PROMPT_STATES.c[column])


def by_template(db: Connection) -> list[tuple[str, str, int]]:
    """The kind of request, the hash of its template, and the number of results with that hash."""
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
    """Count responses by final answer class; "none" counts those without one."""
    return _by(db, RESPONSE_STATES.c.answer_class)


def _count(db: Connection, statement: Select[Any]) -> int:
    return int(db.execute(statement).scalar_one())


def _by(db: Connection, column: ColumnElement[Any]) -> dict[str, int]:
    found = db.execute(select(column, func.count()).group_by(column)).all()
    # Sorted here: databases differ in where nothing comes, and servers in how they order letters.
    found = sorted(found, key=lambda row: (row[0] is not None, row[0] or ""))
    return {str(value) if value is not None else "none": int(count) for value, count in found}

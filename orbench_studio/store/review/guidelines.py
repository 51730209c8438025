"""Guidelines in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, func, select, tuple_

from orbench_studio.domain.review.guideline import Guideline
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.tables import GUIDELINES

_IN_TIME = (GUIDELINES.c.created_at, GUIDELINES.c.text)  # the same order after every merge


def versions(db: Connection) -> list[Guideline]:
    """All versions, oldest first, numbered from 1."""
    rows = db.execute(select(GUIDELINES).order_by(*_IN_TIME))
    return [Guideline(place, row.text, row.created_at) for place, row in enumerate(rows, start=1)]


def add(db: Connection, text: str, at: datetime) -> None:
    inserted(db, GUIDELINES, {"text": text, "created_at": at})


def in_force() -> ScalarSelect[Any]:
    """The id of the newest version; null where there is none."""
    newest = (column.desc() for column in _IN_TIME)
    return select(GUIDELINES.c.id).order_by(*newest).limit(1).scalar_subquery()


def current(db: Connection) -> int | None:
    """The id of the newest version; None where there is none."""
    return db.execute(select(in_force())).scalar()


def version_of(guideline_id: ColumnElement[int]) -> ScalarSelect[Any]:
    """The number of the version with this id; 0 for null."""
    own = GUIDELINES.alias("own")
    until = tuple_(*_IN_TIME) <= tuple_(own.c.created_at, own.c.text)
    return select(func.count(GUIDELINES.c.id)).join(own, until).where(own.c.id == guideline_id).scalar_subquery()

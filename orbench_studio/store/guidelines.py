"""Guidelines, in and out of the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, func, select

from orbench_studio.domain.guideline import Guideline
from orbench_studio.store.bulk import inserted
from orbench_studio.store.tables import GUIDELINES


def versions(db: Connection) -> list[Guideline]:
    """All of them, oldest first; a version's number is its place."""
    rows = db.execute(select(GUIDELINES).order_by(GUIDELINES.c.id))
    return [Guideline(place, row.text, row.created_at) for place, row in enumerate(rows, start=1)]


def add(db: Connection, text: str, at: datetime) -> None:
    """Write a new version."""
    inserted(db, GUIDELINES, {"text": text, "created_at": at})


def in_force() -> ScalarSelect[Any]:
    """The id of the newest version; null where there is none."""
    return select(func.max(GUIDELINES.c.id)).scalar_subquery()


def version_of(guideline_id: ColumnElement[int]) -> ScalarSelect[Any]:
    """The number of the version with this id; 0 for null."""
    return select(func.count()).where(GUIDELINES.c.id <= guideline_id).scalar_subquery()

"""Saved views in the database."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from orbench_studio.domain.review.queue import SavedView
from orbench_studio.store.core.tables import VIEWS


def everything(db: Connection) -> list[SavedView]:
    """The saved views, by name."""
    return [SavedView(*row) for row in db.execute(select(VIEWS.c.name, VIEWS.c.query).order_by(VIEWS.c.name))]


def save(db: Connection, view: SavedView, at: datetime) -> None:
    """Save a view; replaces one of the same name."""
    remove(db, view.name)
    db.execute(insert(VIEWS).values(name=view.name, query=view.query, created_at=at))


def remove(db: Connection, name: str) -> None:
    """Delete a view."""
    db.execute(delete(VIEWS).where(VIEWS.c.name == name))

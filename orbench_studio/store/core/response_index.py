"""The optional full-text index of responses: building it takes minutes and a third of the texts' size.

It has the trigrams of each text without their positions: the index selects candidates, and the texts decide. Searches
find the same without it, but slower. On a server it is an index of PostgreSQL (pg_trgm).
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnClause, Connection, Select, column, func, literal_column, select, table

from orbench_studio.store.core.engine import is_server
from orbench_studio.store.core.tables import RESPONSES

_NAME = "response_search"
TRIGGER = (
    f"CREATE TRIGGER {_NAME}_insert AFTER INSERT ON responses "
    f"BEGIN INSERT INTO {_NAME}(rowid, text) VALUES (new.id, new.text); END"
)
_GRAM = 3
_MOST = 40  # grams of a long search: enough to narrow it down
_AT_ONCE = 10_000

_INDEX = table(_NAME, column("rowid"))
_WHOLE: ColumnClause[str] = literal_column(_NAME)  # such an index is asked as a whole, not by column


def exists(db: Connection) -> bool:
    """Whether the workspace has the index."""
    if is_server(db):
        return db.exec_driver_sql("SELECT to_regclass(%s)", (_NAME,)).scalar() is not None
    return db.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = ?", (_NAME,)).first() is not None


def build(db: Connection, on_progress: Callable[[int, int], None]) -> None:
    """Build the index and keep it up to date; `on_progress` gets the number of responses done and their total."""
    last = int(db.execute(select(func.coalesce(func.max(RESPONSES.c.id), 0))).scalar_one())
    if is_server(db):
        on_progress(0, last)
        db.exec_driver_sql(f"CREATE INDEX {_NAME} ON responses USING gin (text gin_trgm_ops)")
        return
    db.exec_driver_sql(
        f"CREATE VIRTUAL TABLE {_NAME} USING fts5("
        "text, content='responses', content_rowid='id', tokenize='trigram', detail='none')"
    )
    for first in range(1, last + 1, _AT_ONCE):
        on_progress(first - 1, last)
        db.exec_driver_sql(
            f"INSERT INTO {_NAME}(rowid, text) SELECT id, text FROM responses WHERE id BETWEEN ? AND ?",
            (first, first + _AT_ONCE - 1),
        )
    db.exec_driver_sql(TRIGGER)


def remove(db: Connection) -> None:
    if is_server(db):
        db.exec_driver_sql(f"DROP INDEX {_NAME}")
        return
    db.exec_driver_sql(f"DROP TRIGGER {_NAME}_insert")
    db.exec_driver_sql(f"DROP TABLE {_NAME}")


def narrowed(value: str) -> Select[Any] | None:
    """The ids of responses that may contain the value; None if it is too short for the index."""
    grams = list(dict.fromkeys(value[at : at + _GRAM] for at in range(len(value) - _GRAM + 1)))[:_MOST]
    if not grams:
        return None
    asked = " AND ".join('"' + gram.replace('"', '""') + '"' for gram in grams)
    return select(_INDEX.c.rowid).where(_WHOLE.op("MATCH")(asked))

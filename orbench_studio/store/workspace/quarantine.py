"""Set rows aside that cannot be read or were forged, and foreign definitions: into a table that only the owner reads.

Nothing is lost: the table has the whole row as JSON. Rows that other rows need, such as prompts and people, stay.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Table, delete, insert, select

from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core import clock, unreadable_rows
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.engine import is_server
from orbench_studio.store.core.schema import METADATA
from orbench_studio.store.core.tables import JOURNAL, PROMPT_STATES, QUARANTINE, RESPONSE_STATES, WORKSPACE
from orbench_studio.store.core.unreadable_rows import Fault
from orbench_studio.store.workspace import forged_rows, grants, server_rules

_GROWING = ("journal", "annotations")  # tables whose rows triggers protect
_SHOWN = 3  # reasons in the journal
_STAYING = {table.name for table in (WORKSPACE, PROMPT_STATES, RESPONSE_STATES, QUARANTINE)}

Key = tuple[object, ...]


def set_aside(db: Connection) -> list[str]:
    """Set aside all foreign definitions and all bad rows that can be; returns a sentence for each."""
    definitions = server_rules.remove_foreign(db) if is_server(db) else {}
    if is_server(db):
        grants.restore(db)
    rows = _with_dependents(db, [*unreadable_rows.faults(db), *forged_rows.faults(db)])
    reasons = [f"{title} is not part of the schema" for title in definitions]
    reasons += [reason for keys in rows.values() for reason in keys.values()]
    if not reasons:
        return []
    more = f"; {len(reasons) - _SHOWN:,} more" if len(reasons) > _SHOWN else ""
    summary = f"set aside in quarantine: {'; '.join(reasons[:_SHOWN])}"[:1_900] + more
    now = datetime.fromtimestamp(clock.now(db), UTC)  # a forged entry can be of a later time, or of one without end
    row = {"uuid": uuid4().hex, "kind": EntryKind.REPAIR, "at": now, "counter": 0, "summary": summary}
    entry = inserted(db, JOURNAL, row)
    for title, definition in definitions.items():
        _store(db, entry, "definitions", f"{title} is not part of the schema", {"definition": definition})
    with _can_shrink(db):
        for table in reversed(METADATA.sorted_tables):
            for key, reason in reversed(rows.get(table.name, {}).items()):
                _store(db, entry, table.name, reason, _content(db, table, key))
                db.execute(delete(table).where(*_is(table, key)))
    return [f"Set aside: {reason}." for reason in reasons]


def _with_dependents(db: Connection, faults: Sequence[Fault]) -> dict[str, dict[Key, str]]:
    """The rows to set aside with their reasons, by table; what refers to an entry of the journal goes with it."""
    tables = METADATA.tables
    rows: dict[str, dict[Key, str]] = {}
    waiting = [fault for fault in faults if _can_go(tables[fault.table])]
    while waiting:
        name, key, reason = waiting.pop(0)
        if key in rows.setdefault(name, {}):
            continue
        rows[name][key] = reason
        for table, column in _referring(tables[name]):
            statement = select(*table.primary_key).where(column == key[0]).order_by(*table.primary_key)
            for row in db.execute(statement).all():
                waiting.append(
                    Fault(table.name, tuple(row), f"{table.name} row {row[0]} refers to {name} row {key[0]}")
                )
    return rows


def _can_go(table: Table) -> bool:
    return table.name not in _STAYING and (table is JOURNAL or not _referring(table))


def _referring(table: Table) -> list[tuple[Table, Any]]:
    """The columns of all tables that refer to the table."""
    return [
        (other, key.parent)
        for other in METADATA.sorted_tables
        for key in other.foreign_keys
        if key.column.table is table
    ]


def _store(db: Connection, entry: int, origin: str, reason: str, content: Mapping[str, object]) -> None:
    text = json.dumps(
        content, ensure_ascii=False, default=lambda value: value.hex() if isinstance(value, bytes) else str(value)
    )
    db.execute(insert(QUARANTINE).values(journal_id=entry, origin=origin, reason=reason, content=text))


def _content(db: Connection, table: Table, key: Key) -> dict[str, object]:
    """A row as the database stores it."""
    where = " AND ".join(f'"{column.name}" = {"%s" if is_server(db) else "?"}' for column in table.primary_key)
    if is_server(db):  # as text: Python has no time at infinity
        shown = f"SELECT CAST(to_jsonb(t) AS text) FROM {table.name} AS t WHERE {where}"
        return dict(json.loads(db.exec_driver_sql(shown, key).scalar_one()))
    with unreadable_rows.any_bytes(db):
        row = db.exec_driver_sql(f'SELECT * FROM "{table.name}" WHERE {where}', key).mappings().one()
    return dict(row)


def _is(table: Table, key: Key) -> Iterator[Any]:
    return (column == part for column, part in zip(table.primary_key, key, strict=True))


@contextmanager
def _can_shrink(db: Connection) -> Iterator[None]:
    """Let rows of the journal be deleted, within the transaction; the triggers forbid it to everybody else."""
    if is_server(db):
        for table in _GROWING:
            db.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER {table}_only_grow")
        yield
        for table in _GROWING:
            db.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER {table}_only_grow")
        return
    made = db.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
        "AND name IN ('journal_delete', 'annotations_delete')"
    ).all()
    for name, _sql in made:
        db.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _name, sql in made:
        db.exec_driver_sql(sql)

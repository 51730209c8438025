"""Compare the tables, indexes, triggers and views of a workspace with the schema of this version.

SQLite runs the triggers that a file contains: a foreign trigger could change decisions while others are written.
"""

import re
from collections.abc import Iterator
from functools import cache
from warnings import catch_warnings, simplefilter

from sqlalchemy import Connection
from sqlalchemy.exc import SAWarning

from orbench_studio.domain.core.amounts import cut
from orbench_studio.store.core import (  # noqa: F401 - the modules of tables complete the metadata
    batch_tables,
    curation_tables,
    generation_tables,
    response_index,
    sample_tables,
    team_tables,
)
from orbench_studio.store.core.engine import is_server, memory_engine
from orbench_studio.store.core.schema import METADATA
from orbench_studio.store.core.unit_of_work import writing
from orbench_studio.store.workspace import grants, migrate, server_rules

_ONLY_GROW = "BEGIN SELECT RAISE(ABORT, 'the {0} only grow: decisions are never changed or deleted'); END"
_TRIGGERS = {
    f"CREATE TRIGGER {table}_{action.lower()} BEFORE {action} ON {table} {_ONLY_GROW.format(table)}"
    for table in ("journal", "annotations")
    for action in ("UPDATE", "DELETE")
} | {response_index.TRIGGER}
_ACTING = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master "
    "WHERE type IN ('trigger', 'view') OR sql LIKE '%ON CONFLICT%' "
    "UNION SELECT 'reference', f.'from' || ' (' || f.on_delete || ', ' || f.on_update || ')', m.name, '' "
    "FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS f "
    "WHERE m.type = 'table' AND (f.on_delete <> 'NO ACTION' OR f.on_update <> 'NO ACTION')"
)
_NULLABLE = (
    "SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c "
    "WHERE m.type = 'table' AND NOT c.\"notnull\""
)
_ALL = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
_SHOWN = 160  # characters of a definition
_SERVER_INDEXES = {"prompt_search", "response_search"}  # full-text indexes that the models do not define


def acting(db: Connection) -> list[str]:
    """List triggers, views and constraint actions that SQLite would run on access and that the schema does not have."""
    found = db.exec_driver_sql(_ACTING).all()
    return sorted(
        f"{kind} {name} on {table}" if table != name else f"{kind} {name}"
        for kind, name, table, sql in found
        if _plain(sql) not in _TRIGGERS
    )


def loosened(db: Connection) -> list[str]:
    """List the columns of a file in this version's format that lack their NOT NULL."""
    needed = {(t.name, c.name) for t in METADATA.sorted_tables for c in t.columns if not c.nullable}
    found = {(str(table), str(column)) for table, column in db.exec_driver_sql(_NULLABLE)}
    return [f"column {column} of {table} without NOT NULL" for table, column in sorted(needed & found)]


def differences(db: Connection) -> Iterator[str]:
    """Describe every difference between the workspace's schema and that of a new one."""
    yield from _on_server(db) if is_server(db) else _in_file(db)


def _in_file(db: Connection) -> Iterator[str]:
    ours, theirs = _fresh(migrate.HEAD, indexed=response_index.exists(db)), _objects(db)
    for key in sorted(ours.keys() | theirs.keys()):
        named = " ".join(key)
        if key not in theirs:
            yield f"{named} is missing"
        elif key not in ours:
            table, sql = theirs[key]
            on = f" on {table}" if table != key[1] else ""
            yield f"{named}{on} is not part of the schema: {cut(sql, _SHOWN)}"
        elif ours[key] != theirs[key]:
            yield f"{named} differs from the schema: {_changed(ours[key][1], theirs[key][1])}"


@cache
def _fresh(_revision: str, *, indexed: bool) -> dict[tuple[str, str], tuple[str, str]]:
    """The schema of a new workspace, made in memory by the migrations up to the revision."""
    engine = memory_engine()
    try:
        with writing(engine) as db:
            migrate.upgrade(db)
            if indexed:
                response_index.build(db, lambda _done, _of: None)
            return _objects(db)
    finally:
        engine.dispose()


def _objects(db: Connection) -> dict[tuple[str, str], tuple[str, str]]:
    return {(kind, name): (table, _plain(sql)) for kind, name, table, sql in db.exec_driver_sql(_ALL)}


def _plain(sql: str | None) -> str:
    """The definition without quotes and extra white space, which SQLite versions write differently on a rename."""
    return " ".join((sql or "").replace('"', "").split())


def _changed(ours: str, theirs: str) -> str:
    lacks, has = _parts(ours), _parts(theirs)
    words = [f"without {cut(part, _SHOWN)}" for part in lacks if part not in has]
    words += [f"with {cut(part, _SHOWN)}" for part in has if part not in lacks]
    return "; ".join(words) or "in another order"


def _parts(sql: str) -> list[str]:
    """The columns and constraints of a table; any other definition in one piece."""
    if not sql.startswith("CREATE TABLE"):
        return [sql]
    parts, depth = [""], 0
    for letter in sql[sql.find("(") + 1 : sql.rfind(")")]:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [*map(str.strip, parts), sql[sql.rfind(")") + 1 :].strip()]


def _on_server(db: Connection) -> Iterator[str]:
    """Compare tables as Alembic does, and everything that acts on rows, with what was installed."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(db, opts={"compare_type": True})
    with catch_warnings():
        simplefilter("ignore", SAWarning)  # SQLAlchemy does not know the option of a CHECK that old rows may violate
        differences_found = compare_metadata(context, METADATA)
    for difference in differences_found:
        for change, *what in difference if isinstance(difference, list) else [difference]:
            message = _described(str(change), what)
            if message:
                yield message
    yield from server_rules.differences(db)
    yield from grants.differences(db)


def _described(change: str, what: list[object]) -> str:
    """Describe a difference that Alembic found; empty for indexes that the models do not define."""
    if change.startswith("modify"):
        _, table, column, *_more = what
        return f"column {column} of {table} differs from the schema: another {change.removeprefix('modify_')}"
    action, _, kind = change.partition("_")
    name = str(getattr(what[-1], "name", what[-1]))
    if name in _SERVER_INDEXES:
        return ""
    kind = re.sub("^fk$", "reference", kind)
    return f"{kind} {name} is missing" if action == "add" else f"{kind} {name} is not part of the schema"

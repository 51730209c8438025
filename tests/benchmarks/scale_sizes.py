"""Rows and bytes of every table and index of a workspace, as its database counts them."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from orbench_studio.services.workspace.workspace import Workspace

_SEARCH = "prompt_search"
_ON_SERVER = """
    SELECT t.relname,
           CASE WHEN i.indexrelid IS NULL THEN '' ELSE ' (' || (
               SELECT string_agg(a.attname, ', ' ORDER BY k.place)
               FROM unnest(i.indkey::int[]) WITH ORDINALITY AS k(number, place)
               JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
           ) || ')' END,
           CASE WHEN i.indexrelid IS NULL THEN pg_table_size(t.oid) ELSE pg_relation_size(i.indexrelid) END
    FROM pg_class t
    LEFT JOIN (SELECT indrelid, indexrelid, indkey FROM pg_index
               UNION ALL SELECT oid, NULL, NULL FROM pg_class) i ON i.indrelid = t.oid
    WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace
"""


def sizes(workspace: Workspace) -> dict[str, float]:
    """Rows by table, and megabytes by table and by index, the latter with the columns that they are of; and of all."""
    with workspace.reading() as db:
        rows = {
            f"rows: {name}": float(db.execute(select(func.count()).select_from(table)).scalar_one())
            for name, table in SQLModel.metadata.tables.items()
        }
        taken: Counter[str] = Counter()
        for name, count in _on_server(db) if workspace.on_server else _in_file(db):
            taken[name] += count
    everything = {"MB: everything": taken.total() / 1e6}
    return (
        {name: count for name, count in rows.items() if count}
        | {f"MB: {name}": count / 1e6 for name, count in sorted(taken.items(), key=lambda one: -one[1])}
        | everything
    )


def _on_server(db: Connection) -> Iterator[tuple[str, int]]:
    for table, columns, size in db.exec_driver_sql(_ON_SERVER):
        yield f"{table}{columns}", int(size)


def _in_file(db: Connection) -> Iterator[tuple[str, int]]:
    listed = db.exec_driver_sql("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'")
    index = {row.name: row.tbl_name for row in listed}
    for name, size in db.exec_driver_sql("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").all():
        if name in index:
            columns = [row[2] for row in db.exec_driver_sql(f'PRAGMA index_info("{name}")')]
            yield f"{index[name]} ({', '.join(columns)})", int(size)
        else:
            yield f"{_SEARCH} (text)" if name.startswith(_SEARCH) else name, int(size)

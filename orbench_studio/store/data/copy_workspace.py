"""Copying all rows of a workspace into new, empty tables, in either database: ids, journal and texts as they are."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select
from sqlalchemy.exc import DBAPIError

from orbench_studio.errors import WorkspaceError
from orbench_studio.store.core import response_index, text_search
from orbench_studio.store.core.engine import is_server
from orbench_studio.store.core.schema import METADATA

_AT_ONCE = 5_000  # rows

Rows = Sequence[Sequence[Any]]
Progress = Callable[[int, int], None]  # rows copied, of how many


def copy(source: Connection, target: Connection, on_progress: Progress) -> None:
    """Copy every table, those first that others refer to, each in the order of its ids, and make the indexes."""
    whole = METADATA.sorted_tables
    total = sum(int(source.execute(select(func.count()).select_from(table)).scalar_one()) for table in whole)
    done = 0
    put = _into_server if is_server(target) else _into_file
    if not is_server(target):
        target.exec_driver_sql("PRAGMA defer_foreign_keys=ON")  # an entry can refer to a later one
    for table in whole:

        def message(rows: int) -> None:
            nonlocal done
            done += rows
            on_progress(done, total)

        with closing(_rows(source, table, message)) as rows:
            put(target, table, rows)
    text_search.index_prompts(target, first_id=1)
    if response_index.exists(source):
        response_index.build(target, lambda _done, _of: on_progress(done, total))
    if is_server(target):
        _set_sequences(target)
        # The server plans by what it knows of the tables, and would look later. It warns of tables of others.
        target.exec_driver_sql(f"ANALYZE {', '.join(table.name for table in whole)}")


def _rows(source: Connection, table: Table, message: Callable[[int], None]) -> Generator[Rows]:
    statement = select(table).order_by(*table.primary_key).execution_options(yield_per=_AT_ONCE)
    with source.execute(statement) as found:
        for some in found.partitions():
            yield some
            message(len(some))


def _into_file(target: Connection, table: Table, rows: Iterable[Rows]) -> None:
    names = table.columns.keys()
    for some in rows:
        target.execute(insert(table), [dict(zip(names, row, strict=True)) for row in some])


def _into_server(target: Connection, table: Table, rows: Iterable[Rows]) -> None:
    import psycopg

    written = [column.type.dialect_impl(target.dialect).bind_processor(target.dialect) for column in table.columns]
    names = ", ".join(map(target.dialect.identifier_preparer.quote, table.columns.keys()))
    statement = f"COPY {table.name} ({names}) FROM STDIN"
    try:
        with target.connection.cursor().copy(statement) as into:  # psycopg's
            for some in rows:
                for row in some:
                    into.write_row([as_kept(v) if as_kept else v for as_kept, v in zip(written, row, strict=True)])
    except psycopg.DataError as error:
        raise WorkspaceError(
            f"The server cannot store the rows of {table.name}: {error}. Nothing was changed."
        ) from error
    except psycopg.Error as error:  # which SQLAlchemy has not seen
        raise DBAPIError.instance(statement, None, error, psycopg.Error, dialect=target.dialect) from error


def _set_sequences(target: Connection) -> None:
    for table in METADATA.sorted_tables:
        if "id" in table.columns:
            name = func.pg_get_serial_sequence(table.name, "id")
            target.execute(select(func.setval(name, func.max(table.c.id))).having(func.count() > 0))

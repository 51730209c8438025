"""Connections to a workspace: explicit transactions, foreign keys, write-ahead log."""

import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event

BUSY_TIMEOUT = 10  # seconds that a writer waits for another window's transaction


def sqlite_engine(path: Path, *, checks_references: bool = True) -> Engine:
    """An engine on one SQLite file; `unit_of_work` is the only way to its transactions.

    A table can only be made anew without its references being checked meanwhile.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT},
        hide_parameters=True,  # an error's text, which the log may get, has no prompts in it
    )
    event.listen(engine, "connect", _configure)
    if not checks_references:
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys=OFF"))
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own implicit BEGIN leaves DDL outside transactions: half a migration would stay (measured).
    connection.isolation_level = None
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY", "cache_size=-32768"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

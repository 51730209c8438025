"""Database engines with explicit transactions, foreign keys and, in a file, write-ahead logging (WAL).

On a server, decisions about few prompts can be written concurrently (`deciding`); all other writes exclude each other,
as in a file. Advisory locks, held until the end of the transaction, ensure both.
"""

import sqlite3
from collections import ChainMap
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DisconnectionError

from orbench_studio.domain.workspace.location import Server
from orbench_studio.errors import WorkspaceError
from orbench_studio.store.core import pipeline
from orbench_studio.store.core.open_file import OpenFile

BUSY_TIMEOUT = 10  # seconds that a writer waits for another window's transaction
CONNECT_TIMEOUT = 10  # seconds
CHANNEL = "orbench"
APPLICATION = "orbench-studio"
LOCK = 0x4F52424E  # of a whole workspace; half of a pair with a number that prompts have
_IDLE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
LOCK_TIMEOUT = 30  # seconds that a writer on a server waits for another's transaction
# Nobody else's session, hung or hostile, stops this one for longer.
_LIMITS = (
    f"-c lock_timeout={LOCK_TIMEOUT}s -c statement_timeout=30min -c idle_in_transaction_session_timeout=10min "
    "-c search_path=public,pg_temp -c datestyle=ISO -c timezone=UTC"  # the driver reads only ISO dates until 9999
)
_PEOPLE = "people"
_WITH_LOG = ("journal_mode=WAL",)
_ALONE = ("locking_mode=EXCLUSIVE", "journal_mode=MEMORY")
_SNAPSHOT = text("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
_BEGIN = text("BEGIN ISOLATION LEVEL READ COMMITTED")  # whatever waited for a lock sees what it waited for
_COMMIT = text("COMMIT")
_EXCLUSIVE = text("SELECT pg_advisory_xact_lock(:lock)")
_SHARED = text("SELECT pg_advisory_xact_lock_shared(:lock)")
# Nobody waits until a notification is on the disk.
_NOTIFY = text("SELECT set_config('synchronous_commit', 'off', true), pg_notify(:channel, :name)")


def sqlite_engine(path: Path, *, checks_references: bool = True, has_log: bool = True) -> Engine:
    """An engine for an existing SQLite file; transactions are opened by `unit_of_work` only.

    Recreating a table needs foreign keys to be unchecked. Without a log (-wal) the file is complete on its own, and a
    process that has it open excludes all others.
    """
    file = OpenFile(path)
    # The connection used last comes next: to it, `PRAGMA data_version` counts only what other connections write.
    engine = _engine(str(path), file.options, pool_use_lifo=True)

    def require_same(connection: sqlite3.Connection, _record: object) -> None:
        try:
            file.require_in_place()
        except WorkspaceError:
            connection.close()  # it has read nothing yet: it may be another file's
            raise

    event.listen(engine, "connect", require_same)
    event.listen(engine, "close", lambda _connection, _record: file.forget_log())
    event.listen(engine, "connect", partial(_configure, _WITH_LOG if has_log else _ALONE))
    if not checks_references:
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys=OFF"))
    event.listen(engine, "begin", _begin)
    return engine


def memory_engine() -> Engine:
    """An engine for an empty SQLite database in memory, for comparisons."""
    engine = _engine(":memory:", {})
    event.listen(engine, "connect", partial(_configure, ()))
    event.listen(engine, "begin", _begin)
    return engine


def _engine(database: str, options: dict[str, Any], **pool: bool) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=database),
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT},
        **pool,
        hide_parameters=True,  # an error's text, which the log may get, has no prompts in it
        execution_options={_PEOPLE: {}, **options},
    )
    event.listen(engine, "commit", _remember_people)
    event.listen(engine, "rollback", _forget_people)
    return engine


def server_engine(server: Server, password: str, name: str | None = None) -> Engine:
    """An engine for a PostgreSQL database; its writes are announced to others under its `name`."""
    url = URL.create(
        "postgresql+psycopg",
        username=server.user or None,
        password=password or None,
        host=server.host or None,
        port=server.port,
        database=server.database,
    ).update_query_string(server.query)
    stated = url.query.get("options", "")
    limits = f"{_LIMITS} {stated if isinstance(stated, str) else ' '.join(stated)}".strip()
    engine = create_engine(
        url.difference_update_query(["options"]),
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT,
            "application_name": APPLICATION,
            "client_encoding": "utf8",  # texts of a database in SQL_ASCII would be bytes
            "options": limits,
            **_IDLE,
        },
        isolation_level="AUTOCOMMIT",  # the driver's own BEGIN takes a round trip
        pool_reset_on_return=None,  # so does a ROLLBACK after each transaction
        pool_use_lifo=True,  # the connection used last has prepared the statements that are needed most
        hide_parameters=True,
        execution_options={_PEOPLE: {}, "heard_as": name or uuid4().hex},
    )
    event.listen(engine, "checkout", _require_connected)
    event.listen(engine, "begin", _begin_on_server)
    event.listen(engine, "commit", _remember_people)
    event.listen(engine, "rollback", _forget_people)
    pipeline.listen(engine)
    return engine


def is_server(db: Connection) -> bool:
    """Whether the workspace is on a server, where several processes write concurrently."""
    return db.dialect.name == "postgresql"


def commit_on_server(db: Connection) -> None:
    """Commit, and notify other processes.

    The notification is a transaction of its own: the server commits transactions with notifications one by one, each
    with a flush to disk, but groups those without.
    """
    pipeline.send(db, _COMMIT)
    db.execute(_NOTIFY, {"channel": CHANNEL, "name": db.get_execution_options()["heard_as"]})


def known_people(db: Connection) -> ChainMap[str, int]:
    """The ids of annotators by name, as far as this transaction or earlier ones know; they never change."""
    return ChainMap(db.info.setdefault(_PEOPLE, {}), db.get_execution_options()[_PEOPLE])


def _remember_people(connection: Connection) -> None:
    connection.get_execution_options()[_PEOPLE].update(connection.info.pop(_PEOPLE, {}))


def _forget_people(connection: Connection) -> None:
    """Forget them after a rollback: the transaction may have added them."""
    connection.get_execution_options()[_PEOPLE].clear()
    if not connection.invalidated:
        connection.info.pop(_PEOPLE, None)


def _configure(keeping: Sequence[str], connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own implicit BEGIN leaves DDL outside transactions: half a migration would stay (measured).
    connection.isolation_level = None
    for pragma in ("foreign_keys=ON", *keeping, "synchronous=FULL", "temp_store=MEMORY", "cache_size=-32768"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_on_server(connection: Connection) -> None:
    options = connection.get_execution_options()
    writes, is_shared = options.get("write"), options.get("shared")
    if writes and not is_shared:
        pipeline.end(connection)
    else:
        pipeline.begin(connection, only_reads=not writes)
    pipeline.send(connection, _BEGIN if writes else _SNAPSHOT)
    if writes:
        pipeline.send(connection, _SHARED if is_shared else _EXCLUSIVE, {"lock": LOCK})


def _require_connected(driver: Any, _record: object, _proxy: object) -> None:
    """Notice without a round trip that the server has closed a connection of the pool, which then opens another."""
    import psycopg  # on first use: who has files only does not wait for it

    try:
        driver.pgconn.consume_input()  # reads why, if the server said it
        driver.pgconn.consume_input()  # fails at the end of what it sent
    except psycopg.OperationalError as error:
        raise DisconnectionError from error


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

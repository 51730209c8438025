"""Open the workspace in a PostgreSQL database: refuse other databases and newer versions, migrate older ones.

A database has one workspace. A migration is one transaction.
"""

import shlex
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError

from orbench_studio.domain.workspace.location import Server, as_argument
from orbench_studio.errors import ConnectionLostError, WorkspaceError
from orbench_studio.store.core.engine import server_engine
from orbench_studio.store.core.unit_of_work import reading, writing
from orbench_studio.store.workspace import grants, migrate
from orbench_studio.store.workspace.opening import needs_migration

OLDEST = 150_000  # as the server counts: 15.0


def create(
    server: Server, password: str, name: str, fill: Callable[[Connection], None] = migrate.begin_workspace
) -> Engine:
    """Create a workspace in an existing database without tables and fill it with `fill`, or leave nothing."""
    engine = _connected(server, password, name)
    try:
        with writing(engine) as db:
            if inspect(db).has_table("workspace"):
                raise WorkspaceError(f"{server} already contains a workspace. Open it, or name another database.")
            if inspect(db).get_table_names():
                raise WorkspaceError(f"{server} has tables of another program. Name an empty database.")
            migrate.upgrade(db)
            fill(db)
    except BaseException:
        engine.dispose()
        raise
    return engine


def open_existing(
    server: Server, password: str, name: str, after_migration: Callable[[Connection], None] | None
) -> Engine:
    """Open the workspace in a database and migrate it to this version; after an error it is unchanged.

    `after_migration` recomputes what is derived from the rows, in the transaction of the migration; None refuses a
    workspace that needs a migration, and changes nothing.
    """
    engine = _connected(server, password, name)
    try:
        with reading(engine) as db:
            is_old, rights_are_due = _revision(db, server) != migrate.HEAD, grants.are_due(db)
        if is_old and after_migration is None:
            raise WorkspaceError(needs_migration(server))
        if is_old and after_migration is not None:
            _migrate(engine, server, after_migration)
        elif rights_are_due and after_migration is not None:
            with writing(engine) as db:
                grants.give_missing(db)
    except BaseException:
        engine.dispose()
        raise
    return engine


def is_workspace(server: Server, password: str) -> bool:
    """Whether the database has a workspace."""
    engine = _connected(server, password, "")
    try:
        with reading(engine) as db:
            return inspect(db).has_table("workspace")
    finally:
        engine.dispose()


def _connected(server: Server, password: str, name: str) -> Engine:
    engine = server_engine(server, password, name)
    try:
        _require_answer(engine, server)
        with reading(engine) as db:
            version = int(db.exec_driver_sql("SHOW server_version_num").scalar_one())
            encoding = str(db.exec_driver_sql("SHOW server_encoding").scalar_one())
        fault = _fault(server, version, encoding)
        if fault:
            raise WorkspaceError(fault)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _require_answer(engine: Engine, server: Server) -> None:
    try:
        engine.connect().close()
    except DBAPIError as error:
        raise ConnectionLostError(_why_not(server, str(error.orig).strip())) from error


def _fault(server: Server, version: int, encoding: str) -> str:
    if version < OLDEST:
        return f"The server of {server} is PostgreSQL {version // 10_000}. The studio needs 15 or newer."
    if encoding != "UTF8":
        return f"{server} has the encoding {encoding}. Create it with UTF-8: createdb -E UTF8 -T template0 NAME."
    return ""


def _why_not(server: Server, message: str) -> str:
    """Explain a failed connection from the driver's error, and what to do."""
    why = message.splitlines()[0].rsplit("failed: ", 1)[-1].removeprefix("FATAL:").strip() if message else "no answer"
    if "does not exist" in message and "database" in message:
        return (
            f"There is no database {server.database} on the server. Check the name, or, to make a new workspace, "
            f"create it: {_createdb(server)}"
        )
    if "password" in message:
        missing = "no password supplied" in message
        problem = (
            f"A password for {server} is missing." if missing else f"The server rejected the password for {server}."
        )
        return (
            f"{problem} The password is read from the system keyring (keyring set orbench-studio "
            f"{as_argument(server)}), then from PGPASSWORD, then from ~/.pgpass."
        )
    if "permission denied for database" in message:
        return (
            f"You have no role in the workspace {server}. Its owner can give you one: "
            f"orbench-studio team {as_argument(replace(server, user='OWNER'))} add {server.user or 'NAME'}"
        )
    if "too many" in message or "connection slots" in message:
        return (
            f"The server accepts no more connections ({why}). Close other windows, or ask its administrator to raise "
            "the limit."
        )
    if "no encryption" in message:
        return f"The server of {server} requires TLS. Add ?sslmode=verify-full to the address."
    if "does not support SSL" in message:
        return (
            f"The server of {server} does not offer TLS. Its administrator can turn it on: ssl = on in "
            "postgresql.conf, and restart the server."
        )
    if "certificate" in message:
        return (
            f"The certificate of the server is not trusted ({why}). For a certificate authority of your own, add "
            "?sslmode=verify-full&sslrootcert=FILE to the address. The host must be named as in the certificate."
        )
    if "role" in message and "does not exist" in message:
        return f"The server of {server} does not know this user. Its administrator can create it: createuser NAME."
    return f"The connection to {server} failed: {why}. Check the address, and that the server is running."


def _createdb(server: Server) -> str:
    """The command that creates the database of an address, with the user of the address as its owner."""
    named = (("-h", server.host), ("-p", str(server.port or "")), ("-U", server.user))
    given = [word for option, value in named if value for word in (option, value)]
    return shlex.join(["createdb", *given, "-E", "UTF8", "-T", "template0", server.database])


def _revision(db: Connection, server: Server) -> str:
    if not inspect(db).has_table("workspace") or not inspect(db).has_table("alembic_version"):
        raise WorkspaceError(
            f"{server} contains no workspace. To create one: orbench-studio push FILE {as_argument(server)}"
        )
    revision = str(db.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
    if migrate.is_newer(revision):
        raise WorkspaceError(
            f"{server} was written by a newer version of the studio (format {revision}; this version supports "
            f"{migrate.HEAD}). Nothing was changed. Update the studio to open it."
        )
    return revision


def _migrate(engine: Engine, server: Server, after_migration: Callable[[Connection], None]) -> None:
    try:
        with writing(engine) as db:
            if _revision(db, server) != migrate.HEAD:  # another process may have done it meanwhile
                migrate.upgrade(db)
                after_migration(db)
    except WorkspaceError as error:
        raise WorkspaceError(
            f"{server} has an older format, could not be migrated, and is unchanged. The owner of the "
            f"database has to open it once. ({error})"
        ) from error

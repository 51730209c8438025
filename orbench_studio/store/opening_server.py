"""Opening the workspace in a PostgreSQL database: refuse what is none and what is newer, migrate what is older.

One database is one workspace. A migration is one transaction: it is done, or the workspace is as it was.
"""

from sqlalchemy import Connection, Engine, inspect

from orbench_studio.domain.place import Server
from orbench_studio.errors import ConnectionLostError, WorkspaceError
from orbench_studio.store import migrating, states
from orbench_studio.store.engine import server_engine
from orbench_studio.store.unit_of_work import reading, writing

OLDEST = 150_000  # as the server counts: 15.0


def create(server: Server, password: str, name: str, *, illustrative: bool = False) -> Engine:
    """A new, empty workspace in a database that exists and has no tables yet."""
    engine = _connected(server, password, name)
    try:
        with writing(engine) as db:
            if inspect(db).has_table("workspace"):
                raise WorkspaceError(f"There is a workspace in {server} already. Open it, or name another database.")
            if inspect(db).get_table_names():
                raise WorkspaceError(f"{server} has tables of another program. Name an empty database.")
            migrating.upgrade(db)
            migrating.begin_workspace(db, illustrative=illustrative)
    except BaseException:
        engine.dispose()
        raise
    return engine


def open_existing(server: Server, password: str, name: str) -> Engine:
    """The workspace in a database, migrated to this version; as it was if anything is wrong with it."""
    engine = _connected(server, password, name)
    try:
        with reading(engine) as db:
            revision = _revision(db, server)
        if revision != migrating.HEAD:
            _migrate(engine, server)
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
        with reading(engine) as db:
            version = int(db.exec_driver_sql("SHOW server_version_num").scalar_one())
            encoding = str(db.exec_driver_sql("SHOW server_encoding").scalar_one())
    except ConnectionLostError as error:
        engine.dispose()
        raise ConnectionLostError(_why_not(server, error)) from error
    except WorkspaceError:
        engine.dispose()
        raise
    except BaseException:
        engine.dispose()
        raise
    fault = _fault(server, version, encoding)
    if fault:
        engine.dispose()
        raise WorkspaceError(fault)
    return engine


def _fault(server: Server, version: int, encoding: str) -> str:
    if version < OLDEST:
        return f"The server of {server} is PostgreSQL {version // 10_000}. The studio needs 15 or newer."
    if encoding != "UTF8":
        return f"{server} is encoded as {encoding}. Make the database so: createdb -E UTF8 -T template0 NAME."
    return ""


def _why_not(server: Server, error: Exception) -> str:
    """Why there is no connection, and what to do."""
    told = str(error.__cause__.__cause__ if error.__cause__ is not None else error).strip()
    if "does not exist" in told and "database" in told:
        return f"There is no database {server.database} on the server. Create it: createdb -E UTF8 -T template0 NAME."
    if "password" in told:
        return (
            f"The server did not accept the password for {server}. It is taken from PGPASSWORD, from ~/.pgpass or from "
            f"the system keyring (keyring set orbench-studio {server})."
        )
    return f"There is no connection to {server}: {told.splitlines()[0] if told else 'no answer'}. Check the address."


def _revision(db: Connection, server: Server) -> str:
    if not inspect(db).has_table("workspace") or not inspect(db).has_table("alembic_version"):
        raise WorkspaceError(f"There is no workspace in {server}. Put one there: orbench-studio push FILE {server}")
    revision = str(db.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
    if migrating.is_newer(revision):
        raise WorkspaceError(
            f"{server} was written by a newer version of the studio (its format is {revision}, this one knows "
            f"{migrating.HEAD}). Nothing was changed. Update the studio to open it."
        )
    return revision


def _migrate(engine: Engine, server: Server) -> None:
    try:
        with writing(engine) as db:
            if _revision(db, server) != migrating.HEAD:  # somebody else may have done it while this one waited
                migrating.upgrade(db)
                states.refresh_prompts(db, states.with_unread_votes(db))
    except WorkspaceError as error:
        raise WorkspaceError(
            f"{server} has an older format and could not be brought to this version's, and is as it was ({error}). "
            f"Whoever owns the database has to open it once."
        ) from error

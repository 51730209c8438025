"""Open the workspace in a file: check its health, refuse a newer version, back up, migrate, verify."""

import filecmp
import glob
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain, count
from pathlib import Path
from threading import Lock
from uuid import uuid4

from sqlalchemy import Connection, Engine, inspect, select

from orbench_studio.domain.workspace.location import Location, as_argument
from orbench_studio.errors import WorkspaceError
from orbench_studio.store.core import open_file, unreadable_rows
from orbench_studio.store.core.engine import is_server, sqlite_engine
from orbench_studio.store.core.tables import WORKSPACE
from orbench_studio.store.core.unit_of_work import reading, writing
from orbench_studio.store.workspace import forged_rows, migrate, schema_check

APPLICATION_ID = 0x4F52424E  # "ORBN", in SQLite's header, so that the file tells what it is
_UNFINISHED = ".unfinished"
_SQLITE_MAGIC = b"SQLite format 3\x00"
_HEADER = 100
_ID_IN_HEADER = slice(68, 72)
# One at a time in a process: SQLite's locks do not tell its threads apart, and Alembic's context is global.
_CREATING = Lock()


def create(path: Path, fill: Callable[[Connection], None] = migrate.begin_workspace) -> Engine:
    """Create a workspace and fill its tables with `fill`, or leave nothing; refuses an existing file.

    It is made under another name in the same folder, without a log, and renamed when it is complete.
    """
    if path.exists():
        raise _there_already(path)
    if not path.parent.is_dir():
        raise WorkspaceError(f"The folder {path.parent} does not exist. Create it first.")
    with _CREATING:
        try:
            _remove_unfinished(path)
            part = path.with_name(f".{path.name}.{uuid4().hex[:8]}{_UNFINISHED}")
            part.touch(exist_ok=False)
        except OSError as error:
            raise _not_created(path, error) from error
        try:
            _fill(part, fill)
            _publish(part, path)
        except FileNotFoundError as error:  # another process that creates it took ours for a killed one's
            raise _there_already(path) if path.exists() else _not_created(path, error) from error
        finally:
            part.unlink(missing_ok=True)
    return sqlite_engine(path)


def open_existing(path: Path, after_migration: Callable[[Connection], None] | None) -> Engine:
    """Open the workspace in a file and migrate it to this version; on any error the file stays as it was.

    `after_migration` recomputes what is derived from the rows, in the transaction of the migration; None refuses a
    workspace that needs a migration.
    """
    _check_file(path)
    _require_one_name(path)
    engine = sqlite_engine(path)
    try:
        revision = _revision(engine, path)
        _require_ours(engine, path, revision)
        if revision != migrate.HEAD:
            if after_migration is None:
                raise WorkspaceError(needs_migration(path))
            _require_whole(engine, path)
            _migrate(path, revision, after_migration)
    except BaseException:
        engine.dispose()
        raise
    return engine


def needs_migration(place: Location) -> str:
    """The message for a workspace of an older version that was to be opened without changing it."""
    return f"{place} was written by an older version of the studio. Open it for changes once, to migrate it."


def open_to_check(path: Path, after_migration: Callable[[Connection], None]) -> tuple[Engine, list[str]]:
    """Open the workspace in a file, also one that `open_existing` refuses because of foreign triggers or views.

    The list names those that a file of an older version has: it cannot be migrated, so nothing else can be checked.
    """
    _check_file(path)
    engine = sqlite_engine(path)
    try:
        is_old = _revision(engine, path) != migrate.HEAD
        with reading(engine) as db:
            foreign = [f"{one} is not part of the schema" for one in schema_check.acting(db)]
        if is_old and not foreign:
            engine.dispose()
            engine = open_existing(path, after_migration)
    except BaseException:
        engine.dispose()
        raise
    return engine, foreign if is_old else []


def _fill(part: Path, fill: Callable[[Connection], None]) -> None:
    engine = sqlite_engine(part, has_log=False)
    try:
        with writing(engine) as db:
            db.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
            migrate.upgrade(db)
            fill(db)
    finally:
        engine.dispose()


def _publish(part: Path, path: Path) -> None:
    try:
        for left in ("-wal", "-shm"):  # of a file that does not exist any more; it would be played into this one
            path.with_name(path.name + left).unlink(missing_ok=True)
        open_file.publish(part, path)
    except FileExistsError as error:
        raise _there_already(path) from error
    except OSError as error:
        raise _not_created(path, error) from error


def _remove_unfinished(path: Path) -> None:
    """Remove files of a process that was killed while it created this workspace; a running one has a lock."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*{_UNFINISHED}"):
        if path.exists() and left.samefile(path):  # killed between giving the name and taking away the other
            left.unlink(missing_ok=True)
            continue
        with closing(sqlite3.connect(left, timeout=0, isolation_level=None)) as db:
            try:
                db.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                continue
            except sqlite3.DatabaseError:
                pass  # half written
            left.unlink(missing_ok=True)


def _not_created(path: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(f"{path} cannot be created: {error.strerror}. Check that its folder can be written to.")


def _there_already(path: Path) -> WorkspaceError:
    return WorkspaceError(f"{path.name} exists already. Open it, or choose another name.")


def uuid_of(path: Path) -> str:
    """The uuid of the workspace in a file; nothing is migrated."""
    _check_file(path)
    engine = sqlite_engine(path)
    try:
        _revision(engine, path)
        with reading(engine) as db:
            return str(db.execute(select(WORKSPACE.c.uuid)).scalar_one())
    finally:
        engine.dispose()


def problems(db: Connection) -> list[str]:
    """List the damage of a workspace's file, or else the faults of its schema and rows."""
    damage = [] if is_server(db) else list(_damage(db))
    return damage or [*schema_check.differences(db), *unreadable_rows.unreadable(db), *forged_rows.messages(db)]


def _damage(db: Connection) -> Iterator[str]:
    """The damage that SQLite's own check reports."""
    for (message,) in db.exec_driver_sql("PRAGMA integrity_check"):
        if message != "ok":
            yield str(message)
    for name, rowid, parent, _ in db.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"{name} row {rowid} refers to a row of {parent} that does not exist"


def _require_ours(engine: Engine, path: Path, revision: str) -> None:
    """Refuse foreign triggers and views, which would run with the next decision or migration."""
    with reading(engine) as db:
        found = schema_check.acting(db)
        if not found and revision == migrate.HEAD:
            found = schema_check.loosened(db)
    if found:
        raise WorkspaceError(
            f"{path.name} was not opened: its schema was changed, and decisions written to it could change "
            f"or lose other data: {'; '.join(found)}. Ask for another copy of the file, or restore a backup. "
            f"To see all changes: orbench-studio check {as_argument(path)}"
        )


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise WorkspaceError(f"{path} is a folder, not a workspace. Name a file that ends in .orbench.")
    if not path.exists():
        raise WorkspaceError(f"There is no workspace at {path}. Check the name, or create one by importing into it.")
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except OSError as error:
        raise WorkspaceError(f"{path.name} cannot be read: {error.strerror}.") from error
    if not header.startswith(_SQLITE_MAGIC):
        raise WorkspaceError(f"{path.name} is not a workspace. To use data from a file, import it into a workspace.")
    if len(header) < _HEADER:
        raise WorkspaceError(f"{path.name} is damaged: the file is truncated. Restore a backup.")
    # Looked up before SQLite opens the file, which would change its journal mode; after a crash it is in the log.
    is_ours = int.from_bytes(header[_ID_IN_HEADER], "big") == APPLICATION_ID
    if not is_ours and not path.with_name(path.name + "-wal").exists():
        raise _foreign(path)


def _require_one_name(path: Path) -> None:
    """Refuse a file with two names: SQLite names the log after the file, and two logs would damage it."""
    if path.stat().st_nlink > 1:
        _remove_unfinished(path)
    if path.stat().st_nlink > 1:
        raise WorkspaceError(
            f"{path.name} has a second name (a hard link), under which another program could damage it. "
            f"Copy it to a new file and open that: cp {path.name} copy-of-{path.name}"
        )


def _foreign(path: Path) -> WorkspaceError:
    return WorkspaceError(f"{path.name} is a database of another program, not a workspace.")


def _revision(engine: Engine, path: Path) -> str:
    with reading(engine) as db:
        if db.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION_ID:
            raise _foreign(path)
        if not inspect(db).has_table("alembic_version"):
            raise WorkspaceError(f"{path.name} is damaged: its format version is missing. Restore a backup.")
        revision = str(db.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
    if migrate.is_newer(revision):
        raise WorkspaceError(
            f"{path.name} was written by a newer version of the studio (format {revision}; this version supports "
            f"{migrate.HEAD}). Nothing was changed. Update the studio to open it."
        )
    return revision


def _require_whole(engine: Engine, path: Path) -> None:
    with reading(engine) as db:
        found = list(_damage(db))
    if found:
        raise WorkspaceError(f"{path.name} is damaged and was not migrated: {found[0]}. Restore a backup.")
    engine.dispose()  # no connection holds to what the tables were


def _migrate(path: Path, revision: str, after_migration: Callable[[Connection], None]) -> None:
    copy = _back_up(path, revision)
    engine = sqlite_engine(path, checks_references=False)
    try:
        with writing(engine) as db:
            migrate.upgrade(db)
            broken = db.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken is not None:
                raise WorkspaceError(f"The migration of {path.name} left a broken reference in {broken[0]}.")
            after_migration(db)
    except Exception as error:
        raise WorkspaceError(
            f"{path.name} could not be migrated and is unchanged ({error}). A copy is in {copy.name}."
        ) from error
    finally:
        engine.dispose()


def _back_up(path: Path, revision: str) -> Path:
    """Back up into the same folder, unless the same copy exists. Earlier copies are never replaced: one may be the last
    copy of older work.
    """
    stem = f"{path.stem}.before-{int(revision) + 1:04d}"
    part = path.with_name(f"{stem}{path.suffix}.part")
    stems = chain((stem,), (f"{stem}-{number}" for number in count(2)))
    try:
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
        for copy in (path.with_name(f"{one}{path.suffix}") for one in stems):
            if copy.is_file() and filecmp.cmp(part, copy, shallow=False):
                part.unlink()
                break
            if not os.path.lexists(copy):
                part.replace(copy)
                break
    except (OSError, sqlite3.Error) as error:
        raise WorkspaceError(
            f"{path.name} must be migrated, but the backup copy failed ({error}). Nothing was "
            f"changed. Free some space, or check the permissions of the folder, and open it again."
        ) from error
    return copy

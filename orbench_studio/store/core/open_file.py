"""The file of an open workspace: whether its path still leads to it, and a copy of the open data if not.

SQLite continues to write to a file that was renamed, deleted or replaced, where the data are lost. The log beside it
(-wal) keeps the old name: the next process that opens the new file would apply the log to it and damage it.
"""

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine

from orbench_studio.errors import WorkspaceError, WorkspaceMovedError

log = logging.getLogger(__name__)

_STOPPED = "Nothing more is written to it."
_LOG = ("-wal", "-shm")
_OPTION = "open_file"


class OpenFile:
    """One file, known by its device and number (on Windows: its volume and file id)."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.has_written = False  # anything, by this process
        self.is_saved = False  # as a copy, since it was moved
        self._identity = _identity(self.path)
        self._log: list[tuple[int, int]] | None = None  # what SQLite keeps beside it; it stays while it is open

    @property
    def options(self) -> dict[str, Any]:
        """Execution options that attach it to its engine."""
        return {_OPTION: self}

    def require_in_place(self) -> None:
        """Raise WorkspaceMovedError if the path leads to another file or to none."""
        name = self.path.name
        try:
            found = _identity(self.path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise WorkspaceMovedError(f"{name} was renamed, moved or deleted while it was open. {_STOPPED}") from error
        except OSError as error:
            raise WorkspaceError(f"{self.path} cannot be reached: {error.strerror}. Check its folder.") from error
        if found != self._identity:
            raise WorkspaceMovedError(f"{name} was replaced by another file while it was open. {_STOPPED}")
        if self._log not in (None, self._look_at_log()):
            raise WorkspaceMovedError(f"{name}{_LOG[0]} was deleted or replaced while {name} was open. {_STOPPED}")

    def begin_writing(self) -> None:
        """The same check at the start of a transaction, when a log exists."""
        self.require_in_place()
        self._log = self._log or self._look_at_log()

    def forget_log(self) -> None:
        """Called when a connection is closed; SQLite deletes the log with the last connection."""
        self._log = None

    def _look_at_log(self) -> list[tuple[int, int]] | None:
        try:
            return [_identity(self.path.with_name(self.path.name + end)) for end in _LOG]
        except FileNotFoundError:
            return None


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def of(by: Engine | Connection) -> OpenFile | None:
    """The file of a workspace; None if it is on a server."""
    return cast("OpenFile | None", by.get_execution_options().get(_OPTION))


def require_in_place(by: Engine | Connection) -> None:
    """Raise WorkspaceMovedError if the workspace is in a file and its path no longer leads to it."""
    if (file := of(by)) is not None:
        file.require_in_place()


def save_copy(engine: Engine, path: Path) -> None:
    """Write the open data to a new file, which appears when it is complete; nothing is overwritten."""
    part = path.with_name(f".{path.name}.part")
    connection = engine.raw_connection()
    try:
        part.unlink(missing_ok=True)
        source = cast(sqlite3.Connection, connection.dbapi_connection)
        with closing(sqlite3.connect(part)) as target:
            source.backup(target)
        publish(part, path)
    except (OSError, sqlite3.Error) as error:
        raise WorkspaceError(f"{path} could not be written: {error}.") from error
    finally:
        part.unlink(missing_ok=True)
        connection.close()


def empty_log(engine: Engine) -> None:
    """Before closing, apply the log of a file whose path leads elsewhere to it, and empty the log.

    SQLite itself would leave the log for the file of that name, which is the wrong one.
    """
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        log.warning("the log of a workspace that was moved could not be emptied: %s", error)
    finally:
        connection.close()


def publish(part: Path, path: Path) -> None:
    """Give a complete file its name; FileExistsError if the name is taken."""
    if os.name == "nt":
        part.rename(path)  # which overwrites nothing there
        return
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: the name is taken first, then given
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        part.replace(path)
        return
    part.unlink()

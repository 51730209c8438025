"""An open workspace: all its data, in one file or in one database of a server."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from platformdirs import user_state_path
from sqlalchemy import Connection, Engine, select

from orbench_studio.domain.workspace.location import Location, Server
from orbench_studio.errors import WorkspaceError, WorkspaceMovedError
from orbench_studio.providers.credentials import from_keyring
from orbench_studio.services.workspace.policy import Policy, SoloPolicy
from orbench_studio.store.core import open_file, unit_of_work
from orbench_studio.store.core.change_feed import FileChanges, ServerChanges
from orbench_studio.store.core.tables import WORKSPACE
from orbench_studio.store.review import derived_states
from orbench_studio.store.workspace import grants, migrate, opening, opening_server, quarantine

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

SUFFIX = ".orbench"


class Workspace:
    """An open workspace. Close it with `close`, or use it in a `with` statement.

    `policy` defines what each annotator may see and label. `decides_as` is the login under whose name everybody
    decides on a server; None in a file, where people choose a name. `is_owner` is False for reviewers and adjudicators.
    """

    def __init__(self, place: Location, engine: Engine, changes: FileChanges | ServerChanges) -> None:
        self.place = place
        self.policy: Policy = SoloPolicy()  # the window puts the team's in its place
        self._engine = engine
        self._changes = changes
        with self.reading() as db:
            row = db.execute(select(WORKSPACE.c.illustrative, WORKSPACE.c.uuid)).one()
            self.illustrative, self.uuid = bool(row.illustrative), str(row.uuid)
            self.decides_as = grants.login_name(db) if self.on_server else None
            self.is_owner = not self.on_server or grants.is_owner(db)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The name that is shown to the user: the file name without its suffix, or the name of the database."""
        return self.place.name if isinstance(self.place, Server) else self.place.stem

    @property
    def on_server(self) -> bool:
        """Whether several people can use it from their own machines."""
        return isinstance(self.place, Server)

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a read transaction: a consistent snapshot."""
        return unit_of_work.reading(self._engine)

    def writing(self) -> AbstractContextManager[Connection]:
        """Open a write transaction. Write transactions exclude each other."""
        return unit_of_work.writing(self._engine)

    def deciding(self) -> AbstractContextManager[Connection]:
        """Open a write transaction about few prompts. On a server, several can run at once."""
        return unit_of_work.writing(self._engine, shared=True)

    def data_version(self) -> int:
        """A number that changes when another window or program writes to the workspace."""
        return self._changes.version()

    def require_access(self) -> None:
        """Raise AccessEndedError if the user has no role in it any more."""
        with self.reading() as db:
            db.exec_driver_sql("SELECT 1 FROM prompts LIMIT 1")

    def problems(self) -> list[str]:
        """All problems of the file and its content, as texts; empty if there are none."""
        return _problems(self._engine)

    def unreadable_row(self) -> str | None:
        """A sentence about the first row that cannot be read; None where all can."""
        return unit_of_work.unreadable_row(self._engine)

    @property
    def is_in_place(self) -> bool:
        """Whether the path of the workspace still leads to the open file."""
        try:
            open_file.require_in_place(self._engine)
        except WorkspaceMovedError:
            return False
        return True

    def save_copy(self, path: Path | None = None) -> Path:
        """Write the open data into a new workspace file, and return its path.

        This works even if the opened file was moved or replaced. The default path is beside the file, or in the user's
        folder if the file's folder is not writable.
        """
        file = open_file.of(self._engine)
        assert file is not None  # one on a server has none that could be moved
        if path is not None:
            open_file.save_copy(self._engine, path)
        else:
            path = self._save_copy_near(file.path)
        file.is_saved = not self.is_in_place  # else what is written after the copy would be lost with a moved file
        return path

    def close(self) -> None:
        """Close the workspace.

        Raises WorkspaceMovedError if the file was moved or replaced and this process had written to it. The error names
        the copy that was saved.
        """
        self._changes.close()
        try:
            open_file.require_in_place(self._engine)
        except WorkspaceMovedError as error:
            self._leave_moved(error)
        finally:
            self._engine.dispose()

    def _leave_moved(self, error: WorkspaceMovedError) -> None:
        file = open_file.of(self._engine)
        assert file is not None  # it was moved
        try:
            if file.has_written and not file.is_saved:
                raise WorkspaceMovedError(
                    f"{error} A copy of the open workspace was saved as {self.save_copy()}."
                ) from error
        finally:
            open_file.empty_log(self._engine)

    def _save_copy_near(self, file: Path) -> Path:
        name = f"{file.stem}.recovered-{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}{file.suffix}"
        try:
            open_file.save_copy(self._engine, file.with_name(name))
        except WorkspaceError:
            own = user_state_path("orbench-studio") / "recovered"
            own.mkdir(parents=True, exist_ok=True)
            open_file.save_copy(self._engine, own / name)
            return own / name
        return file.with_name(name)


def open_workspace(place: Location, *, migrate_older: bool = True) -> Workspace:
    """Open the workspace in a file or a database, with all checks.

    A workspace of an older version is migrated, or refused if `migrate_older` is false.
    """
    after_migration = _recompute if migrate_older else None
    if isinstance(place, Server):
        name = uuid4().hex
        return _on_server(place, opening_server.open_existing(place, _password(place), name, after_migration), name)
    return _in_file(place, opening.open_existing(place, after_migration))


def problems_in(place: Location) -> list[str]:
    """All problems of a workspace, even if they prevent it from opening."""
    if isinstance(place, Server):
        foreign: list[str] = []
        engine = opening_server.open_existing(place, _password(place), uuid4().hex, _recompute)
    else:
        engine, foreign = opening.open_to_check(place, _recompute)
    try:
        return foreign or _problems(engine)
    finally:
        engine.dispose()


def repair(place: Location) -> tuple[list[str], list[str]]:
    """Set aside what cannot be read or was forged, and compute all derived values again, in one transaction.

    Returns a sentence for each row and definition that was set aside, and the problems that remain. Raises
    WorkspaceError, and changes nothing, if a row that other rows need cannot be read.
    """
    with open_workspace(place) as opened:
        with opened.writing() as db:
            moved = quarantine.set_aside(db)
            derived_states.refresh_everything(db)
        return moved, opened.problems()


def unreadable_row(place: Location) -> str | None:
    """A sentence about the first row of a workspace that cannot be read; None where all can."""
    with open_workspace(place) as opened:
        return opened.unreadable_row()


def create_workspace(place: Location, *, illustrative: bool = False) -> Workspace:
    """Create an empty workspace; `illustrative` marks one whose texts and models are invented."""
    return fill_workspace(place, partial(migrate.begin_workspace, illustrative=illustrative))


def fill_workspace(place: Location, fill: Callable[[Connection], None]) -> Workspace:
    """Create a workspace and fill its tables with `fill`, in one transaction."""
    if isinstance(place, Server):
        name = uuid4().hex
        return _on_server(place, opening_server.create(place, _password(place), name, fill), name)
    return _in_file(place, opening.create(place, fill))


def workspace_exists(place: Location) -> bool:
    """Whether the workspace exists; connects to the server for a database."""
    return opening_server.is_workspace(place, _password(place)) if isinstance(place, Server) else place.exists()


def open_or_create(place: Location) -> Workspace:
    """Open the workspace, or create it if it does not exist."""
    return open_workspace(place) if workspace_exists(place) else create_workspace(place)


def discard_workspace(place: Location) -> None:
    """Remove a workspace file, with the SQLite files beside it that an interruption may leave.

    A database is not removed; its owner can do that.
    """
    if isinstance(place, Path):
        for name in (place.name, f"{place.name}-wal", f"{place.name}-shm"):
            place.with_name(name).unlink(missing_ok=True)


def _problems(engine: Engine) -> list[str]:
    with unit_of_work.reading(engine) as db:
        return opening.problems(db) or list(derived_states.wrong_states(db))  # computed from rows that can be read


def _recompute(db: Connection) -> None:
    """Recompute what is derived from votes that could not be parsed: versions before 0009 did not count them."""
    derived_states.refresh_prompts(db, derived_states.with_unread_votes(db))


def _in_file(path: Path, engine: Engine) -> Workspace:
    return Workspace(path, engine, FileChanges(engine))


def _on_server(server: Server, engine: Engine, name: str) -> Workspace:
    return Workspace(server, engine, ServerChanges(engine, name))


def _password(server: Server) -> str:
    """The password from the address, else the keyring; if empty, the driver reads PGPASSWORD and ~/.pgpass."""
    return server.password or from_keyring(str(server)) or ""

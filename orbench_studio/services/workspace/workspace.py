"""A workspace that is open: everything the studio knows, in one file or in one database of a server."""

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
from orbench_studio.store.workspace import grants, migrate, opening, opening_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

SUFFIX = ".orbench"


class Workspace:
    """An open workspace; closed with `close` or at the end of a `with`.

    `policy` says what each annotator may see and label. `decides_as` is the one name under which its server lets a
    reviewer decide; None where any name will do.
    """

    def __init__(self, place: Location, engine: Engine, changes: FileChanges | ServerChanges) -> None:
        self.place = place
        self.policy: Policy = SoloPolicy()  # the window puts the team's in its place
        self._engine = engine
        self._changes = changes
        with self.reading() as db:
            row = db.execute(select(WORKSPACE.c.illustrative, WORKSPACE.c.uuid)).one()
            self.illustrative, self.uuid = bool(row.illustrative), str(row.uuid)
            self.decides_as = grants.own_name(db) if self.on_server else None

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """What the user calls it: the file's name without its suffix, or the database's."""
        return self.place.name if isinstance(self.place, Server) else self.place.stem

    @property
    def on_server(self) -> bool:
        """Whether several people can be at it from their own machines."""
        return isinstance(self.place, Server)

    def reading(self) -> AbstractContextManager[Connection]:
        """One consistent look."""
        return unit_of_work.reading(self._engine)

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction: all or nothing, and one at a time."""
        return unit_of_work.writing(self._engine)

    def deciding(self) -> AbstractContextManager[Connection]:
        """One transaction about few prompts: on a server beside others of the kind. See `unit_of_work.writing`."""
        return unit_of_work.writing(self._engine, shared=True)

    def data_version(self) -> int:
        """A number that changes when another window or program has written to the workspace."""
        return self._changes.version()

    def problems(self) -> list[str]:
        """Everything that is wrong with the file or with what is kept in it, in words; empty where all is well."""
        return _problems(self._engine)

    def unreadable_row(self) -> str | None:
        """A sentence about the first row that cannot be read; None where all can."""
        return unit_of_work.unreadable_row(self._engine)

    @property
    def is_in_place(self) -> bool:
        """Whether the path of its file still leads to it."""
        try:
            open_file.require_in_place(self._engine)
        except WorkspaceMovedError:
            return False
        return True

    def save_copy(self, path: Path | None = None) -> Path:
        """Write what is open into a new workspace file, whatever became of the file that was opened; where it is.

        Unless a path is named: beside the file, or in the user's own folder where that cannot be written to.
        """
        file = open_file.of(self._engine)
        assert file is not None  # one on a server has none that could be moved
        if path is not None:
            open_file.save_copy(self._engine, path)
        else:
            path = self._save_copy_near(file.path)
        file.is_saved = True
        return path

    def close(self) -> None:
        """Let go of it.

        A WorkspaceMovedError where the path of its file does not lead to it any more, and this process had written to
        it: it then says where a copy is.
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
                raise WorkspaceMovedError(f"{error} What was open is saved as {self.save_copy()}.") from error
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
    """Open the workspace in a file or a database by the whole procedure.

    One of an older version is migrated, or refused without `migrate_older`.
    """
    after_migration = _recompute if migrate_older else None
    if isinstance(place, Server):
        name = uuid4().hex
        return _on_server(place, opening_server.open_existing(place, _password(place), name, after_migration), name)
    return _in_file(place, opening.open_existing(place, after_migration))


def problems_in(place: Location) -> list[str]:
    """Everything that is wrong with a workspace, also with one that does not open because of it."""
    if isinstance(place, Server):
        foreign: list[str] = []
        engine = opening_server.open_existing(place, _password(place), uuid4().hex, _recompute)
    else:
        engine, foreign = opening.open_to_check(place, _recompute)
    try:
        return foreign or _problems(engine)
    finally:
        engine.dispose()


def unreadable_row(place: Location) -> str | None:
    """A sentence about the first row of a workspace that cannot be read; None where all can."""
    with open_workspace(place) as opened:
        return opened.unreadable_row()


def create_workspace(place: Location, *, illustrative: bool = False) -> Workspace:
    """Create an empty workspace; `illustrative` marks one whose texts and models are invented."""
    return fill_workspace(place, partial(migrate.begin_workspace, illustrative=illustrative))


def fill_workspace(place: Location, fill: Callable[[Connection], None]) -> Workspace:
    """Create a workspace with what `fill` puts into its tables, in one transaction: with all of it, or not at all."""
    if isinstance(place, Server):
        name = uuid4().hex
        return _on_server(place, opening_server.create(place, _password(place), name, fill), name)
    return _in_file(place, opening.create(place, fill))


def workspace_exists(place: Location) -> bool:
    """Whether there is a workspace; the database of a server is asked."""
    return opening_server.is_workspace(place, _password(place)) if isinstance(place, Server) else place.exists()


def open_or_create(place: Location) -> Workspace:
    """Open the workspace, or create it where there is none yet."""
    return open_workspace(place) if workspace_exists(place) else create_workspace(place)


def discard_workspace(place: Location) -> None:
    """Remove a workspace with the files that SQLite keeps beside it, which an interruption may leave behind.

    A database stays; its owner can remove it.
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
    """From the address, else the keyring; the driver itself looks at PGPASSWORD and ~/.pgpass where this is empty."""
    return server.password or from_keyring(str(server)) or ""

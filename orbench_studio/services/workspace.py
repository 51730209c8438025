"""A workspace that is open: everything the studio knows, in one file."""

from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from orbench_studio.store import opening, states, unit_of_work
from orbench_studio.store.tables import WORKSPACE

SUFFIX = ".orbench"


class Workspace:
    """An open workspace; closed with `close` or at the end of a `with`."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine
        with self.reading() as db:
            row = db.execute(select(WORKSPACE.c.illustrative, WORKSPACE.c.uuid)).one()
            self.illustrative, self.uuid = bool(row.illustrative), str(row.uuid)

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """What the user calls it: the file's name without its suffix."""
        return self.path.stem

    def reading(self) -> AbstractContextManager[Connection]:
        """One consistent look."""
        return unit_of_work.reading(self._engine)

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction: all or nothing."""
        return unit_of_work.writing(self._engine)

    def data_version(self) -> int:
        """A number that changes when another window or program has written to the file."""
        with self.reading() as db:
            return int(db.exec_driver_sql("PRAGMA data_version").scalar_one())

    def problems(self) -> list[str]:
        """Everything that is wrong with the file or with what is kept in it, in words; empty where all is well."""
        found = opening.problems(self._engine)
        if not found:
            with self.reading() as db:
                found.extend(states.wrong_states(db))
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def open_workspace(path: Path) -> Workspace:
    """Open the workspace in a file by the whole procedure."""
    return Workspace(path, opening.open_existing(path))


def create_workspace(path: Path, *, illustrative: bool = False) -> Workspace:
    """Create an empty workspace; `illustrative` marks one whose texts and models are invented."""
    return Workspace(path, opening.create(path, illustrative=illustrative))


def open_or_create(path: Path) -> Workspace:
    """Open the workspace, or create it where there is none yet."""
    return open_workspace(path) if path.exists() else create_workspace(path)


def discard_workspace(path: Path) -> None:
    """Remove a workspace with the files that SQLite keeps beside it, which an interruption may leave behind."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)

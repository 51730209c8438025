"""A whole workspace from a file into a database of a server, and back: all of it or nothing."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from orbench_studio.domain.workspace.location import Location, Server
from orbench_studio.errors import CancelledError, WorkspaceError
from orbench_studio.formats.atomic import written_file
from orbench_studio.services.workspace.workspace import (
    discard_workspace,
    fill_workspace,
    open_workspace,
    workspace_exists,
)
from orbench_studio.store.data import copy_workspace
from orbench_studio.store.workspace import grants

Progress = Callable[[int, int], bool]  # rows copied, of how many; False cancels

_NO_ROLE = (
    f"You may not make roles on this server. Before reviewers can be added, somebody who may runs in any database: "
    f"CREATE ROLE {grants.REVIEWER} NOLOGIN; then you open the workspace once, which gives the role its rights."
)


def push(path: Path, server: Server, on_progress: Progress = lambda _done, _of: True) -> str:
    """Put the workspace of a file into a database that has no tables yet, in one transaction.

    Gives what has to be done yet before reviewers can be added, in words; empty where nothing has.
    """
    if workspace_exists(server):
        raise WorkspaceError(
            f"There is a workspace in {server} already, and it stays as it is. To add what was decided in the file: "
            f"orbench-studio labels export {path} labels.jsonl, then orbench-studio merge {server} labels.jsonl. "
            "To have both workspaces, name another database."
        )
    _copy(path, server, on_progress)
    with open_workspace(server) as opened, opened.reading() as db:
        return "" if grants.has_reviewers(db) else _NO_ROLE


def pull(server: Server, path: Path, on_progress: Progress = lambda _done, _of: True) -> None:
    """Write the workspace of a database into a new file, which appears when it is whole."""
    _require_new(path)
    with written_file(path, b"") as part:
        discard_workspace(part)
        try:
            _copy(server, part, on_progress)
            _require_new(path)
        except BaseException:
            discard_workspace(part)
            raise


def _copy(source: Location, target: Location, on_progress: Progress) -> None:
    def message(done: int, of: int) -> None:
        if not on_progress(done, of):
            raise CancelledError("Cancelled: nothing was copied.")

    with open_workspace(source) as opened, opened.reading() as db:

        def fill(into: Connection) -> None:
            copy_workspace.copy(db, into, message)

        fill_workspace(target, fill).close()


def _require_new(path: Path) -> None:
    if path.exists():
        raise WorkspaceError(f"{path.name} exists already, and stays as it is. Choose another name.")

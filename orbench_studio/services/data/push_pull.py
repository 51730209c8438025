"""Copy a workspace from a file to a database on a server, and back: all of it, or nothing."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from orbench_studio.domain.workspace.location import Location, Server, as_argument
from orbench_studio.errors import CancelledError, WorkspaceError
from orbench_studio.formats.atomic_files import written_file
from orbench_studio.services.workspace.workspace import (
    discard_workspace,
    fill_workspace,
    open_workspace,
    workspace_exists,
)
from orbench_studio.store.data import copy_workspace
from orbench_studio.store.workspace import grants

Progress = Callable[[int, int], bool]  # rows copied, of how many; False cancels


def push(path: Path, server: Server, on_progress: Progress = lambda _done, _of: True) -> str:
    """Copy the workspace of a file to a database without tables, in one transaction.

    Returns instructions for the remaining step before reviewers can be added; empty if there is none.
    """
    if workspace_exists(server):
        raise WorkspaceError(
            f"{server} already contains a workspace. It was not changed. To add the decisions of the file: "
            f"orbench-studio labels export {as_argument(path)} labels.jsonl, then orbench-studio merge "
            f"{as_argument(server)} labels.jsonl. "
            "To store both workspaces, use another database."
        )
    _copy(path, server, on_progress)
    with open_workspace(server) as opened, opened.reading() as db:
        return grants.remaining_step(db)


def pull(server: Server, path: Path, on_progress: Progress = lambda _done, _of: True) -> None:
    """Copy the workspace of a database to a new file, which appears when the copy is complete."""
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
            raise CancelledError("The copy was cancelled. Nothing was copied.")

    with open_workspace(source) as opened, opened.reading() as db:

        def fill(into: Connection) -> None:
            copy_workspace.copy(db, into, message)

        fill_workspace(target, fill).close()


def _require_new(path: Path) -> None:
    if path.exists():
        raise WorkspaceError(f"{path.name} already exists. It was not changed. Choose another name.")

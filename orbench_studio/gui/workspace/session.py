"""The open workspace and its annotator: every call runs on the database's thread and answers on the window's.

Services are imported on that thread, so that the window is up before the database's libraries are loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from orbench_studio.domain.workspace.location import Location, is_same
from orbench_studio.errors import AccessEndedError, ConnectionLostError, WorkspaceMovedError
from orbench_studio.gui.common.operations import Operations, act_of
from orbench_studio.settings import Settings
from orbench_studio.user_folders import home

if TYPE_CHECKING:
    from orbench_studio.services.workspace.policy import Policy
    from orbench_studio.services.workspace.workspace import Workspace


class Session(QObject):
    """One open workspace at a time, and the annotator who reviews it."""

    opened = Signal()  # after a workspace was opened; `workspace` is set
    closed = Signal()  # after the workspace was closed
    leaving = Signal()  # before it is closed: operations that start now still find it open
    moved = Signal(str)  # with a message, each time an operation finds that the file was renamed, deleted or replaced
    access_ended = Signal(str)  # with a message, each time an operation finds that the user's role was taken away
    access_returned = Signal()
    disconnected = Signal(bool)  # the server did not answer; with whether this must be shown

    def __init__(self, operations: Operations, settings: Settings, policy: Callable[[], Policy]) -> None:
        super().__init__()
        self.operations = operations
        self.background = Operations(self)  # for long computations that need no workspace
        self.settings = settings
        self.workspace: Workspace | None = None
        self.demo: Path | None = None  # the temporary file of the demo
        self.has_access = True  # to a workspace on a server, whose owner can take the user's role away
        self.own_work: set[int] = set()  # running batches of this window: they report their writes themselves
        self._policy = policy

    @property
    def annotator(self) -> str:
        """The name under which decisions are recorded: the server's user where the server demands it."""
        return (self.workspace and self.workspace.decides_as) or self.settings.annotator

    @property
    def is_demo(self) -> bool:
        """Whether the temporary demo is open; a saved copy of it is a workspace like any other."""
        return self.workspace is not None and self.demo is not None and is_same(self.workspace.place, self.demo)

    @property
    def folder(self) -> Path:
        """Where exported files are proposed: beside the workspace; for the demo and on a server, the home folder."""
        place = self.workspace.place if self.workspace is not None and not self.is_demo else None
        return place.parent if isinstance(place, Path) else home()

    @property
    def has_left_demo(self) -> bool:
        """Whether the demo was open before; its decisions are there until the window closes."""
        return self.demo is not None and not self.is_demo

    def open(
        self, place: Location, *, create: bool = False, failed: Callable[[Exception], object] | None = None
    ) -> None:
        """Open a workspace, or create it; with `failed`, an error goes there instead of the message bar.

        If the same workspace is open already, it is closed first.
        """
        if self.workspace is not None and is_same(self.workspace.place, place):
            self.close()

        def work() -> Workspace:
            from orbench_studio.services.workspace import workspace

            return workspace.create_workspace(place) if create else workspace.open_workspace(place)

        self.operations.run(work, self.adopt, failed, show_errors=failed is None, act=Session.adopt)

    def open_demo(self, scratch: Path) -> None:
        """Open a copy of the demo workspace in a folder; created on first use."""

        path = self.demo = scratch / "demo.orbench"

        def work() -> Workspace:
            from orbench_studio.services.data import demo
            from orbench_studio.services.workspace import workspace

            return workspace.open_workspace(path) if path.exists() else demo.demo_workspace(path)

        self.operations.run(work, self.adopt, act=Session.adopt)

    def adopt(self, workspace: Workspace) -> None:
        """Make an open workspace the one of the window; the previous one is closed."""
        self._leave()
        workspace.policy = self._policy()
        self.workspace = workspace
        if not self.is_demo:
            self.settings.remember(workspace.place)
        self.opened.emit()

    def close(self) -> None:
        self._leave()
        self.closed.emit()

    def save_settings(self) -> None:
        """Save the preferences; an error is shown in the window, and nothing else is lost."""
        self.operations.run_now(self.settings.save)

    def run(
        self,
        work: Callable[[Workspace], Any],
        done: Callable[[Any], object] | None,
        failed: Callable[[Exception], object] | None = None,
        *,
        show_errors: bool = True,
        urgent: bool = False,
    ) -> None:
        """Run `work` on the database's thread, and answer on the window's; see `Operations.run`.

        On a server, `urgent` work does not wait for other operations. In a file it would wait for their locks.
        """
        workspace = self.workspace
        if workspace is None:
            return
        # Nobody needs an answer about a workspace that was closed meanwhile.
        self.operations.run(
            lambda: work(workspace),
            done,
            lambda error: self._failed(error, failed, show_errors=show_errors),
            show_errors=show_errors,
            handled_elsewhere=(AccessEndedError, ConnectionLostError, WorkspaceMovedError),
            act=act_of(work),
            is_current=lambda: self.workspace is workspace,
            urgent=urgent and workspace.on_server,
        )

    def _failed(self, error: Exception, failed: Callable[[Exception], object] | None, *, show_errors: bool) -> None:
        if isinstance(error, ConnectionLostError):
            self.disconnected.emit(show_errors)
        if isinstance(error, AccessEndedError):
            self.has_access = False
            self.access_ended.emit(str(error))
        if failed is not None:
            failed(error)
        if isinstance(error, WorkspaceMovedError):
            self.moved.emit(str(error))

    def regain_access(self) -> None:
        """Note that the workspace can be read again."""
        if not self.has_access:
            self.has_access = True
            self.access_returned.emit()

    def _leave(self) -> None:
        self.has_access = True
        if self.workspace is not None:
            self.leaving.emit()
            self.operations.run_last(self.workspace.close)
            self.workspace = None

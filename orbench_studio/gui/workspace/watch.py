"""Poll the open workspace for changes by other windows and programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from orbench_studio.domain.core.changes import ALL_CHANGED
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace

WATCH = 500  # milliseconds between polls
_WITHOUT_ACCESS = 5_000  # after the user's role was taken away, until it is given back


class Watch(QObject):
    """Refreshes the pages after changes by others, and reports to the recorder whether the server responds."""

    def __init__(self, session: Session, *, is_offline: Callable[[], bool], reached: Callable[[], None]) -> None:
        super().__init__(session)
        self._session = session
        self._is_offline = is_offline
        self._reached = reached
        self._last_version: int | None = None
        self._polling = False
        self._timer = QTimer(self, interval=WATCH)
        self._timer.timeout.connect(self._poll)
        session.access_ended.connect(lambda _: self._timer.setInterval(_WITHOUT_ACCESS))
        session.access_returned.connect(lambda: self._timer.setInterval(WATCH))

    def start(self) -> None:
        """Start polling the open workspace."""
        self._timer.start(WATCH)
        self._poll()

    def stop(self) -> None:
        """Stop polling; the next workspace starts afresh."""
        self._timer.stop()
        self._last_version = None
        self._polling = False

    def _poll(self) -> None:
        is_offline, has_access = self._is_offline(), self._session.has_access

        def work(workspace: Workspace) -> int:
            if is_offline:
                with workspace.reading():
                    pass  # the notification connection can be slow to detect a lost server
            if not has_access:
                workspace.require_access()
            return workspace.data_version()

        if not self._polling:
            self._polling = True
            self._session.run(work, self._compare, self._not_answered, show_errors=False)

    def _not_answered(self, _error: Exception) -> None:
        self._polling = False

    def _compare(self, version: int) -> None:
        self._polling = False
        self._reached()
        if not self._session.has_access:
            self._last_version = -1  # what changed meanwhile was not seen
        self._session.regain_access()
        if self._last_version not in (None, version) and not self._session.own_work:
            self._session.operations.changed.emit(ALL_CHANGED)
        self._last_version = version

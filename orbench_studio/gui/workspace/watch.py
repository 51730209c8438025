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


class Watch(QObject):
    """Refreshes the pages after changes by others, and reports to the recorder whether the server responds."""

    def __init__(self, session: Session, *, is_offline: Callable[[], bool], reached: Callable[[], None]) -> None:
        super().__init__(session)
        self._session = session
        self._is_offline = is_offline
        self._reached = reached
        self._last_version: int | None = None
        self._polling = False
        self._timer = QTimer(self)
        self._timer.setInterval(WATCH)
        self._timer.timeout.connect(self._poll)

    def start(self) -> None:
        """Start polling the open workspace."""
        self._timer.start()
        self._poll()

    def stop(self) -> None:
        """Stop polling; the next workspace starts afresh."""
        self._timer.stop()
        self._last_version = None
        self._polling = False

    def _poll(self) -> None:
        is_offline = self._is_offline()

        def work(workspace: Workspace) -> int:
            if is_offline:
                with workspace.reading():
                    pass  # the notification connection can be slow to detect a lost server
            return workspace.data_version()

        if not self._polling:
            self._polling = True
            self._session.run(work, self._compare, self._not_answered, show_errors=False)

    def _not_answered(self, _error: Exception) -> None:
        self._polling = False

    def _compare(self, version: int) -> None:
        self._polling = False
        self._reached()
        if self._last_version not in (None, version) and not self._session.own_work:
            self._session.operations.changed.emit(ALL_CHANGED)
        self._last_version = version

"""Poll the open workspace for changes by other windows and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from orbench_studio.domain.core.changes import ALL_CHANGED

if TYPE_CHECKING:
    from orbench_studio.gui.workspace.session import Session
    from orbench_studio.services.workspace.workspace import Workspace

WATCH = 1_500  # milliseconds between polls


class Watch(QObject):
    """Refreshes the pages after changes by others, and reports to the connection whether the server responds."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._seen_version: int | None = None
        self._polling = False
        self._timer = QTimer(self)
        self._timer.setInterval(WATCH)
        self._timer.timeout.connect(self._poll)

    def start(self) -> None:
        """Start polling the open workspace."""
        self._timer.start()
        self._poll()

    def stop(self) -> None:
        """Stop polling."""
        self._timer.stop()
        self._seen_version = None
        self._polling = False

    def _poll(self) -> None:
        away = self._session.connection.away

        def work(workspace: Workspace) -> int:
            if away:
                with workspace.reading():
                    pass  # the notification connection can be slow to detect a lost server
            return workspace.data_version()

        if not self._polling:
            self._polling = True
            self._session.run(work, self._compare, self._not_seen, tells=False)

    def _not_seen(self, _error: Exception) -> None:
        self._polling = False

    def _compare(self, version: int) -> None:
        self._polling = False
        self._session.connection.reached()
        if self._seen_version not in (None, version) and not self._session.own_work:
            self._session.operations.changed.emit(ALL_CHANGED)
        self._seen_version = version

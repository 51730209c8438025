"""A look now and then for what other windows and programs did with the open workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from orbench_studio.domain.core.changes import ALL_CHANGED

if TYPE_CHECKING:
    from orbench_studio.gui.workspace.session import Session
    from orbench_studio.services.workspace.workspace import Workspace

WATCH = 1_500  # milliseconds between looks


class Watch(QObject):
    """Has the pages brought up to date where others wrote, and the connection told whether the server answered."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._seen_version: int | None = None
        self._looking = False
        self._timer = QTimer(self)
        self._timer.setInterval(WATCH)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """Look from now on, at the workspace that is open."""
        self._timer.start()
        self._look()

    def stop(self) -> None:
        """Look no more; the next workspace is another one."""
        self._timer.stop()
        self._seen_version = None
        self._looking = False

    def _look(self) -> None:
        away = self._session.connection.away

        def work(workspace: Workspace) -> int:
            if away:
                with workspace.reading():
                    pass  # what listens can be slow to hear that nobody is there
            return workspace.data_version()

        if not self._looking:
            self._looking = True
            self._session.run(work, self._compare, self._not_seen, tells=False)

    def _not_seen(self, _error: Exception) -> None:
        self._looking = False

    def _compare(self, version: int) -> None:
        self._looking = False
        self._session.connection.reached()
        if self._seen_version not in (None, version) and not self._session.own_work:
            self._session.operations.changed.emit(ALL_CHANGED)
        self._seen_version = version

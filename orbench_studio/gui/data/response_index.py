"""Build the full-text index of responses, with progress and cancelling."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QProgressDialog, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace


class Indexing(QObject):
    """Builds on the database's thread. Decisions wait for it, so the progress dialog is modal."""

    message = Signal(str)  # when the index is complete
    _progressed = Signal(int, int)

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._window = parent
        self._cancelled = Event()
        session.closed.connect(self._cancelled.set)

    def begin(self) -> None:
        """Build the index, unless there is one."""
        self._cancelled.clear()
        dialog = QProgressDialog(tr("Building the index of responses…"), tr("Cancel"), 0, 0, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.setAutoClose(False)
        dialog.setAutoReset(False)
        dialog.canceled.connect(self._cancelled.set)

        def show(done: int, of: int) -> None:
            dialog.setMaximum(of)
            dialog.setValue(done)

        def made() -> None:
            dialog.close()
            self.message.emit(tr("The full-text index of responses is ready."))

        def stopped(_error: Exception) -> None:
            dialog.close()

        self._progressed.connect(show)
        dialog.destroyed.connect(lambda: self._progressed.disconnect(show))

        def work(workspace: Workspace) -> None:
            from orbench_studio.services.review import search

            search.index_responses(workspace, self._goes_on)

        self._session.run(work, lambda _: made(), stopped)
        dialog.show()

    def _goes_on(self, done: int, of: int) -> bool:
        self._progressed.emit(done, of)
        return not self._cancelled.is_set()

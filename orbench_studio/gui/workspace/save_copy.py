"""Save a copy of the open workspace; before the temporary demo goes with its decisions, ask whether to save one."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.file_selection import ask_copy
from orbench_studio.gui.workspace.session import Session


class SaveCopy(QObject):
    """Writes copies, and knows whether the demo has changes that no copy has."""

    message = Signal(str)

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._is_changed = False
        self._saved_as = ""  # the message to show once the copy is open
        session.opened.connect(self._opened)
        session.operations.changed.connect(self._changed)

    def ask(self) -> None:
        """Ask where to save a copy of the open workspace."""
        if self._session.workspace is None or not isinstance(self._session.workspace.place, Path):
            self.message.emit(tr("This workspace is on a server and has no file to copy. Use Export instead."))
            return
        ask_copy(self._window, self._save)

    def stops_close(self) -> bool:
        """Return whether the window must stay open, because the user is asked about the demo's decisions."""
        if not (self._is_changed and self._session.is_demo):
            return False
        box = QMessageBox(self._window)
        box.setWindowTitle(tr("Demo"))
        box.setText(tr("Keep your decisions in the demo?"))
        box.setInformativeText(tr("The demo is a temporary copy. It is deleted when the window closes."))
        save = box.addButton(tr("Save a copy…"), QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton(tr("Discard"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(save)
        save.clicked.connect(self.ask)
        discard.clicked.connect(self.discard)
        discard.clicked.connect(self._window.close)
        box.finished.connect(box.deleteLater)
        box.open()
        return True

    def discard(self) -> None:
        """Close without asking about the demo."""
        self._is_changed = False

    def _changed(self, _changes: object) -> None:
        self._is_changed |= self._session.is_demo

    def _save(self, path: Path) -> None:
        self._session.run(lambda workspace: workspace.save_copy(path), self._saved)

    def _saved(self, copy: Path) -> None:
        """Go on in the copy of a demo, so that later decisions stay as well."""
        text = tr("A copy was saved as {copy}").format(copy=copy)
        if self._session.is_demo:
            self._is_changed, self._saved_as = False, text
            self._session.open(copy)
        else:
            self.message.emit(text)

    def _opened(self) -> None:
        if self._saved_as:
            self.message.emit(self._saved_as)
            self._saved_as = ""

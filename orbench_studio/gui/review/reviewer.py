"""Whose decisions they are: the name in the top bar, and how it is changed."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QInputDialog, QToolButton

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.workspace.session import Session


class ReviewerName(QToolButton):
    """The name that decisions are written down under: the user's choice, but where the server knows who it is."""

    changed = Signal()
    message = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setToolTip(tr("The name your decisions are written down under"))
        session.opened.connect(self._show)
        self._show()

    def ask(self) -> None:
        """Ask for another name."""
        workspace = self._session.workspace
        if workspace is not None and workspace.decides_as is not None:
            words = tr("This server knows you by your user: decisions here are written down under the name")
            self.message.emit(f"{words} {self._session.annotator}")
            return
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Reviewer"))
        dialog.setLabelText(tr("Your decisions are written down under this name:"))
        dialog.setTextValue(self._session.annotator)
        dialog.textValueSelected.connect(self._named)
        dialog.open()

    def _named(self, name: str) -> None:
        if name.strip():
            self._session.settings.annotator = name.strip()
            self._session.save_settings()
            self._show()
            self.changed.emit()

    def _show(self) -> None:
        self.setText(self._session.annotator.replace("&", "&&"))

"""The annotator's name in the top bar, and the dialog that changes it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QInputDialog, QToolButton

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.workspace.session import Session


class ReviewerName(QToolButton):
    """The name under which decisions are recorded: chosen by the user, unless the server sets it."""

    changed = Signal()
    message = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setToolTip(tr("The name under which your decisions are recorded"))
        session.opened.connect(self._show)
        self._show()

    def ask(self) -> None:
        """Ask for another name."""
        workspace = self._session.workspace
        if workspace is not None and workspace.decides_as is not None:
            text = tr("This server records your decisions under your user name, {name}.")
            self.message.emit(text.format(name=self._session.annotator))
            return
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Reviewer"))
        dialog.setLabelText(tr("Your decisions are recorded under this name:"))
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

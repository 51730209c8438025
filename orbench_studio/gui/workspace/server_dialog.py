"""Opening a workspace on a server: its address, a password where none is known, and why it did not work."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from orbench_studio.domain.workspace.location import Server, location_of
from orbench_studio.errors import StudioError
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, while_there
from orbench_studio.gui.workspace.session import Session

_EXAMPLE = "postgresql://ada@db.example.org/hard1k"
_WIDTH = 620


def message(error: Exception) -> str:
    """The words of a fault of the user or the world; for one of ours there is a dialog of its own."""
    return str(error) if isinstance(error, StudioError) else ""


class ServerDialog(QDialog):
    """Asks until a workspace is open, or the user has had enough. A password is for this once, and never kept."""

    def __init__(self, parent: QWidget, session: Session, place: Server | None = None, fault: str = "") -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Open from a server"))
        self._session = session
        self.address = QLineEdit(str(place) if place else "")
        self.password = QLineEdit()
        self.said = label(fault, "error")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        self._build_ui()
        session.opened.connect(self.accept)
        (self.password if place else self.address).setFocus()

    def _open(self) -> None:
        try:
            place = location_of(self.address.text().strip())
        except StudioError as error:
            self._say(str(error))
            return
        if not isinstance(place, Server):
            self._say(f"{tr('An address on a server is written so:')} {_EXAMPLE}")
            return
        if self.password.text():
            place = replace(place, password=self.password.text())
        self._say(f"{tr('Connecting to')} {place} …", busy=True)
        self._session.open(place, failed=while_there(self, lambda error: self._say(message(error))))

    def _say(self, text: str, *, busy: bool = False) -> None:
        self.said.setProperty("role", "quiet" if busy else "error")
        self.said.style().polish(self.said)
        self.said.setText(text)
        self._buttons.button(QDialogButtonBox.StandardButton.Open).setDisabled(busy)

    def _build_ui(self) -> None:
        self.address.setPlaceholderText(_EXAMPLE)
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setPlaceholderText(tr("empty: from PGPASSWORD, ~/.pgpass or the keyring"))
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(12)
        form.addRow(tr("Address"), self.address)
        form.addRow(tr("Password"), self.password)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(16)
        words = label(
            tr("A team's workspace is a database of a PostgreSQL server. The password is kept nowhere."), "quiet"
        )
        for said in (words, self.said):
            said.setWordWrap(True)
        layout.addWidget(words)
        layout.addLayout(form)
        layout.addWidget(self.said)
        layout.addStretch(1)
        layout.addWidget(self._buttons)
        self._buttons.accepted.connect(self._open)
        self._buttons.rejected.connect(self.reject)
        self.resize(px(_WIDTH), px(_WIDTH) // 2)

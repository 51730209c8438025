"""Dialog that says what the removal of an annotator changes, and removes them."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QFormLayout, QPushButton, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.layouts import Stretch
from orbench_studio.gui.common.widgets import if_alive, label, set_role
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.team import people_roles
from orbench_studio.services.team.people_roles import Removal
from orbench_studio.services.workspace.workspace import Workspace


class RemovalDialog(Dialog):
    """Removes the annotator whose removal it describes. Stays open until that has succeeded."""

    message = Signal(str)  # after the removal

    def __init__(self, parent: QWidget, session: Session, people: list[str]) -> None:
        super().__init__(parent, tr("Remove annotator"))
        self._session = session
        self._removal: Removal | None = None
        self.annotator = ComboBox()
        self.summary = label("", "quiet", wrap=True)
        self.remove = QPushButton(tr("Remove"))
        self._build_ui()
        self.annotator.currentTextChanged.connect(lambda _: self._preview())
        self.remove.clicked.connect(self._remove)
        self.annotator.addItems(people)

    def _preview(self) -> None:
        name, self._removal = self.annotator.currentText(), None
        self.remove.setEnabled(False)

        self._run(lambda workspace: people_roles.preview_removal(workspace, name), self._show)

    def _show(self, removal: Removal) -> None:
        if removal.name == self.annotator.currentText():
            self._removal = removal
            self.remove.setEnabled(True)
            set_role(self.summary, "role", "quiet")
            self.summary.setText(removal.summary)

    def _show_error(self, error: Exception) -> None:
        set_role(self.summary, "role", "error")
        self.summary.setText(str(error))

    def _remove(self) -> None:
        removal, annotator = self._removal, self._session.annotator
        if removal is None:
            return
        self._run(lambda workspace: people_roles.remove(workspace, removal, by=annotator), self._done)

    def _run(self, work: Callable[[Workspace], Any], done: Callable[[Any], object]) -> None:
        self._session.run(work, if_alive(self, done), if_alive(self, self._show_error), show_errors=False)

    def _done(self, changes: Changes) -> None:
        self.message.emit(changes.message)
        self.accept()

    def _build_ui(self) -> None:
        self.annotator.setAccessibleName(tr("Annotator"))
        self.remove.setAutoDefault(False)
        self.remove.setEnabled(False)
        form = QFormLayout()
        form.addRow(tr("Annotator"), self.annotator)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(self.remove, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        self.fill(form, self.summary, Stretch(), buttons, size=(520, 240))

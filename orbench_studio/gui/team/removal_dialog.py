"""Dialog that says what the removal of an annotator changes, and removes them."""

from PySide6.QtWidgets import QPushButton, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.widgets import show_status
from orbench_studio.gui.team.change_dialog import ChangeDialog
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.team import people_roles
from orbench_studio.services.team.people_roles import Removal


class RemovalDialog(ChangeDialog):
    """Removes the annotator whose removal it describes."""

    def __init__(self, parent: QWidget, session: Session, people: list[str]) -> None:
        super().__init__(parent, tr("Remove annotator"), session)
        self._removal: Removal | None = None
        self.annotator, self.remove = ComboBox(), QPushButton(tr("Remove"))
        self.remove.setEnabled(False)
        self.lay_out([("Annotator", self.annotator)], self.remove, size=(520, 240))
        self.annotator.currentTextChanged.connect(lambda _: self._preview())
        self.remove.clicked.connect(self._remove)
        self.annotator.addItems(people)

    def _preview(self) -> None:
        name, self._removal = self.annotator.currentText(), None
        self.remove.setEnabled(False)
        self.run(lambda workspace: people_roles.preview_removal(workspace, name), self._show)

    def _show(self, removal: Removal) -> None:
        if removal.name == self.annotator.currentText():
            self._removal = removal
            self.remove.setEnabled(True)
            show_status(self.status, removal.summary)

    def _remove(self) -> None:
        removal, annotator = self._removal, self._session.annotator
        if removal is not None:
            self.run(lambda workspace: people_roles.remove(workspace, removal, by=annotator))

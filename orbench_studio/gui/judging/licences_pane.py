"""The licences of all judges, with buttons to measure the built-in ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_table import note, table_of
from orbench_studio.gui.common.widgets import if_alive, set_role
from orbench_studio.gui.judging.licence_tables import licence_tables, standings_table
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES

if TYPE_CHECKING:
    from orbench_studio.services.judging.licences import JudgeStanding
    from orbench_studio.services.workspace.workspace import Workspace

_NAMES = {"rules": "Test rules…", "local": "Test local judge…", "keywords": "Test keyword lists…"}
_QUESTION = (
    "The judge is tested on the human labels of the sealed test split. The journal records this use of the split. "
    "Each further test of the same judge makes its intervals wider."
)


class LicencesPane(QWidget):
    """Hidden without judgements."""

    message = Signal(str)  # for the user

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.status = note("")
        self.buttons = {name: QPushButton(tr(_NAMES[name])) for name in BUILTIN_JUDGES}
        self.standings, self.list = QWidget(), QWidget()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        self._column.addWidget(self.standings)
        row = QHBoxLayout()
        for name, button in self.buttons.items():
            button.clicked.connect(lambda _checked=False, n=name: self._ask(n))
            row.addWidget(button)
        row.addStretch()
        self._column.addLayout(row)
        self._column.addWidget(self.status)
        self._column.addWidget(self.list)
        self.hide()
        self.refresh()

    def refresh(self) -> None:
        """Read the licences and show them."""

        def read(workspace: Workspace) -> list[JudgeStanding]:
            from orbench_studio.services.judging import licences

            return licences.standings(workspace)

        self._session.run(read, if_alive(self, self._show))

    def _ask(self, name: str) -> None:
        box = QMessageBox(QMessageBox.Icon.NoIcon, tr("Use the sealed test split?"), tr(_QUESTION), parent=self)
        measure = box.addButton(tr("Test judge"), QMessageBox.ButtonRole.AcceptRole)
        measure.clicked.connect(lambda: self.measure(name))
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.finished.connect(box.deleteLater)
        box.open()

    def measure(self, name: str) -> None:
        """Give a built-in judge a licence."""
        annotator = self._session.annotator

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.judging import licences

            return licences.changes_of(licences.licence_builtin(workspace, name, annotator))

        def failed(error: Exception) -> None:
            set_role(self.status, "role", "error")
            self.status.setText(str(error))

        def done(changes: Changes) -> None:
            set_role(self.status, "role", "quiet")
            self.status.setText(changes.message)
            self.message.emit(changes.message)
            self.refresh()

        self._session.run(work, if_alive(self, done), if_alive(self, failed), show_errors=False)

    def _show(self, found: Sequence[JudgeStanding]) -> None:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        for one in found:
            if one.licence is not None:
                for table in licence_tables(one.licence):
                    column.addWidget(table_of(table))
        standings = table_of(standings_table(found))
        for old, new in ((self.standings, standings), (self.list, part)):
            self._column.replaceWidget(old, new)
            old.deleteLater()
        self.standings, self.list = standings, part
        self.setVisible(bool(found))

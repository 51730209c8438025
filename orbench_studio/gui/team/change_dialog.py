"""The common part of dialogs that change something of a team."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QFormLayout, QPushButton, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.layouts import Stretch
from orbench_studio.gui.common.widgets import if_alive, label, show_status
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.workspace.workspace import Workspace


class ChangeDialog(Dialog):
    """Fields, a line of text and buttons. Stays open until the change has succeeded, and shows errors."""

    message = Signal(str)  # after the change

    def __init__(self, parent: QWidget, title: str, session: Session, text: str = "") -> None:
        super().__init__(parent, title)
        self._session = session
        self.status = label(text, "quiet", wrap=True)

    def run(self, work: Callable[[Workspace], Any], done: Callable[[Any], object] | None = None) -> None:
        """Run `work` and show its error; the dialog closes after a change, unless `done` takes the result."""
        failed = if_alive(self, lambda error: show_status(self.status, str(error), "error"))
        self._session.run(work, if_alive(self, done or self._close_after), failed, show_errors=False)

    def _close_after(self, changes: Changes) -> None:
        self.message.emit(changes.message)
        self.accept()

    def lay_out(self, fields: Sequence[tuple[str, QWidget]], *buttons: QPushButton, size: tuple[int, int]) -> None:
        """Place named fields above the text, and the buttons beside Cancel; Return in a field presses none of them."""
        form = QFormLayout(verticalSpacing=8)
        for name, field in fields:
            field.setAccessibleName(tr(name))
            form.addRow(tr(name), field)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        for button in buttons:
            button.setAutoDefault(False)
            box.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        box.rejected.connect(self.reject)
        self.fill(form, self.status, Stretch(), box, size=size)

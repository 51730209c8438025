"""Dialog that chooses the gold prompts of a team queue."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QFormLayout, QPushButton, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.fields import count_field
from orbench_studio.gui.common.layouts import Stretch
from orbench_studio.gui.common.widgets import label
from orbench_studio.gui.review.query_field import QueryField
from orbench_studio.gui.workspace.session import Session

_USUAL = 10  # per cent of the queue


class GoldDialog(Dialog):
    """Stays open until the prompts are marked, and shows errors."""

    wanted = Signal(str, float)  # the query, and the share of the queue in per cent

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent, tr("Gold prompts"))
        self.query = QueryField(session, tr("Prompts"), "")
        self.share = count_field(1, 100, _USUAL)
        self.error = label("", "error", wrap=True)
        self._build_ui()
        self.query.count()

    def accept(self) -> None:
        self.wanted.emit(self.query.text(), float(self.share.value()))

    def show_error(self, message: str) -> None:
        self.error.setText(message)
        self.error.setVisible(bool(message))

    def _build_ui(self) -> None:
        self.query.line.setPlaceholderText(tr("All of the queue, or a query"))
        explained = label(
            tr(
                "Gold prompts have a known label. Annotators label them like other prompts, and the table of "
                "annotators shows how many of their first labels are right. They are chosen at random from the "
                "queue's prompts with a known label and without a human label. The known labels are hidden until "
                "the queue ends."
            ),
            "quiet",
            wrap=True,
        )
        self.error.hide()
        form = QFormLayout(verticalSpacing=8)
        for name, field in (("Prompts", self.query), ("Share of the queue (per cent)", self.share)):
            field.setAccessibleName(tr(name))
            form.addRow(tr(name), field)
        mark = QPushButton(tr("Mark as gold"))
        mark.setProperty("role", "primary")
        mark.setDefault(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(mark, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.fill(explained, form, self.error, Stretch(), buttons, size=(560, 320))

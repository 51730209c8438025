"""Dialog that chooses the gold prompts of a team queue."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QPushButton, QVBoxLayout, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import set_size
from orbench_studio.gui.common.form_fields import count_field
from orbench_studio.gui.common.widgets import label
from orbench_studio.gui.review.query_field import QueryField
from orbench_studio.gui.workspace.session import Session

_USUAL = 10  # per cent of the queue


class GoldDialog(QDialog):
    """Stays open until the prompts are marked, and shows errors."""

    wanted = Signal(str, float)  # the query, and the share of the queue in per cent

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent)
        self.query = QueryField(session, tr("Prompts"), "")
        self.share = count_field(1, 100, _USUAL)
        self.error = label("", "error")
        self._build_ui()
        self.query.count()

    def accept(self) -> None:
        self.wanted.emit(self.query.text(), float(self.share.value()))

    def show_error(self, message: str) -> None:
        """Show an error below the fields."""
        self.error.setText(message)
        self.error.setVisible(bool(message))

    def _build_ui(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Gold prompts"))
        self.query.line.setPlaceholderText(tr("All of the queue, or a query"))
        explained = label(
            tr(
                "Gold prompts have a known label. Annotators label them like other prompts, and the table of "
                "annotators shows how many of their first labels are right. They are chosen at random from the "
                "queue's prompts with a known label and without a human label. The known labels are hidden until "
                "the queue ends."
            ),
            "quiet",
        )
        for text in (explained, self.error):
            text.setWordWrap(True)
        self.error.hide()
        form = QFormLayout()
        form.setVerticalSpacing(8)
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
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(explained)
        layout.addLayout(form)
        layout.addWidget(self.error)
        layout.addStretch()
        layout.addWidget(buttons)
        set_size(self, 560, 320)

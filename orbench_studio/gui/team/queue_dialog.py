"""Dialog with the settings of a team queue."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.domain.team.queue import (
    MAX_LEASE,
    MAX_OVERLAP,
    QueueState,
    TeamQueue,
    format_member,
    parse_members,
)
from orbench_studio.errors import StudioError
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.form_fields import count_field
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, scrolled

_HINT = (
    "One annotator per line. “Ada = 2” sets a share, “Ada = privacy, hate” sets categories; a name alone can get any "
    "prompt. Leave this empty to let everybody join."
)
_PEOPLE_HEIGHT = 96  # pixels


class QueueDialog(QDialog):
    """Stays open until the queue is saved, and shows errors."""

    wanted = Signal(TeamQueue)  # when the user saves

    def __init__(self, parent: QWidget, before: TeamQueue | None, query: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._before = before
        queue = before or TeamQueue("?", query, overlap=2)
        self.name, self.query = QLineEdit(before.name if before else ""), QLineEdit(queue.query)
        self.overlap, self.lease = count_field(1, MAX_OVERLAP, queue.overlap), count_field(1, MAX_LEASE, queue.lease)
        self.people = QPlainTextEdit("\n".join(map(format_member, queue.members)))
        self.training = QLineEdit(queue.training or "")
        self.error = label("", "error")
        self._build_ui()

    def accept(self) -> None:
        """Emit the queue; the receiver closes the dialog once the queue is saved."""
        try:
            self.wanted.emit(self.queue())
        except StudioError as error:
            self.show_error(str(error))

    def queue(self) -> TeamQueue:
        """Read the fields. Raises StudioError for invalid settings."""
        lines = [line for line in self.people.toPlainText().splitlines() if line.strip()]
        assignment, members = parse_members(lines)
        numbers = (self.overlap.value(), self.lease.value())
        training = self.training.text().strip() or None
        state = self._before.state if self._before else QueueState.OPEN
        name_and_query = (self.name.text().strip(), self.query.text().strip())
        return TeamQueue(*name_and_query, *numbers, assignment, members, training, state)

    def show_error(self, message: str) -> None:
        """Show an error below the fields."""
        self.error.setText(message)
        self.error.setVisible(bool(message))

    def _build_ui(self) -> None:
        self.setWindowTitle(tr("Change team queue") if self._before else tr("New team queue"))
        self.people.setObjectName("input")
        self.people.setTabChangesFocus(True)
        self.people.setFixedHeight(px(_PEOPLE_HEIGHT))
        self.query.setPlaceholderText(tr("All prompts, or a query such as consensus:open"))
        self.training.setPlaceholderText(tr("None, or a query such as source:known.csv"))
        self.training.setToolTip(tr("Prompts with known labels that new annotators label first, with feedback"))
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setVerticalSpacing(8)
        for name, field in (
            ("Name", self.name),
            ("Prompts", self.query),
            ("Overlap (annotators per prompt)", self.overlap),
            ("Assignments expire after (minutes)", self.lease),
            ("Annotators", self.people),
            ("Training prompts", self.training),
        ):
            field.setAccessibleName(tr(name))
            form.addRow(tr(name), field)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        hint = label(tr(_HINT), "meta")
        for text in (hint, self.error):
            text.setWordWrap(True)
        self.error.hide()
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(24, 24, 24, 8)
        column.setSpacing(12)
        column.addLayout(form)
        column.addStretch()
        column.addWidget(hint)
        column.addWidget(self.error)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 16)
        layout.addWidget(scrolled(inner), 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(24, 0, 24, 0)
        foot.addWidget(buttons)
        layout.addLayout(foot)
        self.resize(640, 560)

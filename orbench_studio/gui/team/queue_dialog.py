"""What a team agrees on for a queue, to be typed and changed."""

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
    LONGEST_LEASE,
    QueueState,
    TeamQueue,
    members_in,
    written,
)
from orbench_studio.errors import StudioError
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.form_fields import count_field
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, scrolled

_PEOPLE = (
    "One person a line. “Ada = 2” gives shares, “Ada = privacy, hate” categories; with names alone each gets any "
    "prompt. Without names everybody takes part."
)


_LINES = 96  # pixels, of people


class QueueDialog(QDialog):
    """Stays open until what it says has been done; what cannot be is told in it."""

    wanted = Signal(TeamQueue)  # when the user wants the queue so

    def __init__(self, parent: QWidget, before: TeamQueue | None, query: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._before = before
        queue = before or TeamQueue("?", query, overlap=2)
        self.name, self.query = QLineEdit(before.name if before else ""), QLineEdit(queue.query)
        self.overlap, self.lease = count_field(1, 20, queue.overlap), count_field(1, LONGEST_LEASE, queue.lease)
        self.people = QPlainTextEdit("\n".join(map(written, queue.members)))
        self.training = QLineEdit(queue.training or "")
        self.fault = label("", "error")
        self._build_ui()

    def accept(self) -> None:
        """Ask for the queue; the dialog is closed by whoever makes it."""
        try:
            self.wanted.emit(self.queue())
        except StudioError as error:
            self.tell(str(error))

    def queue(self) -> TeamQueue:
        """The queue as it is typed; a StudioError says what of it cannot be."""
        lines = [line for line in self.people.toPlainText().splitlines() if line.strip()]
        assignment, members = members_in(lines)
        numbers = (self.overlap.value(), self.lease.value())
        training = self.training.text().strip() or None
        state = self._before.state if self._before else QueueState.OPEN
        what = (self.name.text().strip(), self.query.text().strip())
        return TeamQueue(*what, *numbers, assignment, members, training, state)

    def tell(self, fault: str) -> None:
        """Say why it cannot be so."""
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))

    def _build_ui(self) -> None:
        self.setWindowTitle(tr("Change the team queue") if self._before else tr("New team queue"))
        self.people.setObjectName("input")
        self.people.setTabChangesFocus(True)
        self.people.setFixedHeight(px(_LINES))
        self.query.setPlaceholderText(tr("all prompts; or as in the line above the review queue: consensus:open"))
        self.training.setPlaceholderText(tr("none; or prompts whose file states a label: source:known.csv"))
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setVerticalSpacing(8)
        for words, field in (
            ("Name", self.name),
            ("Prompts", self.query),
            ("Labels of each", self.overlap),
            ("A claim holds, minutes", self.lease),
            ("People", self.people),
            ("Practice first", self.training),
        ):
            field.setAccessibleName(tr(words))
            form.addRow(tr(words), field)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        hint = label(tr(_PEOPLE), "meta")
        for message in (hint, self.fault):
            message.setWordWrap(True)
        self.fault.hide()
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(24, 24, 24, 8)
        column.setSpacing(12)
        column.addLayout(form)
        column.addStretch()
        column.addWidget(hint)
        column.addWidget(self.fault)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 16)
        layout.addWidget(scrolled(inner), 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(24, 0, 24, 0)
        foot.addWidget(buttons)
        layout.addLayout(foot)
        self.resize(640, 560)

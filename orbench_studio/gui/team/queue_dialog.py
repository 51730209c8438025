"""Dialog with the settings of a team queue."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QPlainTextEdit, QWidget

from orbench_studio.domain.team.queue import (
    MAX_LEASE,
    MAX_OVERLAP,
    Assignment,
    QueueState,
    TeamQueue,
    format_member,
    parse_members,
)
from orbench_studio.errors import StudioError
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.dialogs import set_size
from orbench_studio.gui.common.fields import count_field
from orbench_studio.gui.common.layouts import Stretch, column_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, scrolled
from orbench_studio.gui.review.query_field import QueryField
from orbench_studio.gui.workspace.session import Session

_HINT = (
    "One annotator per line. “Ada = 2”: Ada gets twice as many prompts as “Bo = 1”. “Ada = privacy, hate”: Ada gets "
    "only prompts of these categories. A name alone: prompts of any category, share 1. Empty: everybody can join."
)
_PEOPLE_HEIGHT = 96  # pixels
_ANY = "?"  # the name of a queue that has none yet


class QueueDialog(QDialog):
    """Stays open until the queue is saved, and shows errors."""

    wanted = Signal(TeamQueue)  # when the user saves

    def __init__(self, parent: QWidget, session: Session, before: TeamQueue | None, query: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._before = before
        queue = before or TeamQueue(_ANY, query, overlap=2)
        self.name = QLineEdit(before.name if before else "")
        self.query = QueryField(session, tr("Prompts"), queue.query)
        self.overlap, self.lease = count_field(1, MAX_OVERLAP, queue.overlap), count_field(1, MAX_LEASE, queue.lease)
        self.people = QPlainTextEdit("\n".join(map(format_member, queue.members)))
        self.training = QueryField(session, tr("Training prompts"), queue.training or "")
        self.summary = label("", wrap=True)
        self.error = label("", "error", wrap=True)
        self._build_ui()
        for changed in (
            self.query.changed, self.training.changed, self.overlap.valueChanged, self.lease.valueChanged,
            self.people.textChanged,
        ):  # fmt: skip
            changed.connect(self._summarise)
        self.query.count()
        self._summarise()

    def _summarise(self) -> None:
        """Say in sentences what the queue will do."""
        try:
            self.summary.setText(summary(self._read(_ANY)))
        except (StudioError, ValueError):
            self.summary.setText("")  # the fault is shown when the queue is saved

    def accept(self) -> None:
        """Emit the queue; the receiver closes the dialog once the queue is saved."""
        try:
            self.wanted.emit(self.queue())
        except StudioError as error:
            self.show_error(str(error))

    def queue(self) -> TeamQueue:
        """Read the fields. Raises StudioError for invalid settings."""
        return self._read(self.name.text().strip())

    def _read(self, name: str) -> TeamQueue:
        lines = [line for line in self.people.toPlainText().splitlines() if line.strip()]
        assignment, members = parse_members(lines)
        numbers = (self.overlap.value(), self.lease.value())
        training = self.training.text() or None
        state = self._before.state if self._before else QueueState.OPEN
        return TeamQueue(name, self.query.text(), *numbers, assignment, members, training, state)

    def show_error(self, message: str) -> None:
        self.error.setText(message)
        self.error.setVisible(bool(message))

    def _build_ui(self) -> None:
        self.setWindowTitle(tr("Change team queue") if self._before else tr("New team queue"))
        self.people.setObjectName("input")
        self.people.setTabChangesFocus(True)
        self.people.setFixedHeight(px(_PEOPLE_HEIGHT))
        self.query.line.setPlaceholderText(tr("All, or a query"))
        self.training.line.setPlaceholderText(tr("None, or a query"))
        self.training.line.setToolTip(tr("Prompts with known labels that new annotators label first, with feedback"))
        hint = label(tr(_HINT), "meta", wrap=True)
        people = QWidget()
        column_layout(people, self.people, hint, spacing=4)
        form = QFormLayout(rowWrapPolicy=QFormLayout.RowWrapPolicy.WrapLongRows, verticalSpacing=8)
        for name, field in (
            ("Name", self.name),
            ("Prompts", self.query),
            ("Overlap (annotators per prompt)", self.overlap),
            ("Assignments expire after (minutes)", self.lease),
            ("Annotators", self.people),
            ("Training prompts", self.training),
        ):
            field.setAccessibleName(tr(name))
            form.addRow(tr(name), people if field is self.people else field)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.error.hide()
        inner = QWidget()
        column_layout(inner, form, self.summary, Stretch(), self.error, margins=(24, 24, 24, 8), spacing=12)
        foot = column_layout(None, buttons, margins=(24, 0, 24, 0))
        column_layout(self, (scrolled(inner), 1), foot, margins=(0, 0, 0, 16))
        set_size(self, 680, 540)


def summary(queue: TeamQueue) -> str:
    """What a queue does, in sentences."""
    names = ", ".join(member.annotator for member in queue.members) or tr("everybody who joins")
    what = tr("the prompts that match “{query}”").format(query=queue.query) if queue.query else tr("every prompt")
    one = "1 annotator labels each of {prompts}. Annotators: {names}."
    many = "{count} annotators label each of {prompts}. Annotators: {names}."
    sentences = [plural(queue.overlap, one, many, prompts=what, names=names)]
    how = {
        Assignment.SHARE: tr("Prompts are divided by the shares."),
        Assignment.CATEGORY: tr("Each annotator gets prompts of their categories."),
    }
    sentences += [how[queue.assignment]] if queue.assignment in how else []
    sentences.append(
        plural(
            queue.lease,
            "An assigned prompt without a label goes to another annotator after 1 minute.",
            "An assigned prompt without a label goes to another annotator after {count} minutes.",
        )
    )
    if queue.overlap > 1:
        sentences.append(tr("Labels stay hidden from the others until a prompt has all its labels."))
    if queue.training:
        sentences.append(tr("New annotators label the training prompts first."))
    return " ".join(sentences)

"""Card of a team queue: settings, progress and buttons."""

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QPushButton, QWidget

from orbench_studio.domain.team.queue import Assignment, Progress, QueueState, TeamQueue, format_member
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import label, permit, set_role
from orbench_studio.services.team.team_queues import QueueStatus

_STATES = {QueueState.OPEN: "● open", QueueState.PAUSED: "◐ paused", QueueState.ENDED: "✓ ended"}
_BAR = 8
OWNER_ONLY = "Only the owner of the workspace can do this."


class ProgressBar(QWidget):
    """Shows the share of prompts by number of labels: complete prompts first, then those with some labels."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._by_labels: tuple[int, ...] = (0,)
        theme.changed.connect(self._fit)
        self._fit()

    def show_progress(self, by_labels: tuple[int, ...]) -> None:
        """Show the number of prompts by number of labels, from none to all."""
        self._by_labels = by_labels
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour, prompts = self._theme.colour, sum(self._by_labels)
        painter.fillRect(self.rect(), colour("line"))
        left, overlap = 0.0, len(self._by_labels) - 1
        for labels in range(overlap, 0, -1):
            width = self.width() * self._by_labels[labels] / prompts if prompts else 0.0
            painter.setOpacity(labels / overlap)
            painter.fillRect(QRect(round(left), 0, round(left + width) - round(left), self.height()), colour("accent"))
            left += width

    def _fit(self) -> None:
        self.setFixedHeight(px(_BAR))
        self.update()


class QueueCard(QFrame):
    """Shows a queue; only the buttons that apply to its status are visible."""

    joined = Signal()  # the user joins the queue
    change_wanted = Signal()
    state_wanted = Signal(QueueState)  # the user changes its status
    gold_wanted = Signal()
    disputes_wanted = Signal()  # the user opens the Disputes page

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("card")
        self._name, self._state, self._settings = label("", "strong"), label("", "meta"), label("", "quiet")
        self._progress = label("")
        self.bar = ProgressBar(theme)
        self.join, self.change, self.disputes = (QPushButton(tr(name)) for name in ("Join", "Change…", "Disputes"))
        self.pause, self.open, self.end = (QPushButton(tr(name)) for name in ("Pause", "Resume", "End"))
        self.gold = QPushButton(tr("Gold prompts…"))
        self._build_ui()
        self.join.clicked.connect(self.joined)
        self.change.clicked.connect(self.change_wanted)
        self.gold.clicked.connect(self.gold_wanted)
        self.disputes.clicked.connect(self.disputes_wanted)
        for button, state in ((self.pause, "PAUSED"), (self.open, "OPEN"), (self.end, "ENDED")):
            button.clicked.connect(lambda _checked=False, to=QueueState[state]: self.state_wanted.emit(to))

    def show_status(self, status: QueueStatus, annotator: str, *, is_owner: bool) -> None:
        """Show a queue with the buttons for this annotator; only the owner of the workspace may change it."""
        queue, progress = status.queue, status.progress
        self._name.setText(queue.name)
        self._state.setText(tr(_STATES[queue.state]))
        self._settings.setText(_settings_text(queue))
        self._progress.setText(_progress_text(progress))
        self.bar.show_progress(progress.by_labels)
        self.bar.setAccessibleName(self._progress.text())
        is_open = queue.state is QueueState.OPEN
        set_role(self.join, "role", "primary" if is_open else "")
        self.join.setVisible(is_open and queue.member(annotator) is not None)
        self.pause.setVisible(is_open)
        self.open.setVisible(not is_open)
        self.open.setText(tr("Reopen") if queue.state is QueueState.ENDED else tr("Resume"))
        self.gold.setVisible(queue.state is not QueueState.ENDED)
        self.end.setVisible(queue.state is not QueueState.ENDED)
        for button in (self.change, self.gold, self.pause, self.open, self.end):
            permit(button, permitted=is_owner, who=tr(OWNER_ONLY))
        self.disputes.setVisible(progress.disagreed > progress.adjudicated)

    def _build_ui(self) -> None:
        heading = row_layout(None, self._name, Stretch(), self._state)
        for text in (self._name, self._settings, self._progress):
            text.setWordWrap(True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.end.setToolTip(
            tr("Stops new assignments, releases current ones, and reveals all labels. You can reopen the queue.")
        )
        self.gold.setToolTip(tr("Prompts with a known label that annotators label without knowing it"))
        self.pause.setToolTip(tr("Stops new assignments until you resume the queue. Hidden labels stay hidden."))
        buttons = row_layout(
            None, self.join, self.disputes, self.change, self.gold, self.pause, self.open, self.end, Stretch()
        )
        column_layout(
            self, heading, self._settings, self.bar, self._progress, buttons, margins=(16, 12, 16, 12), spacing=8
        )


def _settings_text(queue: TeamQueue) -> str:
    overlap = tr("Overlap (annotators per prompt): {overlap}")
    if queue.is_blind:
        overlap = tr("Overlap (annotators per prompt): {overlap}, labels hidden until a prompt has them all")
    annotators = {
        Assignment.FREE: tr("Annotators: {annotators}"),
        Assignment.SHARE: tr("Relative shares: {annotators}"),
        Assignment.CATEGORY: tr("Categories: {annotators}"),
    }[queue.assignment]
    parts = [
        queue.query or tr("All prompts"),
        overlap.format(overlap=queue.overlap),
        annotators.format(annotators="; ".join(map(format_member, queue.members)) or tr("everybody")),
        tr("Assignments expire after {minutes}\u00a0min").format(minutes=queue.lease),
    ]
    if queue.training is not None:
        parts.append(tr("Training prompts: {query}").format(query=queue.training))
    return "  ·  ".join(parts)


def _progress_text(progress: Progress) -> str:
    *incomplete, complete = progress.by_labels
    total = f"{progress.prompts:,}"
    parts = [tr("Complete prompts: {complete} of {total}").format(complete=f"{complete:,}", total=total)]
    for labels, prompts in enumerate(incomplete):
        if labels and prompts:
            text = tr("{prompts} with {labels} of {overlap} labels")
            parts.append(text.format(prompts=f"{prompts:,}", labels=labels, overlap=len(incomplete)))
    if progress.assigned:
        parts.append(tr("Assigned now: {count}").format(count=f"{progress.assigned:,}"))
    if progress.disagreed:
        text = tr("Disagreements: {count}, adjudicated: {adjudicated}")
        parts.append(text.format(count=f"{progress.disagreed:,}", adjudicated=f"{progress.adjudicated:,}"))
    if progress.training:
        parts.append(tr("Training prompts: {count}").format(count=f"{progress.training:,}"))
    if progress.gold:
        parts.append(tr("Gold prompts: {count}").format(count=f"{progress.gold:,}"))
    return "  ·  ".join(parts)

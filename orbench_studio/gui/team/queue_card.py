"""One queue of a team: what was agreed on, how far it is, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.team.queue import Assignment, QueueState, TeamQueue, written
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import label, set_role

if TYPE_CHECKING:
    from orbench_studio.domain.team.queue import Progress
    from orbench_studio.services.team.team_queues import QueueStatus

_STATES = {QueueState.OPEN: "● open", QueueState.PAUSED: "◐ paused", QueueState.ENDED: "✓ ended"}
_BAR = 8


class ProgressBar(QWidget):
    """The labels that a queue has, of those that it wants: prompts with all of them first, then those with some."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._by_labels: tuple[int, ...] = (0,)
        theme.changed.connect(self._fit)
        self._fit()

    def show_progress(self, by_labels: tuple[int, ...]) -> None:
        """Prompts by the number of their labels, from none to all."""
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
    """Words, a bar and buttons. The buttons that make no sense just now are not there."""

    joined = Signal()  # when the user wants prompts from it
    change_wanted = Signal()
    state_wanted = Signal(QueueState)  # when the user wants it in another state
    disputes_wanted = Signal()  # when the user wants to see what people disagree about

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("card")
        self._name, self._state, self._agreed = label("", "strong"), label("", "meta"), label("", "quiet")
        self._told = label("")
        self.bar = ProgressBar(theme)
        self.join, self.change, self.disputes = (QPushButton(tr(words)) for words in ("Join", "Change…", "Disputes"))
        self.pause, self.open, self.end = (QPushButton(tr(words)) for words in ("Pause", "Open again", "End"))
        self._build_ui()
        self.join.clicked.connect(self.joined)
        self.change.clicked.connect(self.change_wanted)
        self.disputes.clicked.connect(self.disputes_wanted)
        for button, state in ((self.pause, "PAUSED"), (self.open, "OPEN"), (self.end, "ENDED")):
            button.clicked.connect(lambda _checked=False, to=QueueState[state]: self.state_wanted.emit(to))

    def show_standing(self, standing: QueueStatus, who: str) -> None:
        """Show a queue as it stands, to somebody of this name."""
        queue, progress = standing.queue, standing.progress
        self._name.setText(queue.name)
        self._state.setText(tr(_STATES[queue.state]))
        self._agreed.setText(agreed(queue))
        self._told.setText(message(progress))
        self.bar.show_progress(progress.by_labels)
        self.bar.setAccessibleName(self._told.text())
        is_open = queue.state is QueueState.OPEN
        set_role(self.join, "role", "primary" if is_open else "")
        self.join.setVisible(is_open and queue.member(who) is not None)
        self.pause.setVisible(is_open)
        self.open.setVisible(not is_open)
        self.end.setVisible(queue.state is not QueueState.ENDED)
        self.disputes.setVisible(progress.disagreed > progress.adjudicated)

    def _build_ui(self) -> None:
        heading = QHBoxLayout()
        heading.addWidget(self._name)
        heading.addStretch()
        heading.addWidget(self._state)
        for words in (self._name, self._agreed, self._told):
            words.setWordWrap(True)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.end.setToolTip(tr("Nothing is given out any more, and nothing is hidden. It can be opened again."))
        self.pause.setToolTip(tr("Nothing is given out until it is opened again. What is hidden stays hidden."))
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(heading)
        column.addWidget(self._agreed)
        column.addWidget(self.bar)
        column.addWidget(self._told)
        buttons = QHBoxLayout()
        for button in (self.join, self.disputes, self.change, self.pause, self.open, self.end):
            buttons.addWidget(button)
        buttons.addStretch()
        column.addLayout(buttons)


def agreed(queue: TeamQueue) -> str:
    """What was agreed on: prompts, labels, people, lease, practice."""
    labels = tr("one label each") if queue.overlap == 1 else f"{queue.overlap} {tr('labels each')}"
    blind = [tr("blind until all are there")] if queue.is_blind else []
    shared = {Assignment.FREE: "", Assignment.SHARE: tr("shares: "), Assignment.CATEGORY: tr("by category: ")}
    people = "; ".join(map(written, queue.members)) or tr("everybody")
    parts = [queue.query or tr("all prompts"), labels, *blind, f"{shared[queue.assignment]}{people}"]
    parts.append(f"{tr('claims hold')} {queue.lease} min")
    if queue.training is not None:
        parts.append(f"{tr('practice:')} {queue.training}")
    return "  ·  ".join(parts)


def message(progress: Progress) -> str:
    """How far it is, in words."""
    *some, done = progress.by_labels
    parts = [f"{done:,} {tr('of')} {progress.prompts:,} {tr('prompts done')}"]
    parts += [f"{count:,} {tr('with')} {labels}" for labels, count in enumerate(some) if labels and count]
    parts += [f"{progress.held:,} {tr('claimed just now')}"] if progress.held else []
    if progress.disagreed:
        parts.append(f"{progress.disagreed:,} {tr('disagreed about,')} {progress.adjudicated:,} {tr('settled')}")
    parts += [f"{progress.training:,} {tr('to practise on')}"] if progress.training else []
    return "  ·  ".join(parts)

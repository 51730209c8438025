"""The bench: every judge against people, which to trust where, and the phrases that tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.errors import CancelledError
from orbench_studio.gui.common.actions import Actions, tr, with_key
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.common.text_table import note, table_of
from orbench_studio.gui.common.widgets import label, rule, set_role, while_there
from orbench_studio.gui.judging.calibration_tables import ASSUMES, BY, Report, report
from orbench_studio.gui.judging.custom_rules_pane import CustomRulesPane
from orbench_studio.gui.judging.phrases_pane import PhrasesPane
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.judging.calibration import Calibration

_EMPTY = "Measure compares every judge with what people have judged here; nothing in the workspace changes."
_NARROW = 5  # columns of a table that leaves room for the phrases beside it


class JudgesPage(QWidget):
    """Reads and computes, off the window's thread; judging is its actions'."""

    message = Signal(str)

    def __init__(self, session: Session, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("page")
        self._session = session
        self.strip = ProgressStrip()
        self.report: Report | None = None
        self.says = note(tr(_EMPTY))
        self.measure = QPushButton(tr("Measure"))
        self.copy = QPushButton(tr("Copy as text"))
        self.slices = QComboBox()
        self._scroll = QScrollArea()
        self._build_ui(actions)
        self._connect()

    def refresh(self, changes: Changes) -> None:
        """What was measured stays as it was: the page says when that was. Rules may have come and gone."""
        self.own_rules.refresh()

    def begin(self) -> None:
        """Measure every instrument on what people have judged by now."""
        workspace = self._session.workspace
        if workspace is None or self.strip.isVisibleTo(self):
            return

        def read() -> Any:
            from orbench_studio.services.judging import calibration

            return calibration.evidence(workspace)

        self.measure.setEnabled(False)
        goes_on = self.strip.begin(tr("Measuring"))
        self.strip.cancel.setFocus()
        self._say("")
        self._session.operations.run(
            read, while_there(self, lambda on: self._reckon(on, goes_on)), while_there(self, self._stopped), tells=False
        )

    def _reckon(self, on: Any, goes_on: Callable[[int, int], bool]) -> None:
        workspace = self._session.workspace

        def work() -> tuple[Calibration, Report]:
            from orbench_studio.services.judging import calibration

            found = calibration.measured(on, on_progress=goes_on)
            return found, report(found)

        def done(answer: tuple[Calibration, Report]) -> None:
            if self._session.workspace is workspace is not None:
                self._measured(*answer)

        self._session.background.run(work, while_there(self, done), while_there(self, self._stopped), tells=False)

    def _measured(self, found: Calibration, message: Report) -> None:
        self._rest()
        self.report = message
        self._say(f"{message.summary}.   {tr('Measured at')} {datetime.now().astimezone():%H:%M}")
        self.slices.blockSignals(True)
        self.slices.clear()
        for name in message.agreement:
            self.slices.addItem(tr(BY[name]), name)
        self.slices.blockSignals(False)
        self._show(list(found.by_model))

    def _stopped(self, error: Exception) -> None:
        self._rest()
        self._say(str(error), "quiet" if isinstance(error, CancelledError) else "error")

    def _rest(self) -> None:
        waited = self.strip.cancel.hasFocus()
        self.measure.setEnabled(True)
        if waited:
            self.measure.setFocus()  # not whatever comes next: that judges
        self.strip.end()

    def _say(self, text: str, role: str = "quiet") -> None:
        set_role(self.says, "role", role)
        self.says.setText(text)

    def _forget(self) -> None:
        """Nothing of another workspace stays."""
        self._rest()
        self.report = None
        self._say(tr(_EMPTY))
        self._show([])

    def _show(self, models: list[str]) -> None:
        page = QWidget()
        page.setObjectName("page")
        column = self._shown = QVBoxLayout(page)
        column.setContentsMargins(40, 16, 40, 24)
        column.setSpacing(24)
        self.own_rules = CustomRulesPane(self._session)
        self.own_rules.message.connect(self.message)
        if self.report is None:
            column.addWidget(self.own_rules)
        else:
            self._agreement = table_of(self.report.agreement[self.slices.currentData()])
            column.addWidget(self._agreement)
            column.addWidget(note(tr(ASSUMES)))
            for table in self.report.others:
                if len(table.header) > _NARROW:
                    column.addWidget(table_of(table))
            column.addLayout(self._below(self.report, models))
        column.addStretch()
        self._scroll.setWidget(page)
        for part in (self.copy, self.slices):
            part.setVisible(self.report is not None)

    def _below(self, message: Report, models: list[str]) -> QHBoxLayout:
        left = QVBoxLayout()
        left.setSpacing(24)
        for table in message.others:
            if len(table.header) <= _NARROW:
                left.addWidget(table_of(table))
        left.addStretch()
        self.phrases = PhrasesPane(self._session)
        self.phrases.offer(models)
        self.phrases.saved.connect(self.own_rules.added)
        right = QVBoxLayout()
        right.setSpacing(24)
        right.addWidget(self.phrases)
        right.addWidget(self.own_rules)
        right.addStretch()
        row = QHBoxLayout()
        row.setSpacing(40)
        row.addLayout(left, 1)
        row.addLayout(right, 1)
        return row

    def _slice(self) -> None:
        """Show the instruments by another kind of slice; all else stays."""
        if self.report is None:
            return
        table = table_of(self.report.agreement[self.slices.currentData()])
        self._shown.replaceWidget(self._agreement, table)
        self._agreement.deleteLater()
        self._agreement = table

    def _copy(self) -> None:
        if self.report is not None:
            QGuiApplication.clipboard().setText(self.report.text)
            self.message.emit(tr("The bench's tables are in the clipboard."))

    def _connect(self) -> None:
        self.measure.clicked.connect(self.begin)
        self.copy.clicked.connect(self._copy)
        self.slices.currentIndexChanged.connect(lambda _: self._slice())
        self._session.opened.connect(self._forget)
        self._session.closed.connect(self._forget)

    def _build_ui(self, actions: Actions) -> None:
        self.setFocusProxy(self.measure)
        self.measure.setProperty("role", "primary")
        self.slices.setAccessibleName(tr("Judges by"))
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setAccessibleName(tr("What was measured"))
        head = QWidget()
        flow = FlowLayout(head, spacing=8)
        title = label(tr("Judges"), "title")
        title.setContentsMargins(0, 0, 24, 0)
        flow.addWidget(title)
        flow.addWidget(self.measure)
        for name, words in (("judge_rules", "Judge by the rules"), ("judge_local", "Judge by the local judge")):
            button = QPushButton(tr(words))
            button.setToolTip(with_key(actions[name].text(), name))
            button.clicked.connect(lambda _checked=False, n=name: actions[n].trigger())
            flow.addWidget(button)
        flow.addWidget(self.slices)
        flow.addWidget(self.copy)
        top = QVBoxLayout()
        top.setContentsMargins(40, 16, 40, 8)
        top.setSpacing(8)
        top.addWidget(head)
        top.addWidget(self.says)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.strip)
        column.addWidget(rule())
        column.addWidget(self._scroll, 1)
        self._show([])

"""The Judges page: calibration of all judges, mined phrases and custom rules."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QPushButton, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.judging.calibration_result import Calibration
from orbench_studio.errors import CancelledError
from orbench_studio.gui.common.actions import Actions, tr, with_key
from orbench_studio.gui.common.empty_state import EmptyState
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.layouts import Columns, PageHead, Stretch, column_layout
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.common.text_table import note, table_of
from orbench_studio.gui.common.widgets import PageArea, if_alive, rule, show_status
from orbench_studio.gui.judging.calibration_tables import METHODS, SLICE_TITLES, Report, report
from orbench_studio.gui.judging.custom_rules_pane import CustomRulesPane
from orbench_studio.gui.judging.licences_pane import LicencesPane
from orbench_studio.gui.judging.phrases_pane import PhrasesPane
from orbench_studio.gui.workspace.session import Session

_EMPTY = "Compares every judge with the answer classes that people gave. The workspace is not changed."
_STEPS = (
    "Read at least 20 responses on the Review page. Press 1 to 5 for the answer class of each, or D for a finer class "
    "(non-responsive, inability).",
    "Click Compare with human labels. The results are agreement, precision and recall, with intervals.",
    "Judge the other responses with the judge that agrees best.",
)
_HALF = 420  # pixels of a column
_MAX_NARROW = 5  # columns of a table that fits beside the phrases


class JudgesPage(QWidget):
    """Calibrates in background threads. Its buttons trigger the window's judging actions."""

    message = Signal(str)

    def __init__(self, session: Session, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("page")
        self._session = session
        self._actions = actions
        self.strip = ProgressStrip()
        session.leaving.connect(self.strip.stop)
        self.report: Report | None = None
        self.status = note(tr(_EMPTY))
        self.run = QPushButton(tr("Compare with human labels"))
        self.copy = QPushButton(tr("Copy as text"))
        self.slices = ComboBox()
        self._scroll = PageArea()
        self._build_ui(actions)
        self._connect()

    def refresh(self, changes: Changes) -> None:
        """Update the custom rules. Results of a calibration stay, with their time, until the next one."""
        self.custom_rules.refresh()
        self.licences.refresh()

    def calibrate(self) -> None:
        """Compare every judge with the current human labels."""
        workspace = self._session.workspace
        if workspace is None or self.strip.isVisibleTo(self):
            return

        def read() -> Any:
            from orbench_studio.services.judging import calibration

            return calibration.read_data(workspace)

        self.run.setEnabled(False)
        on_progress = self.strip.begin(tr("Comparing judges"))
        self.strip.cancel.setFocus()
        show_status(self.status, "")
        self._session.operations.run(
            read,
            if_alive(self, lambda data: self._compute(data, on_progress)),
            if_alive(self, self._stopped),
            show_errors=False,
        )

    def _compute(self, data: Any, on_progress: Callable[[int, int], bool]) -> None:
        workspace = self._session.workspace

        def work() -> tuple[Calibration, Report]:
            from orbench_studio.services.judging import calibration

            found = calibration.calibrate(data, on_progress=on_progress)
            return found, report(found)

        def done(answer: tuple[Calibration, Report]) -> None:
            if self._session.workspace is workspace is not None:
                self._show_report(*answer)

        self._session.background.run(work, if_alive(self, done), if_alive(self, self._stopped), show_errors=False)

    def _show_report(self, found: Calibration, report: Report) -> None:
        self._end()
        self.report = report
        show_status(
            self.status,
            tr("{summary} Compared at {time}.").format(
                summary=report.summary, time=f"{datetime.now().astimezone():%H:%M}"
            ),
        )
        self.slices.blockSignals(True)
        self.slices.clear()
        for name in report.agreement:
            self.slices.addItem(tr(SLICE_TITLES[name]), name)
        self.slices.blockSignals(False)
        self._build_results(list(found.by_model))

    def _stopped(self, error: Exception) -> None:
        self._end()
        show_status(self.status, str(error), "quiet" if isinstance(error, CancelledError) else "error")

    def _end(self) -> None:
        had_focus = self.strip.cancel.hasFocus()
        self.run.setEnabled(True)
        if had_focus:
            self.run.setFocus()  # not the next button in the tab order, which starts to judge
        self.strip.end()

    def _reset(self) -> None:
        """Clear the results, after the workspace changed."""
        self._end()
        self.report = None
        show_status(self.status, tr(_EMPTY))
        self._build_results([])

    def _build_results(self, models: list[str]) -> None:
        page = QWidget()
        page.setObjectName("page")
        column = self._shown = column_layout(page, margins=(40, 16, 40, 24), spacing=24)
        self.custom_rules = CustomRulesPane(self._session)
        self.custom_rules.message.connect(self.message)
        self.licences = LicencesPane(self._session)
        self.licences.message.connect(self.message)
        if self.report is None:
            label_responses = QPushButton(tr("Classify responses"))
            label_responses.clicked.connect(lambda: self._actions["page_review"].trigger())
            column.addWidget(EmptyState(tr("No comparison yet"), [tr(step) for step in _STEPS], (label_responses,)))
            column.addWidget(self.custom_rules)
        else:
            self._agreement = self._agreement_tables(self.report)
            column.addWidget(self._agreement)
            column.addWidget(note(tr(METHODS)))
            for table in self.report.others:
                if len(table.header) > _MAX_NARROW:
                    column.addWidget(table_of(table))
            column.addWidget(self._below_agreement(self.report, models))
        column.addWidget(self.licences)
        column.addStretch(1)
        self._scroll.setWidget(page)
        for part in (self.copy, self.slices):
            part.setVisible(self.report is not None)

    def _below_agreement(self, report: Report, models: list[str]) -> QWidget:
        tables, panes = QWidget(), QWidget()
        narrow = [table_of(table) for table in report.others if len(table.header) <= _MAX_NARROW]
        column_layout(tables, *narrow, Stretch(), spacing=24)
        self.phrases = PhrasesPane(self._session)
        self.phrases.set_models(models)
        self.phrases.saved.connect(self.custom_rules.added)
        column_layout(panes, self.phrases, self.custom_rules, Stretch(), spacing=24)
        return Columns((tables, panes), width=_HALF, spacing=40)

    def _change_slices(self) -> None:
        """Show the agreement by another kind of slice."""
        if self.report is None:
            return
        tables = self._agreement_tables(self.report)
        self._shown.replaceWidget(self._agreement, tables)
        self._agreement.deleteLater()
        self._agreement = tables

    def _agreement_tables(self, report: Report) -> QWidget:
        tables = QWidget()
        column_layout(tables, *(table_of(table) for table in report.agreement[self.slices.currentData()]), spacing=24)
        return tables

    def _copy(self) -> None:
        if self.report is not None:
            QGuiApplication.clipboard().setText(self.report.text)
            self.message.emit(tr("Results copied."))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._head.fit()

    def _connect(self) -> None:
        self.run.clicked.connect(self.calibrate)
        self.copy.clicked.connect(self._copy)
        self.slices.currentIndexChanged.connect(lambda _: self._change_slices())
        self._session.opened.connect(self._reset)
        self._session.closed.connect(self._reset)

    def _build_ui(self, actions: Actions) -> None:
        self.setFocusProxy(self.run)
        self.run.setProperty("role", "primary")
        self.slices.setAccessibleName(tr("Group by"))
        self._scroll.setAccessibleName(tr("Comparison with human labels"))
        buttons: list[QWidget] = [self.run]
        for name, title in (("judge_rules", "Judge with studio-rules"), ("judge_local", "Judge with local-judge")):
            button = QPushButton(tr(title))
            button.setToolTip(with_key(actions[name].text(), name))
            button.clicked.connect(lambda _checked=False, n=name: actions[n].trigger())
            buttons.append(button)
        self._head = PageHead(tr("Judges"), [*buttons, self.slices, self.copy], self.status)
        column_layout(self, self._head, self.strip, rule(), (self._scroll, 1), spacing=0)
        self._build_results([])

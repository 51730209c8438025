"""The evaluate page: a new batch on the left, all batches on the right, the selected one below them."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from orbench_studio.domain.core.amounts import spent
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.evaluation.batch import BatchProgress
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.empty_state import EmptyState
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.live_table import LINE, Column, Table
from orbench_studio.gui.common.menus import Command, Entry
from orbench_studio.gui.common.panels import Panel, Panels
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import if_alive, scrolled, set_tip
from orbench_studio.gui.evaluation.activity_chart import Activity
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.evaluation.batch_pane import BatchPane
from orbench_studio.gui.evaluation.new_batch import NewBatch
from orbench_studio.gui.evaluation.plan import is_simulated
from orbench_studio.gui.evaluation.progress_table import status_words
from orbench_studio.gui.judging.judge_run import JudgeRun
from orbench_studio.gui.workspace.session import Session

_FORM_WIDTH = 348
_MIN_WIDTH = 480  # of the batches
_SIMULATED = "simulated/mixed"
_STEPS = (
    "Add one or more models to the new batch, and check which prompts they get.",
    "Read the estimate, then launch. You can pause a batch, close the window, and resume it later.",
    "Choose a judge now or later. Then review the responses, or open the Audit page.",
)
_REFRESH = 2_000  # milliseconds between updates of batches in other processes
_COLUMNS = (
    Column("Batch", 60, number=True),
    Column("Name", 120, 1),
    Column("Status", 90, whole=True),
    Column("Done", 95, number=True),
    Column("Cost", 80, number=True),
)


class EvaluationPage(QWidget):
    """Shows the batches of the workspace without blocking."""

    review_wanted = Signal(QueueFilter)
    audit_wanted = Signal(str)  # with the model whose rates to show

    def __init__(
        self, session: Session, theme: Theme, judging: JudgeRun, queue_filter: Callable[[], QueueFilter]
    ) -> None:
        super().__init__()
        self.runs = BatchOperations(session, judging)
        self.compose = NewBatch(session, self.runs, theme, queue_filter)
        self.batches = Table(tr("Batches"), _COLUMNS)
        self.batch = BatchPane(self.runs, theme, self.batches)
        self._theme = theme
        self._known: dict[int, BatchProgress] = {}
        self._activity = Activity()
        self._to_select: int | None = None  # a launched batch to select as soon as it is listed
        self._right = QStackedWidget()
        right = scrolled(self._right)
        panels = (Panel(tr("New batch"), self.compose, _FORM_WIDTH), Panel(tr("Batches"), right, _MIN_WIDTH, 1))
        self._panels = Panels("evaluate", session.settings, panels)
        self._timer = QTimer(self, interval=_REFRESH)
        self._build_ui()
        self._connect(session)

    def refresh(self, changes: Changes) -> None:
        """Update what an operation has changed."""
        if self.isVisible() and Kind.BATCHES in changes.kinds:
            self._list()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.compose.refresh()
        self.runs.names(self.compose.add_names)
        self.runs.find_servers(if_alive(self, self.compose.add_names))
        self._list()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _list(self) -> None:
        self.runs.overview(self._listed)

    def _list_others(self) -> None:
        """Update batches of other processes: a killed process sends no signal."""
        if any(p.batch.state is BatchState.RUNNING and not self.runs.is_here(p.batch.id) for p in self._known.values()):
            self._list()

    def _listed(self, found: list[BatchProgress]) -> None:
        self._known = {progress.batch.id: progress for progress in found}
        self._show()
        if self._to_select in self._known:
            self.batches.choose(self._to_select)
            self._to_select = None
        elif self.batches.current() is None and found:
            self.batches.choose(found[0].batch.id)

    def _launched(self, batch_id: int) -> None:
        self._to_select = batch_id
        self._panels.show_panel(1)
        if self.isVisible():
            self.batches.setFocus()
        self._list()

    def _moved(self) -> None:
        if self.isVisible():
            self._show()

    def _show(self) -> None:
        """Show the loaded batches, with the current progress of those that run here."""
        for batch_id in self._known:
            snapshot = self.runs.snapshot(batch_id)
            if snapshot is not None:
                self._known[batch_id] = snapshot.progress
            if self._known[batch_id].batch.state is BatchState.RUNNING:
                self._activity.add(self._known[batch_id])
        self._right.setCurrentIndex(1 if self._known else 0)
        self.batches.show_rows(list(self._known), [_row(progress) for progress in self._known.values()])
        self._fit()
        self._show_batch()

    def _fit(self) -> None:
        """Give the list no more room than its batches need."""
        self.batches.least_lines = min(len(self._known) + 1, Table.least_lines)
        self.batches.setMaximumHeight(px(LINE) * (len(self._known) + 1) + 2 * self.batches.frameWidth() + 2)
        self._panels.fit()

    def _show_batch(self) -> None:
        chosen = self.batches.current()
        if isinstance(chosen, int) and chosen in self._known:
            self.batch.show_batch(self._known[chosen], self.runs.snapshot(chosen))
            self.batch.activity.show_samples(self._activity.of(chosen))

    def _forget(self) -> None:
        """Show nothing: the workspace was closed."""
        self._known.clear()
        self._activity.clear()
        self._to_select = None
        self.batch.forget()
        self._show()

    def _entries(self, batch_id: int, _column: int) -> list[Entry]:
        """The context menu of a batch: the buttons of its pane."""
        self.batches.choose(batch_id)
        pane = self.batch
        buttons = [pane.pause, pane.resume, pane.failures.retry, pane.cancel, pane.review]
        return [Command(button.text(), button.click, button.isEnabled()) for button in buttons if button.text()]

    def _connect(self, session: Session) -> None:
        self.batches.entries = self._entries
        self.batches.opened.connect(lambda _key, _column: self.batch.review.click())
        self.runs.moved.connect(self._moved)
        self._timer.timeout.connect(self._list_others)
        self.compose.launched.connect(self._launched)
        self.batches.chosen.connect(lambda _key: self._show_batch())
        self.batch.review_wanted.connect(self.review_wanted)
        self.batch.audit_wanted.connect(self.audit_wanted)
        session.leaving.connect(self._forget)
        self._theme.changed.connect(self._fit)

    def _build_ui(self) -> None:
        self.setObjectName("page")
        self.setFocusProxy(self.compose.models.line)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._right.addWidget(self._empty_state())
        self._right.addWidget(self.batch)
        self._right.setObjectName("page")
        self._right.setContentsMargins(16, 16, 16, 16)
        row_layout(self, self._panels)

    def _empty_state(self) -> QWidget:
        empty, simulated = QWidget(), QPushButton(tr("Try a simulated model"))
        set_tip(simulated, tr("Needs no API key. Its responses are marked as simulated."))
        simulated.clicked.connect(lambda: self.compose.models.add(_SIMULATED))
        choose = QPushButton(tr("Choose models…"))
        choose.clicked.connect(self.compose.models.choose.click)
        column_layout(
            empty,
            EmptyState(tr("No batches yet"), [tr(step) for step in _STEPS], (choose, simulated)),
            Stretch(),
            margins=(24, 24, 24, 24),
        )
        return empty


def _row(progress: BatchProgress) -> tuple[str, ...]:
    batch = progress.batch
    mixed = any(is_simulated(model.model) for model in progress.models) and not is_simulated(batch.name)
    return (
        f"{batch.id}",
        tr("{name}  ·  simulated").format(name=batch.name) if mixed else batch.name,
        status_words(progress.status, progress.failed),
        tr("{done} of {total}").format(done=f"{progress.done:,}", total=f"{progress.total:,}"),
        spent(progress.cost, progress.unpriced, progress.estimated) if progress.done else "",
    )

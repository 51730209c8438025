"""The evaluate page: a new batch on the left, all batches on the right, the chosen one below them."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from orbench_studio.domain.core.amounts import spent
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.evaluation.batch import BatchProgress, BatchState
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import label, rule, scrolled, while_there
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.evaluation.batch_pane import BatchPane
from orbench_studio.gui.evaluation.new_batch import NewBatch
from orbench_studio.gui.evaluation.plan import is_simulated
from orbench_studio.gui.judging.judge_run import JudgeRun
from orbench_studio.gui.workspace.session import Session

_COMPOSE = 340  # wide
_LEAST = 440  # wide, for the batches
_AGAIN = 2_000  # milliseconds between two looks at a batch that another process has, or had
_LIST = 140  # high, to begin with
_COLUMNS = (
    Column("Batch", 60, number=True),
    Column("What", 150, 1),
    Column("State", 105),
    Column("Done", 105, number=True),
    Column("Failed", 65, number=True),
    Column("Spent", 90, number=True),
)


class EvaluationPage(QWidget):
    """Shows what `Runs` knows; never waits for it."""

    review_wanted = Signal(QueueFilter)

    def __init__(
        self, session: Session, theme: Theme, judging: JudgeRun, queue_filter: Callable[[], QueueFilter]
    ) -> None:
        super().__init__()
        self.runs = BatchOperations(session, judging)
        self.compose = NewBatch(self.runs, theme, queue_filter)
        self.batches = Table(theme, tr("Batches"), _COLUMNS)
        self.batch = BatchPane(self.runs, theme)
        self._theme = theme
        self._known: dict[int, BatchProgress] = {}
        self._wanted: int | None = None  # a batch that has been launched and is to be shown when it is listed
        self._right = QStackedWidget()
        self._again = QTimer(self)
        self._again.setInterval(_AGAIN)
        self._build_ui()
        self._connect(session)

    def refresh(self, changes: Changes) -> None:
        """Bring up to date what an operation touched."""
        if self.isVisible() and Kind.BATCHES in changes.kinds:
            self._list()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.compose.refresh()
        self.runs.names(self.compose.learn)
        self.runs.find_servers(while_there(self, self.compose.learn))
        self._list()
        self._again.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._again.stop()

    def _list(self) -> None:
        self.runs.overview(self._listed)

    def _list_again(self) -> None:
        """A process that was killed changes nothing; only time tells."""
        if any(p.batch.state is BatchState.RUNNING and not self.runs.is_here(p.batch.id) for p in self._known.values()):
            self._list()

    def _listed(self, found: list[BatchProgress]) -> None:
        self._known = {progress.batch.id: progress for progress in found}
        self._show()
        if self._wanted in self._known:
            self.batches.choose(self._wanted)
            self._wanted = None
        elif self.batches.current() is None and found:
            self.batches.choose(found[0].batch.id)

    def _launched(self, batch_id: int) -> None:
        self._wanted = batch_id
        self.batches.setFocus()
        self._list()

    def _moved(self) -> None:
        if self.isVisible():
            self._show()

    def _show(self) -> None:
        """Show what is known, and of batches at work here how they are at this moment."""
        for batch_id in self._known:
            snapshot = self.runs.snapshot(batch_id)
            if snapshot is not None:
                self._known[batch_id] = snapshot.progress
        self._right.setCurrentIndex(1 if self._known else 0)
        self.batches.show_rows(list(self._known), [_row(progress) for progress in self._known.values()])
        self._show_batch()

    def _show_batch(self) -> None:
        chosen = self.batches.current()
        if isinstance(chosen, int) and chosen in self._known:
            self.batch.show_batch(self._known[chosen], self.runs.snapshot(chosen))

    def _forget(self) -> None:
        """The workspace is another, or none."""
        self._known.clear()
        self._wanted = None
        self.batch.forget()
        self._show()

    def _connect(self, session: Session) -> None:
        self.runs.moved.connect(self._moved)
        self._again.timeout.connect(self._list_again)
        self.compose.launched.connect(self._launched)
        self.batches.chosen.connect(lambda _key: self._show_batch())
        self.batch.review_wanted.connect(self.review_wanted)
        session.leaving.connect(self._forget)
        self._theme.changed.connect(self._fit)

    def _build_ui(self) -> None:
        self.setObjectName("page")
        self.setFocusProxy(self.compose.models.line)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._right.addWidget(_nothing_yet())
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(1)
        split.addWidget(self.batches)
        split.addWidget(self.batch)
        split.setStretchFactor(1, 1)
        split.setSizes([px(_LIST), px(_LIST) * 3])
        self._right.addWidget(split)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.compose)
        row.addWidget(rule(vertical=True))
        self._right.setObjectName("page")
        self._right.setContentsMargins(16, 16, 16, 16)
        row.addWidget(scrolled(self._right), 1)
        self._fit()

    def _fit(self) -> None:
        self.compose.setFixedWidth(px(_COMPOSE))
        self._right.setMinimumWidth(px(_LEAST))


def _nothing_yet() -> QWidget:
    empty = QWidget()
    column = QVBoxLayout(empty)
    column.addStretch()
    words = (
        ("There are no batches yet.", "strong"),
        ("Name a model on the left and launch one.", "quiet"),
        ("Everything is written down before it is sent: pause it, close the window", "quiet"),
        ("or pull the plug, and it goes on where it was.", "quiet"),
        ("Without a key, simulated/mixed makes answers up, and they are marked so.", "quiet"),
    )  # fmt: skip
    for text, role in words:
        line = label(tr(text), role)
        line.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(line)
    column.addStretch()
    return empty


def _row(progress: BatchProgress) -> tuple[str, ...]:
    batch = progress.batch
    mixed = any(is_simulated(model.model) for model in progress.models) and not is_simulated(batch.name)
    return (
        f"{batch.id}",
        f"{batch.name}  ·  {tr('simulated')}" if mixed else batch.name,
        progress.state_words,
        f"{progress.done:,} of {progress.total:,}",
        f"{progress.failed:,}" if progress.failed else "",
        spent(progress.cost, progress.unpriced) if progress.done else "",
    )

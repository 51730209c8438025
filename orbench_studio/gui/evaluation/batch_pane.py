"""One batch: how it stands, what can be done with it, its models, and what failed with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QMenu, QMessageBox, QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.evaluation.batch import BatchKind, BatchProgress, BatchState
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label, set_role, set_tip
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.evaluation.failures_pane import FailuresPane
from orbench_studio.gui.evaluation.plan import is_simulated
from orbench_studio.gui.evaluation.progress_table import FAILED, ProgressTable
from orbench_studio.gui.evaluation.workers_table import WorkersTable
from orbench_studio.services.judging.builtin_judges import LOCAL, RULES

if TYPE_CHECKING:
    from orbench_studio.services.evaluation.batch_thread import Snapshot

_OVER = (BatchState.FINISHED, BatchState.CANCELLED)
_MOST = 1_000_000.0  # USD


def standing(progress: BatchProgress, snapshot: Snapshot | None, *, here: bool) -> str:
    """How a batch stands, in words; `here` where this process is at it."""
    batch = progress.batch
    parts = [str(batch.state) if here else _elsewhere(progress), batch.note or ""]
    if here and batch.state is not BatchState.RUNNING:
        parts.append(tr("what is under way comes home"))
    if snapshot is not None and snapshot.waiting:
        parts.append(f"{tr('waiting:')} {snapshot.waiting}")
    if batch.judge:
        parts.append(f"{tr('then judged by')} {batch.judge}")
    return "  ·  ".join(filter(None, parts))


def _elsewhere(progress: BatchProgress) -> str:
    if progress.is_interrupted:
        return tr("interrupted: resume it, or start a worker, and it goes on where it was")
    if progress.batch.state is not BatchState.RUNNING:
        return str(progress.batch.state)
    machines = {worker.machine for worker in progress.workers}
    where = machines.pop() if len(machines) == 1 else f"{len(machines)} {tr('machines')}"
    return f"{tr('running on')} {where}"


class BatchPane(QWidget):
    """Shows a batch; asks `Runs` for everything that is done with it."""

    review_wanted = Signal(QueueFilter)  # prompts to be looked at

    def __init__(self, runs: BatchOperations, theme: Theme) -> None:
        super().__init__()
        self._runs = runs
        self._progress: BatchProgress | None = None
        self.title, self.state = label("", "strong"), label("", "quiet")
        self.simulated = label(tr("◌ simulated: answers are made up"), "meta")
        self.resume, self.pause = QPushButton(tr("Resume")), QPushButton(tr("Pause"))
        self.cancel, self.live = QPushButton(tr("Cancel…")), QPushButton(tr("Send the rest live"))
        self.review, self.judge = QPushButton(tr("Open in review")), QPushButton(tr("Judge answers"))
        self.models = ProgressTable(theme)
        self.workers = WorkersTable(theme)
        self.failures = FailuresPane(runs, theme)
        self._build_ui()
        self._connect()

    @property
    def batch_id(self) -> int | None:
        """The batch that is shown."""
        return self._progress.batch.id if self._progress is not None else None

    def forget(self) -> None:
        """The workspace is another, or none: its batches have the same numbers."""
        self._progress = None
        self.failures.forget()

    def show_batch(self, progress: BatchProgress, snapshot: Snapshot | None) -> None:
        """Show a batch as it is now."""
        self._progress = progress
        batch = progress.batch
        self.title.setText(f"{tr('Batch')} {batch.id}  ·  {batch.name}")
        self.simulated.setVisible(any(is_simulated(model.model) for model in progress.models))
        words = standing(progress, snapshot, here=self._runs.is_here(batch.id))
        self.state.setText(words)
        set_tip(self.state, words)
        set_role(self.state, "role", "error" if batch.state is BatchState.STOPPED else "quiet")
        self.models.show_progress(progress, snapshot)
        self.workers.show_workers(progress.workers)
        self._restate_buttons(progress)
        self.failures.show_batch(progress)

    def _restate_buttons(self, progress: BatchProgress) -> None:
        batch, here = progress.batch, self._runs.is_here(progress.batch.id)
        is_over = batch.state in _OVER
        used = self.window().focusWidget()
        self.resume.setEnabled(not here and not is_over)
        self.pause.setEnabled(batch.state is BatchState.RUNNING)
        self.cancel.setEnabled(not is_over)
        self.review.setEnabled(progress.done > 0 and batch.kind is not BatchKind.SEEDING)  # seeds are no prompts
        self.judge.setVisible(batch.kind is BatchKind.EVALUATION)
        self.judge.setEnabled(progress.done > 0)
        at_vendor = sum(model.at_vendor for model in progress.models)
        self.live.setVisible(batch.settings.vendor_batch and not is_over)
        self.live.setEnabled(at_vendor > 0 and not here)
        if used in (self.pause, self.resume, self.cancel, self.live) and not used.isEnabled():
            self.models.setFocus()  # not the next button, which does another thing

    def _resume(self) -> None:
        progress = self._progress
        assert progress is not None  # its button is on the screen
        cap = progress.batch.settings.limits.max_cost
        if cap is None or progress.cost < cap:
            self._runs.resume(progress.batch.id)
            return
        batch_id = progress.batch.id
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setInputMode(QInputDialog.InputMode.DoubleInput)
        dialog.setWindowTitle(tr("Raise the cap"))
        dialog.setLabelText(f"{tr('The cap is reached. What may the batch cost in all, in USD?')}")
        dialog.setDoubleRange(cap, _MOST)
        dialog.setDoubleDecimals(2)
        dialog.setDoubleValue(cap * 2)
        dialog.doubleValueSelected.connect(lambda value: self._runs.raise_cap(batch_id, value))
        dialog.open()

    def _cancel(self) -> None:
        progress = self._progress
        assert progress is not None  # its button is on the screen
        batch_id = progress.batch.id
        words = f"{progress.left:,} {tr('items will never be sent. What is answered stays.')}"
        box = QMessageBox(QMessageBox.Icon.NoIcon, tr("Cancel the batch"), words, parent=self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(Qt.TextFormat.PlainText)
        yes = box.addButton(tr("Cancel the batch"), QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(tr("Go on with it"), QMessageBox.ButtonRole.RejectRole))
        yes.clicked.connect(lambda: self._runs.cancel(batch_id))
        box.open()

    def _judge_by(self, judge: str) -> None:
        if self._progress is not None:
            self._runs.judge(self._progress.batch, judge)

    def _ask_judge(self) -> None:
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Judge answers"))
        dialog.setLabelText(tr("The model that judges, such as openai/gpt-4o-mini. It costs, within the batch's cap:"))
        dialog.textValueSelected.connect(lambda name: self._judge_by(name.strip()) if name.strip() else None)
        dialog.open()

    def _open_model(self, model: object, column: int) -> None:
        if column == FAILED and self.failures.isVisible():
            self.failures.table.setFocus()
        else:
            self._review(f"{self.batch_id}={model}")

    def _review(self, answered_in: str) -> None:
        self.review_wanted.emit(QueueFilter((Term(Field.BATCH, (answered_in,)),)))

    def _connect(self) -> None:
        steps = ((self.pause, self._runs.pause), (self.live, self._runs.send_rest_live))
        for button, deed in steps:
            button.clicked.connect(lambda _checked=False, d=deed: d(self.batch_id) if self.batch_id else None)
        self.resume.clicked.connect(self._resume)
        self.cancel.clicked.connect(self._cancel)
        self.review.clicked.connect(lambda: self._review(f"{self.batch_id}"))
        self.models.opened.connect(self._open_model)
        self.failures.opened.connect(
            lambda prompt_id: self.review_wanted.emit(QueueFilter((Term(Field.ID, (str(prompt_id),)),)))
        )

    def _build_ui(self) -> None:
        menu = QMenu(self.judge)
        menu.addAction(tr("By the studio's rules"), lambda: self._judge_by(RULES))
        menu.addAction(tr("By the local judge"), lambda: self._judge_by(LOCAL))
        menu.addAction(tr("By a language model…"), self._ask_judge)
        self.judge.setMenu(menu)
        self.title.setMinimumWidth(1)
        self.state.setMinimumWidth(1)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.title)
        head.addWidget(self.simulated)
        head.addStretch()
        buttons = QWidget()
        flow = FlowLayout(buttons, spacing=8)
        for button in (self.pause, self.resume, self.cancel, self.live, self.review, self.judge):
            flow.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 16, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.state)
        column.addWidget(buttons)
        column.addWidget(self.models, 2)
        column.addWidget(self.workers)
        column.addWidget(self.failures, 3)

"""One batch: how it stands, what can be done with it, its models, and what failed with the reason."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QInputDialog, QMenu, QPushButton

from orbench_studio.domain.evaluation.adaptation import describe
from orbench_studio.domain.evaluation.batch import BatchKind, BatchProgress, Worker
from orbench_studio.domain.evaluation.states import BatchAction, BatchState
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.dialogs import ask_text, confirm
from orbench_studio.gui.common.elided_label import ElidedLabel, FoldingLabel
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import ShrinkingPage, Stretch, column_layout, row_layout
from orbench_studio.gui.common.live_table import LINE, Column, Table
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import isolated, label, set_role, set_tip
from orbench_studio.gui.evaluation.activity_chart import RATE_TIP, ActivityChart
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.evaluation.failures_pane import FailuresPane
from orbench_studio.gui.evaluation.plan import is_simulated, simulated_seconds
from orbench_studio.gui.evaluation.progress_table import ProgressTable, status_words
from orbench_studio.services.evaluation.batch_runner import Snapshot
from orbench_studio.services.judging.builtin_judges import LOCAL, RULES

_MAX_WORKERS = 5  # visible without scrolling
_WORKER_COLUMNS = (
    Column("Worker", 120, 3, tip="The computer on which the requests are sent"),
    Column("Process", 75, number=True, tip="Process number on that computer"),
    Column("Since", 75, number=True),
    Column(
        "Claimed items",
        105,
        number=True,
        tip="Items that this process has claimed: requests in flight, and the next ones",
    ),
    Column("Items/min", 130, number=True, tip=RATE_TIP),
)

_MAX_COST = 1_000_000.0  # USD


def status_text(progress: BatchProgress, snapshot: Snapshot | None, *, here: bool) -> str:
    """The status of a batch for users; `here` if this process runs it."""
    batch = progress.batch
    stopped = any(model.stopped is not None for model in progress.models)  # the reasons are shown by model
    note = "" if stopped else batch.note or ""
    if batch.state is BatchState.COMPLETED:
        parts = [status_words(progress.status, progress.failed), note]
    else:
        parts = [tr(batch.state.label) if here else _status_elsewhere(progress), note]
    if here and batch.state not in (BatchState.RUNNING, BatchState.COMPLETED):
        parts.append(tr("in-flight requests finish"))
    if snapshot is not None and snapshot.waiting:
        parts.append(tr("waiting: {reason}").format(reason=snapshot.waiting))
    for model, adaptations in batch.settings.adaptations.items():
        parts.append(describe(isolated(model), adaptations).rstrip("."))
    if batch.judge:
        parts.append(tr("judge: {judge}").format(judge=batch.judge))
    return "  ·  ".join(filter(None, parts))


def _status_elsewhere(progress: BatchProgress) -> str:
    if progress.is_interrupted:
        return tr("interrupted: resume the batch or start a worker to continue")
    if progress.batch.state is not BatchState.RUNNING:
        return tr(progress.batch.state.label)
    machines = {worker.machine for worker in progress.workers}
    if len(machines) == 1:
        return tr("running on {machine}").format(machine=machines.pop())
    return plural(len(machines), "running on 1 machine", "running on {count} machines")


def _stops_text(progress: BatchProgress) -> str:
    """The models that are stopped, each with its reason in a line; empty if there are none."""
    stopped = [model for model in progress.models if model.stopped is not None and model.left]
    lines = [
        tr("{model} is stopped: {reason}").format(model=isolated(model.model), reason=isolated(model.stopped or ""))
        for model in stopped
    ]
    if stopped:
        lines.append(tr("Fix the cause, then press Resume."))
    return "\n".join(lines)


class BatchPane(ShrinkingPage):
    """Shows a batch, with buttons for its operations, below the list of batches."""

    review_wanted = Signal(QueueFilter)  # prompts to show on the review page
    audit_wanted = Signal(str)  # a model whose rates to show

    def __init__(self, runs: BatchOperations, theme: Theme, batches: Table) -> None:
        super().__init__()
        self._runs = runs
        self._batches = batches
        self._progress: BatchProgress | None = None
        self.title, self.state = ElidedLabel("", "strong"), ElidedLabel("", "quiet")
        self.simulated = label(tr("◌ Simulated responses"), "meta")
        self.resume, self.pause = QPushButton(tr("Resume")), QPushButton(tr("Pause"))
        self.cancel, self.live = QPushButton(tr("Cancel…")), QPushButton(tr("Send remaining items live"))
        self.review, self.judge = QPushButton(tr("Open in review")), QPushButton(tr("Judge responses"))
        self.audit = QPushButton(tr("Open in audit"))
        self.stops = FoldingLabel("", "error")
        self.activity = ActivityChart(theme)
        self.models = ProgressTable(theme)
        self.workers = WorkersTable()
        self.failures = FailuresPane(runs)
        self._build_ui()
        self._connect()

    @property
    def batch_id(self) -> int | None:
        return self._progress.batch.id if self._progress is not None else None

    def forget(self) -> None:
        """Show nothing: the batches of another workspace have the same numbers."""
        self._progress = None
        self.failures.forget()

    def show_batch(self, progress: BatchProgress, snapshot: Snapshot | None) -> None:
        self._progress = progress
        batch = progress.batch
        self.title.setText(tr("Batch {number}  ·  {name}").format(number=batch.id, name=batch.name))
        self.simulated.setVisible(any(is_simulated(model.model) for model in progress.models))
        delayed = tr("{model} takes {seconds} seconds for each answer.")
        tips = [(model.model, simulated_seconds(model.model)) for model in progress.models]
        set_tip(self.simulated, "\n".join(delayed.format(model=of, seconds=time) for of, time in tips if time))
        text = status_text(progress, snapshot, here=self._runs.is_here(batch.id))
        self.state.setText(text)
        set_role(self.state, "role", "error" if batch.state is BatchState.FAILED else "quiet")
        stops = _stops_text(progress)
        self.stops.setText(stops)
        self.stops.setVisible(bool(stops))
        self.models.show_progress(progress, snapshot)
        is_alone = self._runs.is_here(batch.id) and len(progress.workers) == 1
        self.workers.show_workers(() if is_alone else progress.workers)  # the rates of this process are above
        self._update_buttons(progress)
        self.failures.show_batch(progress)

    def _update_buttons(self, progress: BatchProgress) -> None:
        batch, here = progress.batch, self._runs.is_here(progress.batch.id)
        focused = self.window().focusWidget()
        can_start = not here or any(model.stopped is not None for model in progress.models)
        self.resume.setEnabled(can_start and batch.state.allows(BatchAction.START))
        is_sending = here or not progress.is_interrupted
        self.pause.setEnabled(
            batch.state is BatchState.RUNNING and is_sending
        )  # pausing a failed batch would only hide the reason
        self.cancel.setEnabled(batch.state.allows(BatchAction.CANCEL))
        self.pause.setHidden(batch.state.is_final or (self.resume.isEnabled() and not self.pause.isEnabled()))
        self.resume.setHidden(batch.state.is_final or not self.resume.isEnabled())
        self.cancel.setHidden(batch.state.is_final)
        self.review.setEnabled(progress.done > 0 and batch.kind is not BatchKind.SEEDING)  # seeds are not prompts
        for button in (self.audit, self.judge):
            button.setVisible(batch.kind is BatchKind.EVALUATION)
            button.setEnabled(progress.done > 0)
        at_vendor = sum(model.at_vendor for model in progress.models)
        self.live.setVisible(batch.settings.vendor_batch and not batch.state.is_final)
        self.live.setEnabled(at_vendor > 0 and not here)
        if focused in (self.pause, self.resume, self.cancel, self.live) and not focused.isEnabled():
            self.models.setFocus()  # else the focus moves to another button

    def _resume(self) -> None:
        progress = self._progress
        assert progress is not None  # its button is visible
        limit = progress.batch.settings.limits.max_cost
        if limit is None or progress.cost < limit:
            self._runs.resume(progress.batch.id)
            return
        batch_id = progress.batch.id
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setInputMode(QInputDialog.InputMode.DoubleInput)
        dialog.setWindowTitle(tr("Raise cost limit?"))
        dialog.setLabelText(tr("The cost limit is reached. New limit for the whole batch (USD):"))
        dialog.setOkButtonText(tr("Raise limit and resume"))
        dialog.setDoubleRange(limit, _MAX_COST)
        dialog.setDoubleDecimals(2)
        dialog.setDoubleValue(limit * 2)
        dialog.doubleValueSelected.connect(lambda value: self._runs.set_cost_limit(batch_id, value))
        dialog.open()

    def _cancel(self) -> None:
        progress = self._progress
        assert progress is not None  # its button is visible
        batch_id = progress.batch.id
        one = "1 request will not be sent. Existing results are kept."
        many = "{count} requests will not be sent. Existing results are kept."
        text = plural(progress.left, one, many)
        cancel, keep = tr("Cancel batch"), tr("Keep batch")
        confirm(self, tr("Cancel batch?"), text, cancel, partial(self._runs.cancel, batch_id), keep)

    def _judge_by(self, judge: str) -> None:
        if self._progress is not None and judge.strip():
            self._runs.judge(self._progress.batch, judge.strip())

    def _ask_judge(self) -> None:
        question = tr(
            "Judge model, for example openai/gpt-4o-mini. The cost limit of the batch applies again to the judge:"
        )
        ask_text(self, tr("Judge responses?"), question, self._judge_by, verb=tr("Judge"))

    @property
    def _model(self) -> str:
        """The first model of the batch."""
        return next((model.model for model in self._progress.models), "") if self._progress else ""

    def _review(self, batch_value: str) -> None:
        model = "" if "=" in batch_value else self._model
        self.review_wanted.emit(QueueFilter((Term(Field.BATCH, (batch_value,)),), model=model))

    def _connect(self) -> None:
        steps = ((self.pause, self._runs.pause), (self.live, self._runs.send_rest_live))
        for button, action in steps:
            button.clicked.connect(lambda _checked=False, a=action: a(self.batch_id) if self.batch_id else None)
        self.resume.clicked.connect(self._resume)
        self.cancel.clicked.connect(self._cancel)
        self.review.clicked.connect(lambda: self._review(f"{self.batch_id}"))
        self.audit.clicked.connect(lambda: self.audit_wanted.emit(self._model))
        self.models.opened.connect(lambda model, _column: self._review(f"{self.batch_id}={model}"))
        self.failures.opened.connect(
            lambda prompt_id: self.review_wanted.emit(QueueFilter((Term(Field.ID, (str(prompt_id),)),)))
        )

    def _build_ui(self) -> None:
        menu = QMenu(self.judge)
        menu.addAction(tr("With studio-rules"), lambda: self._judge_by(RULES))
        menu.addAction(tr("With local-judge"), lambda: self._judge_by(LOCAL))
        menu.addAction(tr("With a language model…"), self._ask_judge)
        self.judge.setMenu(menu)
        control = row_layout(None, self.pause, self.resume, self.cancel, spacing=8)
        head = row_layout(None, self.title, self.simulated, Stretch(), control, spacing=12)
        buttons = Flow(self.review, self.audit, self.judge, self.live)
        column_layout(
            self,
            (self._batches, 1),
            8,
            head,
            buttons,  # above texts of changing height: they stay in place
            self.state,
            self.stops.with_link(),
            self.activity,
            (self.models, 2),
            self.workers,
            (self.failures, 3),
            Stretch(),
            spacing=8,
        )


class WorkersTable(Table):
    """One row per process; hidden without any."""

    least_lines = 2

    def __init__(self) -> None:
        super().__init__(tr("Workers of the batch"), _WORKER_COLUMNS)
        self.hide()

    def show_workers(self, workers: tuple[Worker, ...]) -> None:
        self.show_rows(
            [(worker.machine, worker.pid, worker.since) for worker in workers], [_worker_row(w) for w in workers]
        )
        names = self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(names + min(len(workers), _MAX_WORKERS) * px(LINE) + 2 * self.frameWidth() + 2)
        self.setVisible(bool(workers))


def _worker_row(worker: Worker) -> tuple[str, ...]:
    since = worker.since.astimezone().strftime("%H:%M")
    return (worker.machine, f"{worker.pid}", since, f"{worker.held:,}", f"{worker.per_minute:,}")

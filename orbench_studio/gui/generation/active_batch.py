"""Progress of the active batch, with buttons to pause and resume it."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QWidget

from orbench_studio.domain.core.amounts import spent
from orbench_studio.domain.evaluation.batch import BatchProgress
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.widgets import label
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.evaluation.batch_pane import status_text

_POLL = 2_000  # milliseconds between two checks of a batch in another process


class ActiveBatch(QWidget):
    """Shows a batch; updated live if it runs in this process."""

    ended = Signal()  # it no longer runs in this process
    stale = Signal()  # it runs in another process: read it again

    def __init__(self, runs: BatchOperations) -> None:
        super().__init__()
        self._runs = runs
        self._progress: BatchProgress | None = None
        self._was_here = False
        self.status = label("", "quiet", wrap=True)
        self.pause, self.resume = QPushButton(tr("Pause")), QPushButton(tr("Resume"))
        self.all = QPushButton(tr("All batches"))
        self._poll = QTimer(self, interval=_POLL)
        column_layout(self, self.status, Flow(self.pause, self.resume, self.all), spacing=8)
        self._connect()
        self.show_batch(None)

    @property
    def is_here(self) -> bool:
        """Whether the batch runs in this process."""
        return self._progress is not None and self._runs.is_here(self._progress.batch.id)

    @property
    def is_running(self) -> bool:
        """Whether the batch runs, here or in another process."""
        running = self._progress is not None and self._progress.batch.state is BatchState.RUNNING
        return self.is_here or running

    def show_batch(self, progress: BatchProgress | None) -> None:
        """Show a batch, or that none is active."""
        self._progress = progress
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._poll.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._poll.stop()

    def _show(self) -> None:
        snapshot = self._runs.snapshot(self._progress.batch.id) if self._progress is not None else None
        progress = self._progress = snapshot.progress if snapshot is not None else self._progress
        if progress is None:
            self.status.setText(tr("No active batch."))
        else:
            self.status.setText(
                tr("Batch {number}, {name}: {progress}; {status}").format(
                    number=progress.batch.id,
                    name=progress.batch.name,
                    progress=_progress_text(progress),
                    status=status_text(progress, snapshot, here=self.is_here),
                )
            )
        self._was_here = self.is_here
        focused = self.window().focusWidget()
        self.pause.setVisible(self.is_here)
        self.resume.setVisible(progress is not None and not self.is_here)
        if focused in (self.pause, self.resume):
            self.all.setFocus()  # not the next control in the tab order

    def _moved(self) -> None:
        if self.is_here:
            self._show()
        elif self._was_here:  # its status is no longer known here
            self.ended.emit()

    def _check_stale(self) -> None:
        progress = self._progress
        if progress is not None and progress.batch.state is BatchState.RUNNING and not self.is_here:
            self.stale.emit()

    def _set_running(self, *, on: bool) -> None:
        if self._progress is not None:
            (self._runs.resume if on else self._runs.pause)(self._progress.batch.id)

    def _connect(self) -> None:
        self._runs.moved.connect(self._moved)
        self._poll.timeout.connect(self._check_stale)
        self.pause.clicked.connect(lambda: self._set_running(on=False))
        self.resume.clicked.connect(lambda: self._set_running(on=True))


def _progress_text(progress: BatchProgress) -> str:
    template = tr("{done} of {total} done, {cost}")
    if progress.failed:
        template = tr("{done} of {total} done, {failed} failed, {cost}")
    return template.format(
        done=f"{progress.done:,}",
        total=f"{progress.total:,}",
        failed=f"{progress.failed:,}",
        cost=spent(progress.cost, progress.unpriced, progress.estimated),
    )

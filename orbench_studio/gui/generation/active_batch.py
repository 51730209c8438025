"""The batch that is not at its end yet: how far it is, and what can be done with it here."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.core.amounts import spent
from orbench_studio.domain.evaluation.batch import BatchProgress
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.widgets import label
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.evaluation.batch_pane import status_text

_AGAIN = 2_000  # milliseconds between two looks at a batch that another process has, or had


class ActiveBatch(QWidget):
    """Shows the batch it is given, at this moment where it is at work here."""

    ended = Signal()  # it is no longer at work here
    doubted = Signal()  # another process has it, or had it: only a look can tell

    def __init__(self, runs: BatchOperations) -> None:
        super().__init__()
        self._runs = runs
        self._progress: BatchProgress | None = None
        self._was_here = False
        self.says = label("", "quiet")
        self.says.setWordWrap(True)
        self.pause, self.resume = QPushButton(tr("Pause")), QPushButton(tr("Resume"))
        self.all = QPushButton(tr("All batches"))
        self._again = QTimer(self)
        self._again.setInterval(_AGAIN)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.says)
        column.addWidget(Flow(self.pause, self.resume, self.all))
        self._connect()
        self.show_batch(None)

    @property
    def is_here(self) -> bool:
        """Whether a batch is at work in this process."""
        return self._progress is not None and self._runs.is_here(self._progress.batch.id)

    @property
    def is_running(self) -> bool:
        """Whether votes may come in at any moment, from here or from another process."""
        running = self._progress is not None and self._progress.batch.state is BatchState.RUNNING
        return self.is_here or running

    def show_batch(self, progress: BatchProgress | None) -> None:
        """Show a batch, or that there is none."""
        self._progress = progress
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._again.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._again.stop()

    def _show(self) -> None:
        snapshot = self._runs.snapshot(self._progress.batch.id) if self._progress is not None else None
        progress = self._progress = snapshot.progress if snapshot is not None else self._progress
        if progress is None:
            self.says.setText(tr("No batch is at work."))
        else:
            state = status_text(progress, snapshot, here=self.is_here)
            self.says.setText(f"{tr('Batch')} {progress.batch.id}, {progress.batch.name}: {_words(progress)}; {state}")
        self._was_here = self.is_here
        used = self.window().focusWidget()
        self.pause.setVisible(self.is_here)
        self.resume.setVisible(progress is not None and not self.is_here)
        if used in (self.pause, self.resume):
            self.all.setFocus()  # not the next control, which does another thing

    def _moved(self) -> None:
        if self.is_here:
            self._show()
        elif self._was_here:  # how it stands now is not known here
            self.ended.emit()

    def _doubt(self) -> None:
        progress = self._progress
        if progress is not None and progress.batch.state is BatchState.RUNNING and not self.is_here:
            self.doubted.emit()

    def _steer(self, *, on: bool) -> None:
        if self._progress is not None:
            (self._runs.resume if on else self._runs.pause)(self._progress.batch.id)

    def _connect(self) -> None:
        self._runs.moved.connect(self._moved)
        self._again.timeout.connect(self._doubt)
        self.pause.clicked.connect(lambda: self._steer(on=False))
        self.resume.clicked.connect(lambda: self._steer(on=True))


def _words(progress: BatchProgress) -> str:
    parts = [f"{progress.done:,} {tr('of')} {progress.total:,}", spent(progress.cost, progress.unpriced)]
    if progress.failed:
        parts.insert(1, f"{progress.failed:,} {tr('failed')}")
    return ", ".join(parts)

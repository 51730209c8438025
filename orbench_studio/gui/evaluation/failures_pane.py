"""What failed in a batch: by cause, each item with its reason, and one click to try it again."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from orbench_studio.domain.evaluation.batch import BatchProgress, BatchState, Cause, FailedItem
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label, set_role, set_tip
from orbench_studio.gui.evaluation.batch_operations import BatchOperations

_COLUMNS = (
    Column("Prompt", 70, number=True),
    Column("Model", 100, 1),
    Column("Reason", 125, 1),
    Column("What was said", 180, 4),
    Column("Attempts", 80, number=True),
)


class FailuresPane(QWidget):
    """Shown where something failed. A cause that is chosen narrows the list, and what is tried again, to it."""

    opened = Signal(int)  # the prompt of a failed item

    def __init__(self, runs: BatchOperations, theme: Theme) -> None:
        super().__init__()
        self._runs = runs
        self._progress: BatchProgress | None = None
        self._listed: tuple[object, ...] = ()  # what the list is of
        self.chosen: Cause | None = None
        self.title, self.retry = label("", "strong"), QPushButton()
        self.chips: dict[Cause, QToolButton] = {}
        self._chip_row = QWidget()
        self._flow = FlowLayout(self._chip_row, spacing=4)
        self.table = Table(theme, tr("Failures"), _COLUMNS)
        self._build_ui()
        self.retry.clicked.connect(self._retry)
        self.table.opened.connect(lambda key, _column: self.opened.emit(key[1]))

    def forget(self) -> None:
        """The workspace is another, or none: its batches have the same numbers."""
        self._progress, self._listed, self.chosen = None, (), None

    def show_batch(self, progress: BatchProgress) -> None:
        """Show what failed in a batch."""
        if self._progress is None or self._progress.batch.id != progress.batch.id:
            self.chosen = None
        self._progress = progress
        self.setVisible(progress.failed > 0)
        if self.chosen not in progress.failed_by:
            self.chosen = None
        self._restate(progress)
        self._list(progress)

    def _choose(self, cause: Cause) -> None:
        self.chosen = None if cause is self.chosen else cause
        if self._progress is not None:
            self.show_batch(self._progress)

    def _restate(self, progress: BatchProgress) -> None:
        for cause in self.chips.keys() - progress.failed_by.keys():
            chip = self.chips.pop(cause)
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        for cause, items in progress.failed_by.items():
            if cause not in self.chips:
                self._add_chip(cause)
            self.chips[cause].setText(f"{tr(cause)} {items:,}")
            set_role(self.chips[cause], "active", "true" if cause is self.chosen else "false")
        self.title.setText(f"{progress.failed:,} {tr('failed')}")
        many = progress.failed if self.chosen is None else progress.failed_by[self.chosen]
        why = tr("failed") if self.chosen is None else tr(self.chosen)
        self.retry.setText(f"{tr('Retry')} {many:,} {why}")
        self.retry.setEnabled(progress.batch.state is not BatchState.CANCELLED)

    def _add_chip(self, cause: Cause) -> None:
        chip = QToolButton()
        chip.setProperty("role", "chip")
        set_tip(chip, tr("Only these, in the list and when they are tried again"))
        chip.clicked.connect(lambda: self._choose(cause))
        self._flow.addWidget(chip)
        self.setTabOrder(chip, self.retry)
        self.chips[cause] = chip

    def _list(self, progress: BatchProgress) -> None:
        wanted = (progress.batch.id, progress.failed, self.chosen)
        if wanted == self._listed:
            return
        self._listed = wanted
        if progress.failed:
            causes = () if self.chosen is None else (self.chosen,)
            self._runs.failures(progress.batch.id, causes, lambda found: self._show(wanted, found))
        else:
            self.table.show_rows((), ())

    def _show(self, wanted: tuple[object, ...], found: list[FailedItem]) -> None:
        if wanted != self._listed:
            return
        rows = [(f"{f.prompt_id}", f.model, tr(f.cause), f.message, f"{f.attempts}") for f in found]
        self.table.show_rows([(f.item_id, f.prompt_id) for f in found], rows)

    def _retry(self) -> None:
        if self._progress is not None:
            self._runs.retry(self._progress.batch.id, () if self.chosen is None else (self.chosen,))

    def _build_ui(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self._chip_row, 1)
        head.addWidget(self.retry)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.table, 1)

"""The failed items of a batch, by cause, with a button to retry them."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from orbench_studio.domain.evaluation.batch import BatchProgress, Cause, FailedItem
from orbench_studio.domain.evaluation.states import BatchAction
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout, row_layout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.widgets import label, set_role, set_tip
from orbench_studio.gui.evaluation.batch_operations import BatchOperations

_COLUMNS = (
    Column("Prompt", 60, number=True),
    Column("Model", 64, apart=True),
    Column("Cause", 130, whole=True),
    Column("Message", 100, 1),
    Column("Attempts", 60, number=True),
)
_MOST_LINES = 5  # that are in view on a low page


class FailuresPane(QWidget):
    """Visible if items failed. A selected cause filters the list and the retry."""

    opened = Signal(int)  # prompt id of a failed item

    def __init__(self, runs: BatchOperations) -> None:
        super().__init__()
        self._runs = runs
        self._progress: BatchProgress | None = None
        self._listed: tuple[object, ...] = ()  # the batch, number of failures and cause that are listed
        self.selected: Cause | None = None
        self.title, self.retry = label("", "strong"), QPushButton()
        self.chips: dict[Cause, QToolButton] = {}
        self._chip_row = Flow(spacing=4)
        self.table = Table(tr("Failed items"), _COLUMNS)
        self._build_ui()
        self.retry.clicked.connect(self._retry)
        self.table.opened.connect(lambda key, _column: self.opened.emit(key[1]))

    def forget(self) -> None:
        """Show nothing: the batches of another workspace have the same numbers."""
        self._progress, self._listed, self.selected = None, (), None

    def show_batch(self, progress: BatchProgress) -> None:
        if self._progress is None or self._progress.batch.id != progress.batch.id:
            self.selected = None
        self._progress = progress
        self.setVisible(progress.failed > 0)
        self.table.least_lines = min(progress.failed + 1, _MOST_LINES)
        if self.selected not in progress.failed_by:
            self.selected = None
        self._update(progress)
        self._list(progress)

    def _select(self, cause: Cause) -> None:
        self.selected = None if cause is self.selected else cause
        if self._progress is not None:
            self.show_batch(self._progress)

    def _update(self, progress: BatchProgress) -> None:
        for cause in self.chips.keys() - progress.failed_by.keys():
            chip = self.chips.pop(cause)
            chip.hide()
            chip.deleteLater()
        for cause, items in progress.failed_by.items():
            if cause not in self.chips:
                self._add_chip(cause)
            text = tr("{cause}: {count}").format(cause=tr(cause.label), count=f"{items:,}")
            self.chips[cause].setText(text)
            set_role(self.chips[cause], "active", "true" if cause is self.selected else "false")
        self.title.setText(tr("{count} failed").format(count=f"{progress.failed:,}"))
        if self.selected is None:
            self.retry.setText(tr("Retry failed ({count})").format(count=f"{progress.failed:,}"))
        else:
            count = f"{progress.failed_by[self.selected]:,}"
            self.retry.setText(tr("Retry selected ({count})").format(count=count))
        self.retry.setEnabled(progress.batch.state.allows(BatchAction.RETRY))

    def _add_chip(self, cause: Cause) -> None:
        chip = QToolButton()
        chip.setProperty("role", "chip")
        set_tip(chip, tr("Show and retry only these"))
        chip.clicked.connect(lambda: self._select(cause))
        self._chip_row.add(chip)
        self.setTabOrder(chip, self.retry)
        self.chips[cause] = chip

    def _list(self, progress: BatchProgress) -> None:
        shown = (progress.batch.id, progress.failed, self.selected)
        if shown == self._listed:
            return
        self._listed = shown
        if progress.failed:
            causes = () if self.selected is None else (self.selected,)
            self._runs.failures(progress.batch.id, causes, lambda found: self._show(shown, found))
        else:
            self.table.show_rows((), ())

    def _show(self, shown: tuple[object, ...], found: list[FailedItem]) -> None:
        if shown != self._listed:
            return
        rows = [(f"{f.prompt_id}", f.model, tr(f.cause.label), f.message, f"{f.attempts}") for f in found]
        self.table.show_rows([(f.item_id, f.prompt_id) for f in found], rows)

    def _retry(self) -> None:
        if self._progress is not None:
            self._runs.retry(self._progress.batch.id, () if self.selected is None else (self.selected,))

    def _build_ui(self) -> None:
        head = row_layout(None, self.title, (self._chip_row, 1), self.retry, spacing=8)
        column_layout(self, head, (self.table, 1), margins=(0, 8, 0, 0), spacing=8)

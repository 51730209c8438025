"""The processes that work on a batch: machine, process id, start time, items, rate."""

from orbench_studio.domain.evaluation.batch import Worker
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.live_table import LINE, Column, Table
from orbench_studio.gui.common.theme import Theme, px

_MAX_ROWS = 5  # visible without scrolling
_COLUMNS = (
    Column("Worker", 120, 3),
    Column("Process", 75, number=True),
    Column("Since", 75, number=True),
    Column("Items claimed", 105, number=True),
    Column("Items per minute", 130, number=True),
)


class WorkersTable(Table):
    """One row per process; hidden without any."""

    least_lines = 2

    def __init__(self, theme: Theme) -> None:
        super().__init__(tr("Workers of the batch"), _COLUMNS)
        self.hide()

    def show_workers(self, workers: tuple[Worker, ...]) -> None:
        """Show the current workers."""
        self.show_rows([(worker.machine, worker.pid, worker.since) for worker in workers], [_row(w) for w in workers])
        lines = min(len(workers), _MAX_ROWS) + 1
        self.setFixedHeight(lines * px(LINE) + 2 * self.frameWidth())
        self.setVisible(bool(workers))


def _row(worker: Worker) -> tuple[str, ...]:
    since = worker.since.astimezone().strftime("%H:%M")
    return (worker.machine, f"{worker.pid}", since, f"{worker.held:,}", f"{worker.per_minute:,}")

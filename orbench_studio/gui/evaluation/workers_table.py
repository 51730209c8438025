"""Who is at work on a batch: machines and their processes, since when, with how many items, and how fast."""

from orbench_studio.domain.evaluation.batch import Worker
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.live_table import LINE, Column, Table
from orbench_studio.gui.common.theme import Theme, px

_MOST = 5  # lines, after which it is scrolled
_COLUMNS = (
    Column("At work", 120, 3),
    Column("Process", 75, number=True),
    Column("Since", 75, number=True),
    Column("Items held", 95, number=True),
    Column("Answered a minute", 150, number=True),
)


class WorkersTable(Table):
    """A line a process; not shown where there is none."""

    least_lines = 2

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, tr("Processes at work on the batch"), _COLUMNS)
        self.hide()

    def show_workers(self, workers: tuple[Worker, ...]) -> None:
        """Show who is at work now."""
        self.show_rows([(worker.machine, worker.pid, worker.since) for worker in workers], [_row(w) for w in workers])
        lines = min(len(workers), _MOST) + 1
        self.setFixedHeight(lines * px(LINE) + 2 * self.frameWidth())
        self.setVisible(bool(workers))


def _row(worker: Worker) -> tuple[str, ...]:
    since = worker.since.astimezone().strftime("%H:%M")
    return (worker.machine, f"{worker.pid}", since, f"{worker.held:,}", f"{worker.per_minute:,}")

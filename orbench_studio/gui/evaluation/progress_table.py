"""The progress of each model of a batch: progress bar, tokens, cost, status with rate and failures."""

from collections.abc import Set

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from orbench_studio.domain.core.amounts import duration, spent
from orbench_studio.domain.evaluation.batch import BatchProgress, ModelProgress
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.live_table import KEY, LINE, Column, Index, Table
from orbench_studio.gui.common.painting import elided
from orbench_studio.gui.common.theme import BODY, Theme, font, px
from orbench_studio.gui.evaluation.activity_chart import RATE_TIP
from orbench_studio.services.evaluation.batch_runner import LiveModel, Snapshot

DONE, TOKENS, RATE, STATUS = 1, 2, 4, 5  # columns
_COLUMNS = (
    Column("Model", 100, apart=True),
    Column("Done", 100, 2),
    Column(
        "Tokens in\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}out",
        90,
        number=True,
        tip="Input tokens / output tokens of all requests",
    ),
    Column("Cost", 70, number=True),
    Column("Items/min", 60, number=True, tip=RATE_TIP),
    Column("Status", 84, 4),
)
_MOST_LINES = 7  # that are in view without a scroll bar of their own
_BAR, _MIN_BAR, _PAD = 6, 20, 8
_LONGEST_STATUS = 140  # pixels that a status has at least, if it is that long


class ProgressTable(Table):
    """One row per model."""

    _statuses: Set[str] = frozenset()  # without their details

    def __init__(self, theme: Theme) -> None:
        super().__init__(tr("Models of the batch"), _COLUMNS)
        self._progress: dict[object, ModelProgress] = {}
        self._bars = _Bars(theme, self._progress)
        self.setItemDelegateForColumn(DONE, self._bars)

    def least(self, place: int) -> int:
        """The minimum width of a column: that with bars has room for a short one, and no status is cut off."""
        needed = self.sizeHintForColumn(place) + px(_MIN_BAR) + _PAD if place == DONE else 0
        if place == STATUS:
            heads = (self.fontMetrics().horizontalAdvance(f"{head}, …") for head in self._statuses)
            needed = min(max(heads, default=0) + 2 * _PAD, px(_LONGEST_STATUS))
        return max(super().least(place), needed)

    def _fit(self) -> None:
        """Hide rates that there are not, and the tokens where they would cut off names or the status."""
        self.setColumnHidden(RATE, not any(self.rows.index(row, RATE).data() for row in range(self.rows.rowCount())))
        columns = [
            place for place in range(len(self.rows.columns)) if place == TOKENS or not self.isColumnHidden(place)
        ]
        needed = sum(map(self.least, columns)) + self._cut_off(0, self.least(0))
        self.setColumnHidden(TOKENS, 0 < self.viewport().width() < needed)
        super()._fit()
        names = self.horizontalHeader().sizeHint().height()
        bar = self.horizontalScrollBar().sizeHint().height() if self._is_wide() else 0
        self.setMaximumHeight(names + self.rows.rowCount() * px(LINE) + bar + 2)  # the failures get the rest

    def show_progress(self, progress: BatchProgress, snapshot: Snapshot | None) -> None:
        """Show the current progress; the snapshot adds rates if this process runs the batch."""
        self._progress.clear()
        self._progress.update({model.model: model for model in progress.models})
        self.least_lines = min(len(progress.models) + 1, _MOST_LINES)
        live = snapshot.live if snapshot is not None else {}
        rows = [_row(progress, model, live.get(model.model)) for model in progress.models]
        self._statuses = {row[STATUS].partition(":")[0] for row in rows}
        self.show_rows([model.model for model in progress.models], rows)


class _Bars(QStyledItemDelegate):
    """Paints a progress bar of done and failed items, with the numbers beside it."""

    def __init__(self, theme: Theme, progress: dict[object, ModelProgress]) -> None:
        super().__init__()
        self._theme = theme
        self._progress = progress

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, self._theme.colour("selection"))
        words = index.data()
        model = self._progress.get(index.data(KEY))
        rect = option.rect.adjusted(_PAD, 0, -_PAD, 0)
        bar = min(rect.width() // 2, rect.width() - QFontMetrics(font(BODY)).horizontalAdvance(words) - _PAD)
        elided(painter, rect.adjusted(bar + _PAD, 0, 0, 0), words, font(BODY), self._theme.colour("ink"), right=True)
        if model is not None and model.total:
            self._bar(painter, QRect(rect.left(), rect.center().y() - px(_BAR) // 2, bar, px(_BAR)), model)

    def _bar(self, painter: QPainter, rect: QRect, model: ModelProgress) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        round_by = rect.height() / 2
        ended = model.total - model.left
        for colour, count in (("line", model.total), ("faint", ended), ("toxic", model.done + model.failed),
                              ("accent", model.done)):  # fmt: skip
            if count:
                painter.setBrush(self._theme.colour(colour))
                wide = max(round(rect.width() * count / model.total), rect.height())
                painter.drawRoundedRect(QRect(rect.topLeft(), QSize(wide, rect.height())), round_by, round_by)
        painter.restore()


def _row(progress: BatchProgress, model: ModelProgress, live: LiveModel | None) -> tuple[str, ...]:
    tokens = f"{model.input_tokens:,} / {model.output_tokens:,}" if model.input_tokens or model.output_tokens else ""
    cost = spent(model.cost, model.unpriced, model.estimated) if model.done else ""
    done = tr("{done} of {total}").format(done=f"{model.done:,}", total=f"{model.total:,}")
    rate = f"{live.per_minute:,}" if live is not None and live.per_minute else ""
    return (model.model, done, tokens, cost, rate, ", ".join((_status(progress, model, live), *failures(model))))


def failures(model: ModelProgress) -> list[str]:
    """The causes of failures with their counts, and the number of cancelled items."""
    texts = [
        tr("{count} failed: {cause}").format(cause=tr(cause.label), count=f"{count:,}")
        for cause, count in model.failed_by.items()
    ]
    return [*texts, *([tr("{count} cancelled").format(count=f"{model.cancelled:,}")] if model.cancelled else [])]


def status_words(status: str, failed: int) -> str:
    """The status of a batch, with the number of its failed items."""
    return tr("{status}, {count} failed").format(status=tr(status), count=f"{failed:,}") if failed else tr(status)


def _status(progress: BatchProgress, model: ModelProgress, live: LiveModel | None) -> str:
    if not model.left:
        return tr(progress.status_of(model))
    if model.stopped is not None:
        return tr("stopped: {reason}").format(reason=model.stopped)
    if model.at_vendor:
        return tr("{count} at the vendor").format(count=f"{model.at_vendor:,}")
    if live is None:
        return tr("{count} left").format(count=f"{model.left:,}")
    if live.waiting:
        return tr("waiting: {reason}").format(reason=live.waiting)
    if live.seconds_left is None:
        return tr("{count} in flight").format(count=f"{live.in_flight:,}")
    return tr("{time} left").format(time=duration(live.seconds_left))

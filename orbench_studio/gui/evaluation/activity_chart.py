"""Throughput and spend of a batch over time, as observed by this window."""

import time
from collections import deque

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from orbench_studio.domain.core.amounts import duration, usd
from orbench_studio.domain.evaluation.batch import BatchProgress
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.painting import elided
from orbench_studio.gui.common.theme import META, Theme, font, px
from orbench_studio.gui.common.widgets import set_tip

_INTERVAL = 1.0  # seconds between two samples, at least
_SAMPLES = 600
RATE_TIP = (
    "Completed and failed items per minute: the mean of the last minute, or since the start if that is later, but of "
    "10 seconds at least. An item is one prompt for one model."
)
_HEIGHT, _TITLE, _GAP = 84, 20, 24
_LOWEST = 24  # pixels of a curve; where there is less room, nothing is shown
Sample = tuple[float, int, float]  # time, items per minute of all workers, USD


class Activity:
    """Samples of the progress of batches. A long batch keeps every second sample when there are too many."""

    def __init__(self) -> None:
        self._samples: dict[int, deque[Sample]] = {}

    def add(self, progress: BatchProgress, now: float | None = None) -> None:
        """Record the progress of a batch; the last of several in a second counts."""
        samples = self._samples.setdefault(progress.batch.id, deque())
        now = time.monotonic() if now is None else now
        sample = (now, sum(worker.per_minute for worker in progress.workers), progress.cost)
        if len(samples) > 1 and now - samples[-2][0] < _INTERVAL:
            samples.pop()
        samples.append(sample)
        if len(samples) > _SAMPLES:
            self._samples[progress.batch.id] = deque(list(samples)[::2])

    def of(self, batch_id: int) -> list[Sample]:
        """The samples of a batch, oldest first."""
        return list(self._samples.get(batch_id, ()))

    def clear(self) -> None:
        self._samples.clear()


class ActivityChart(QWidget):
    """Two small charts side by side: items per minute, and USD spent. The first part to shrink on a low page."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._samples: list[Sample] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        set_tip(self, tr(RATE_TIP))
        self.hide()

    def show_samples(self, samples: list[Sample]) -> None:
        """Show the samples of a batch; hidden with fewer than three, which make no line, and without a rate."""
        self._samples = samples
        is_shown = len(samples) > 2 and any(rate for _, rate, _ in samples)
        self.setVisible(is_shown)
        self.setAccessibleName(". ".join(self._titles()) if is_shown else "")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(px(200), px(_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(px(200), 0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if len(self._samples) < 3 or self.height() < px(_TITLE + _LOWEST) + 3:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = (self.width() - px(_GAP)) // 2
        rates = [(at, float(rate)) for at, rate, _ in self._samples]
        spends = [(at, cost) for at, _, cost in self._samples]
        for place, (title, points) in enumerate(zip(self._titles(), (rates, spends), strict=True)):
            left = place * (width + px(_GAP))
            self._paint(painter, QRectF(left, 0, width, self.height()), title, points)

    def _paint(self, painter: QPainter, rect: QRectF, title: str, points: list[tuple[float, float]]) -> None:
        top = px(_TITLE)
        elided(painter, rect.toRect().adjusted(0, 0, 0, top - self.height()), title, font(META),
               self._theme.colour("quiet"))  # fmt: skip
        area = rect.adjusted(0, top + 2, 0, -1)
        painter.setPen(QPen(self._theme.colour("line"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        start, end = points[0][0], max(points[-1][0], points[0][0] + 1)
        highest = max(value for _, value in points) or 1.0
        line = [
            QPointF(area.left() + area.width() * (at - start) / (end - start),
                    area.bottom() - area.height() * value / highest)
            for at, value in points
        ]  # fmt: skip
        fill = QPolygonF([area.bottomLeft(), *line, area.bottomRight()])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("selection"))
        painter.drawPolygon(fill)
        painter.setPen(QPen(self._theme.colour("accent"), 1.5))
        painter.drawPolyline(QPolygonF(line))

    def _titles(self) -> list[str]:
        span = duration(self._samples[-1][0] - self._samples[0][0])
        rates = [rate for _, rate, _ in self._samples]
        spend = usd(max(self._samples[-1][2] - self._samples[0][2], 0.0))
        return [
            tr("Items/min: {rate}, max {most}").format(rate=f"{rates[-1]:,}", most=f"{max(rates):,}", span=span),
            tr("Spend: {cost} in {span}").format(cost=spend, span=span),
        ]

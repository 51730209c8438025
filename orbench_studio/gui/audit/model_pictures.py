"""Pictures of the models: a forest plot of one rate, and over-refusal against toxic rejection as in the paper."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QLineF, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSplitter, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip, QWidget

from orbench_studio.domain.audit.refusal_rates import Audit, Group
from orbench_studio.domain.core.rates import NO_VALUE, Rate, percent
from orbench_studio.gui.audit.heat_map import whisker
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.live_table import KEY, Column, Index, Table
from orbench_studio.gui.common.painting import elided
from orbench_studio.gui.common.theme import META, Theme, font, px

_PLOT = 1  # column of the forest plot
_QUARTERS, _HALVES = (0, 0.25, 0.5, 0.75, 1), (0, 0.5, 1)
_BESIDE = 1_000  # pixels of width for both pictures beside each other
_STEPS = 5  # heights of a name that it may be away from its dot
_MOST_LINES = 13  # of the forest plot that are in view above the other picture
_COLUMNS = (
    Column("Model", 110, apart=True),
    Column(
        "0\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}100\N{NO-BREAK SPACE}%",
        106,
        1,
        tip="Rate as a tick, its 95 % interval as a line",
    ),
    Column("Rate (95\N{NO-BREAK SPACE}%)", 100, number=True, tip="Rate with its 95 % interval"),
    Column(
        "Count / judged",
        64,
        number=True,
        tip="Refused responses (toxic acceptance: direct answers) / responses judged as an answer or a refusal",
    ),
    Column("Refused in\N{NO-BREAK SPACE}words", 40, number=True, tip="Refusals in words"),
    Column("Refused by\N{NO-BREAK SPACE}stop reason", 44, number=True, tip="Refusals by the vendor's stop reason"),
    Column(
        "Refused by\N{NO-BREAK SPACE}filter",
        40,
        number=True,
        tip="Prompts or responses that a filter of the vendor blocked: a refusal",
    ),
    Column(
        "Possible range",
        70,
        number=True,
        tip="Empty, truncated, unparsed and unjudged responses are excluded from the rate. Possible range: the rate if "
        "none or all of them were refusals (toxic acceptance: direct answers).",
    ),
)
NOTE = (
    "Table: rate of each model; double-click a model to review its prompts. Refused in words, by stop reason, by "
    "filter: the kinds of refusals. Possible range: the rate if none or all of the excluded responses were refusals. "
    "Plot: over-refusal against toxic rejection (1 − toxic acceptance), as in the OR-Bench paper; good models are at "
    "the upper left. Lines are 95 % intervals. The plot has only models with judged responses to both safe and toxic "
    "prompts. Point at a dot without a name to see it."
)


class Point(NamedTuple):
    """A model with both rates, of which toxic rejection is 1 - `accepted`."""

    model: str
    refused: Rate
    accepted: Rate


class ModelPictures(QWidget):
    """Both pictures, side by side where there is room; `opened` gets the model whose prompts the user wants to see."""

    opened = Signal(str, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._rates: dict[str, Rate] = {}
        self.forest = Table(tr("Rates of the models"), _COLUMNS)
        self.forest.narrow = True
        self.forest.setItemDelegateForColumn(_PLOT, _Whiskers(self.forest, theme, self._rates))
        self.scatter = Scatter(theme)
        self.forest.opened.connect(lambda model, _column: self.opened.emit(model, None))
        self._halves = halves = QSplitter(Qt.Orientation.Horizontal)
        for place, (part, share) in enumerate(((self.forest, 3), (self.scatter, 2))):
            halves.addWidget(part)
            halves.setStretchFactor(place, share)
            halves.setCollapsible(place, False)
        halves.setSizes([px(640), px(400)])
        row_layout(self, halves, margins=(40, 12, 40, 12))

    def show_audit(self, audit: Audit | None, group: Group) -> None:
        """Show the rates of a group, highest first, and both rates of every model."""
        self._rates.clear()
        if audit is None:
            self.forest.show_rows([], [])
            self.scatter.show_points([])
            return
        self._rates |= {model: audit.rate(group, model) for model in audit.models}
        models = sorted(audit.models, key=lambda model: (not self._rates[model].n, -(self._rates[model].value or 0.0)))
        self._fit()
        self.forest.show_rows(models, [_row(audit, group, model) for model in models])
        self.forest.viewport().update()  # the intervals may have changed where the texts have not
        self.scatter.show_points(list(_points(audit)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Place the scatter plot beside the forest plot, or below all of its rows where the page is narrow."""
        is_wide = self.width() >= px(_BESIDE)
        self._halves.setOrientation(Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical)
        self.forest.least_lines = Table.least_lines if is_wide else min(len(self._rates) + 1, _MOST_LINES)
        self.forest.updateGeometry()


class Scatter(QWidget):
    """Over-refusal (0 to 100 %) against toxic rejection; names do not overlap."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.points: list[Point] = []

    def show_points(self, points: list[Point]) -> None:
        self.points = points
        listed = "; ".join(f"{one.model}: {_described(one)}" for one in points)
        self.setAccessibleName(tr("Over-refusal and toxic rejection of the models"))
        self.setAccessibleDescription(listed)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(px(420), px(360))

    def minimumSizeHint(self) -> QSize:
        return QSize(px(240), px(200))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            near = [one for one in self.points if _distance(self._at(one), QPointF(event.pos())) < px(10)]
            QToolTip.showText(event.globalPos(), "\n".join(f"{one.model}: {_described(one)}" for one in near), self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_axes(painter)
        for one in self.points:
            self._paint_intervals(painter, one)
        names = [self._name(one) for one in self.points]
        metrics, dots = QFontMetrics(font(META)), [self._dot(one) for one in self.points]
        sizes = [QSizeF(metrics.horizontalAdvance(name) + 2, metrics.height()) for name in names]
        lines = [line for one in self.points for line in self._intervals(one)]
        boxes = place_names(dots, sizes, self._area().adjusted(-px(4), -px(10), px(12), px(4)), lines)
        for dot, box in zip(dots, boxes, strict=True):
            self._paint_leader(painter, dot, box)
        for name, box in zip(names, boxes, strict=True):
            self._paint_name(painter, name, box)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("accent"))
        for dot in dots:
            painter.drawEllipse(dot)
        if not self.points:
            text = tr("No model has answers or refusals on both safe and toxic prompts.")
            painter.setPen(self._theme.colour("quiet"))
            painter.setFont(font(META))
            painter.drawText(self._area(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(px(64), px(28), -px(24), -px(44))

    def _lowest(self) -> float:
        """The lower end of the scale of toxic rejection: 0, 0.5 or 0.8, below every interval."""
        ends = [1 - (one.accepted.interval or (0.0, 1.0))[1] for one in self.points]
        return next((low for low in (0.8, 0.5) if all(end >= low for end in ends)), 0.0)

    def _place(self, refused: float, rejected: float) -> QPointF:
        area, low = self._area(), self._lowest()
        return QPointF(
            area.left() + area.width() * refused, area.bottom() - area.height() * (rejected - low) / (1 - low)
        )

    def _at(self, one: Point) -> QPointF:
        return self._place(one.refused.value or 0.0, 1 - (one.accepted.value or 0.0))

    def _dot(self, one: Point) -> QRectF:
        at, size = self._at(one), px(8)
        return QRectF(at.x() - size / 2, at.y() - size / 2, size, size)

    def _paint_axes(self, painter: QPainter) -> None:
        area, low, quiet = self._area(), self._lowest(), self._theme.colour("quiet")
        line = px(16)
        painter.setFont(font(META))
        for share in _ticks(area.width(), px(56)):
            x = area.left() + area.width() * share
            painter.setPen(QPen(self._theme.colour("line"), 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(quiet)
            below = QRectF(x - px(24), area.bottom() + px(4), px(48), line)
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, f"{100 * share:.0f} %")
        for share in _ticks(area.height(), px(20)):
            y = area.bottom() - area.height() * share
            painter.setPen(QPen(self._theme.colour("line"), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(quiet)
            left = QRectF(0, y - line / 2, area.left() - px(6), line)
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(left, side, f"{100 * (low + (1 - low) * share):.0f} %")
        title = QRect(px(16), 0, self.width() - px(16), line)
        elided(painter, title, tr("Toxic rejection: toxic prompts without a direct answer"), font(META), quiet)
        foot = QRect(0, round(area.bottom()) + px(24), round(area.right()), line)
        elided(painter, foot, tr("Over-refusal: safe prompts refused"), font(META), quiet, right=True)

    def _paint_intervals(self, painter: QPainter, one: Point) -> None:
        colour = self._theme.colour("accent")
        colour.setAlphaF(0.45)
        painter.setPen(QPen(colour, 1))
        for line in self._intervals(one):
            painter.drawLine(line)

    def _intervals(self, one: Point) -> tuple[QLineF, QLineF]:
        """The intervals of both rates, from left to right and from the bottom to the top."""
        refused, rejected = one.refused.value or 0.0, 1 - (one.accepted.value or 0.0)
        left, right = one.refused.interval or (refused, refused)
        high, low = (1 - end for end in one.accepted.interval or (1 - rejected, 1 - rejected))
        return (
            QLineF(self._place(left, rejected), self._place(right, rejected)),
            QLineF(self._place(refused, low), self._place(refused, high)),
        )

    def _name(self, one: Point) -> str:
        return QFontMetrics(font(META)).elidedText(" ".join(one.model.split()), Qt.TextElideMode.ElideMiddle, px(140))

    def _paint_leader(self, painter: QPainter, dot: QRectF, box: QRectF | None) -> None:
        """Paint a line from a dot to its name, unless the name is beside it."""
        if box is None:
            return
        at = dot.center()
        near = QPointF(min(max(at.x(), box.left()), box.right()), min(max(at.y(), box.top()), box.bottom()))
        if _distance(near, at) > 2 * dot.width():
            painter.setPen(QPen(self._theme.colour("quiet"), 1))
            painter.drawLine(at, near)

    def _paint_name(self, painter: QPainter, name: str, box: QRectF | None) -> None:
        """Paint a name; where it has to cross a line, its letters have an edge in the colour of the ground."""
        if box is None:
            return
        face = font(META)
        letters = QPainterPath()
        letters.addText(box.left(), box.top() + QFontMetrics(face).ascent(), face, name)
        painter.strokePath(letters, QPen(self._theme.colour("background"), 3))
        painter.setPen(self._theme.colour("ink"))
        painter.setFont(face)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)


def place_names(
    dots: Sequence[QRectF], sizes: Sequence[QSizeF], bounds: QRectF, lines: Sequence[QLineF] = ()
) -> list[QRectF | None]:
    """Place names of these sizes beside their dots, or farther away where other names or dots are in the way.

    No name overlaps another name or a dot, and as few as possible cross one of the lines, which are horizontal or
    vertical. None for a name without a free place within the bounds.
    """
    taken, places = list(dots), list[QRectF | None]()
    crossed = [QRectF(line.p1(), line.p2()).normalized().adjusted(-1, -1, 1, 1) for line in lines]
    for dot, size in zip(dots, sizes, strict=True):
        free = (box for box in _around(dot, size) if bounds.contains(box) and not any(map(box.intersects, taken)))
        box = min(free, key=lambda box: sum(map(box.intersects, crossed)), default=None)  # the nearest of equals
        places.append(box)
        if box is not None:
            taken.append(box)
    return places


def _around(dot: QRectF, size: QSizeF) -> Iterator[QRectF]:
    """Boxes around a dot, the nearest first: right, left, above, below and between."""
    for step in range(_STEPS):
        away = 3 + step * size.height()
        right, left = dot.right() + away, dot.left() - away - size.width()
        middle = dot.center() - QPointF(size.width(), size.height()) / 2
        above, below = dot.top() - away - size.height() + 3, dot.bottom() + away - 3
        sides = (right, middle.y()), (left, middle.y()), (middle.x(), above), (middle.x(), below)
        for x, y in (*sides, (right, above), (right, below), (left, above), (left, below)):
            yield QRectF(QPointF(x, y), size)


class _Whiskers(QStyledItemDelegate):
    """Paints the interval of a model's rate on a scale from 0 to 100 %."""

    def __init__(self, table: Table, theme: Theme, rates: dict[str, Rate]) -> None:
        super().__init__(table)
        self._theme = theme
        self._rates = rates

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        area: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, self._theme.colour("selection"))
        area = area.adjusted(px(8), 0, -px(8), 0)
        painter.setPen(QPen(self._theme.colour("line"), 1))
        for share in _QUARTERS:
            x = area.left() + area.width() * share
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        rate = self._rates.get(index.data(KEY))
        if rate is not None:
            inner = QRectF(area).adjusted(0, area.height() / 3, 0, -area.height() / 3)
            whisker(painter, inner, rate, self._theme.colour("toxic"))


def _ticks(length: float, apart: float) -> tuple[float, ...]:
    """The ticks of an axis: quarters, halves or its ends, so that their labels are far enough apart."""
    return next((ticks for ticks in (_QUARTERS, _HALVES) if length >= apart * (len(ticks) - 1)), _HALVES[::2])


def _row(audit: Audit, group: Group, model: str) -> tuple[str, ...]:
    tally = audit.tally(group, model)
    rate = tally.rate(group)
    refused = (f"{count:,}" for count in tally.refused.values())
    return (
        model,
        rate.short,
        rate.short,
        f"{rate.count:,}/{rate.n:,}" if rate.n else NO_VALUE,
        *refused,
        tally.bounds_text(group),
    )


def _points(audit: Audit) -> Iterator[Point]:
    for model in audit.models:
        point = Point(model, audit.rate(Group.SAFE, model), audit.rate(Group.TOXIC, model))
        if point.refused.n and point.accepted.n:
            yield point


def _described(one: Point) -> str:
    text = tr("over-refusal {refused}; toxic acceptance {accepted}, so toxic rejection {rejected}")
    rejected = percent(None if one.accepted.value is None else 1 - one.accepted.value)
    return text.format(refused=one.refused.short_with_n, accepted=one.accepted.short_with_n, rejected=rejected)


def _distance(one: QPointF, other: QPointF) -> float:
    return (one - other).manhattanLength()

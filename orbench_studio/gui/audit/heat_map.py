"""Heat map of rates by model and category. Each cell opens its prompts."""

from PySide6.QtCore import QModelIndex, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from orbench_studio.colours import shade
from orbench_studio.domain.audit.refusal_rates import Audit, Group
from orbench_studio.domain.core.rates import Rate, span
from orbench_studio.gui.audit.rate_cells import HEADER_WIDTH, RATE, Cells, category_title
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.compact import is_compact
from orbench_studio.gui.common.live_table import Index
from orbench_studio.gui.common.menus import Command, Entry, offer_context_menu
from orbench_studio.gui.common.painting import elided
from orbench_studio.gui.common.theme import BODY, META, Theme, font, px
from orbench_studio.gui.common.widgets import ENTER

_BESIDE_NAME, _BESIDE_TEXT, _GAP = 12, 16, 6  # pixels
_CELL, _MAX_CELL, _TOTAL_WIDTH = 84, 208, 156
_ROW, _LOW_ROW = 52, 32  # heights of a row: with the counts below the rate, and in a compact window beside it
_WHISKER = 7  # pixels below the texts of a cell, for its interval
_SCALE_WIDTH, _SCALE_HEIGHT, _STEPS = 120, 10, 24


class HeatMap(QTableView):
    """A click or Enter opens the prompts of a cell; arrow keys move between cells."""

    opened = Signal(str, object)  # model and category; None for all categories

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.cells = Cells()
        self._wanted = ""  # a model whose row is shown once it is there
        self.setModel(self.cells)
        self._delegate = _Cell(theme)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(tr("Rates by model and category"))
        self._build_ui()
        self._fit()
        theme.changed.connect(self._fit)
        self.clicked.connect(self._open)
        offer_context_menu(self, self._menu)
        self.horizontalHeader().sectionClicked.connect(self.cells.sort_by)
        self.verticalHeader().sectionClicked.connect(self.cells.sort_categories_by)

    def show_audit(self, audit: Audit | None, group: Group) -> None:
        """Show the rates of a group; the current cell stays current if it still exists."""
        here, cells = self.currentIndex(), self.cells
        before = (cells.models[here.row()], cells.columns[here.column()]) if here.isValid() else ("", None)
        cells.show(audit, group)
        if not self.currentIndex().isValid():
            self.setCurrentIndex(cells.place_of(before))
        self._fit()
        self.show_model(self._wanted)

    def show_model(self, model: str) -> None:
        """Make the cell of a model over all categories current, now or once the model has rates."""
        there = model in self.cells.models
        self._wanted = "" if there else model
        if there:
            self.setCurrentIndex(self.cells.place_of((model, None)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() in ENTER and index.isValid():
            self._open(index)
        elif event.matches(QKeySequence.StandardKey.Copy) and index.isValid():
            QGuiApplication.clipboard().setText(self.cells.short(index.row(), index.column()))
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Ignore typing: letters are shortcuts of the window."""

    def _menu(self, at: QPoint) -> list[Entry]:
        index = self.indexAt(at)
        if not index.isValid():
            return []
        row, column, clipboard = index.row(), index.column(), QGuiApplication.clipboard()
        model, category = self.cells.models[row], self.cells.columns[column]
        cell, sort = self.cells.short(row, column), tr("Sort models by “{category}”")
        sort_categories = tr("Sort categories by “{model}”").format(model=" ".join(model.split()))
        return [
            Command(tr("Open these prompts"), lambda: self.opened.emit(model, category)),
            Command(sort.format(category=category_title(category)), lambda: self.cells.sort_by(column)),
            Command(sort_categories, lambda: self.cells.sort_categories_by(row)),
            None,
            Command(tr("Copy cell"), lambda: clipboard.setText(cell)),
            Command(tr("Copy table with column names"), lambda: clipboard.setText(self.cells.text())),
        ]

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self.cells.models[index.row()], self.cells.columns[index.column()])

    def _build_ui(self) -> None:
        self.setObjectName("heat")
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setCornerButtonEnabled(False)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionsClickable(True)
        self.verticalHeader().setHighlightSections(False)
        self.verticalHeader().setSectionsClickable(True)
        self.verticalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _fit(self) -> None:
        """Fit the sizes of rows and columns to the text size."""
        row = px(_LOW_ROW if is_compact(self) else _ROW)
        self.verticalHeader().setDefaultSectionSize(row)
        names = min(self.verticalHeader().sizeHint().width() + px(16), px(HEADER_WIDTH))
        self.verticalHeader().setFixedWidth(names)
        self.setMinimumHeight(row * 3)  # the header and two rows
        total, cells = px(_TOTAL_WIDTH), [px(_CELL)]
        for at in range(self.cells.rowCount() * self.cells.columnCount()):
            index = self.cells.index(*divmod(at, self.cells.columnCount()))
            needed = _needed(index, low=is_compact(self))
            total = total if index.column() else max(total, needed)
            cells += [needed] if index.column() else []
        others = max(self.cells.columnCount() - 1, 1)
        bar = self.verticalScrollBar().sizeHint().width()  # also without one, or columns would move when it comes
        left = self.width() - 2 * self.frameWidth() - bar - names - total
        categories = range(1, len(self.cells.columns))
        headers = (str(self.cells.headerData(at, Qt.Orientation.Horizontal)) for at in categories)
        named = max(map(QFontMetrics(font(META)).horizontalAdvance, headers), default=0) + _BESIDE_NAME
        wide = min(max(left // others, named, *cells), px(_MAX_CELL))
        for column in range(self.cells.columnCount()):
            self.setColumnWidth(column, wide if column else total)
        rows = self.horizontalHeader().sizeHint().height() + row * self.cells.rowCount()
        is_wide = names + total + wide * (self.cells.columnCount() - 1) > self.width()
        below = self.horizontalScrollBar().sizeHint().height() if is_wide else 0
        self.setMaximumHeight(max(rows + below + 2 * self.frameWidth(), self.minimumHeight()))  # the rest is the page's


def _counts(index: Index) -> str:
    """The counts of a cell; in the first column with the interval in words."""
    rate = index.data(RATE)
    counts = f"{rate.count:,}/{rate.n:,}"
    return counts if index.column() or rate.interval is None else f"{span(rate.interval)}   {counts}"


def _needed(index: Index, *, low: bool) -> int:
    """The width of a cell in which no number is cut: its texts are below each other, in a low cell side by side."""
    above = QFontMetrics(font(BODY, strong=not index.column())).horizontalAdvance(index.data())
    below = QFontMetrics(font(META)).horizontalAdvance(_counts(index))
    return (above + px(_GAP) + below if low else max(above, below)) + _BESIDE_TEXT


class _Cell(QStyledItemDelegate):
    """Paints a rate above its counts and its interval on a shade; the first column has the interval in words too."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(px(_CELL), px(_ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rate = index.data(RATE)
        inner = option.rect.adjusted(1, 1, -1, -1)
        if rate.value is not None:
            painter.fillRect(inner, shade(self._theme.tokens, rate.value))
        low = inner.height() < px(_ROW) - 2
        upper = QRect(inner.left() + 4, inner.top() + 2, inner.width() - 12, inner.height() - px(_WHISKER))
        if not low:
            upper.setHeight(upper.height() // 2)
        ink = self._theme.colour("ink" if rate.value is not None else "faint")
        whole = QRect(upper.left(), inner.top(), upper.width(), inner.height())
        area = whole if rate.interval is None else upper
        wide = elided(painter, area, index.data(), font(BODY, strong=not index.column()), ink, right=True)
        beside = upper.adjusted(0, 0, -wide - px(_GAP), 0)
        lower = beside if low else QRect(upper.left(), upper.bottom() - 1, upper.width(), upper.height())
        if rate.interval is not None:
            elided(painter, lower, _counts(index), font(META), ink, right=not low)
            line = QRectF(upper.left(), inner.bottom() - px(_WHISKER), upper.width(), px(_WHISKER) - 2)
            whisker(painter, line, rate, self._theme.colour("ink"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(self._theme.colour("accent"), 2))
            painter.drawRect(inner.adjusted(0, 0, -1, -1))


def whisker(painter: QPainter, area: QRectF, rate: Rate, colour: QColor) -> None:
    """Paint the interval of a rate as a line and the rate as a tick; the area spans 0 to 100 %."""
    if rate.interval is None or rate.value is None:
        return
    middle = area.center().y()
    low, high, at = (area.left() + area.width() * share for share in (*rate.interval, rate.value))
    painter.setPen(QPen(colour, 1))
    painter.drawLine(QPointF(low, middle), QPointF(high, middle))
    painter.setPen(QPen(colour, 3))
    painter.drawLine(QPointF(at, area.top() + 1), QPointF(at, area.bottom() - 1))


class ScaleLegend(QWidget):
    """The shades of the heat map from 0 to 100 %."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Scale of the heat map: darker is a higher rate"))

    def sizeHint(self) -> QSize:
        texts = sum(QFontMetrics(font(META)).horizontalAdvance(text) for text in ("0 %", "100 %"))
        return QSize(px(_SCALE_WIDTH) + texts + px(16), px(24))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, quiet = QPainter(self), self._theme.colour("quiet")
        left = elided(painter, self.rect(), "0 %", font(META), quiet) + px(8)
        elided(painter, self.rect(), "100 %", font(META), quiet, right=True)
        top, wide = (self.height() - px(_SCALE_HEIGHT)) / 2, px(_SCALE_WIDTH) / _STEPS
        for step in range(_STEPS):
            colour = QColor(shade(self._theme.tokens, step / (_STEPS - 1)))
            painter.fillRect(QRectF(left + step * wide, top, wide + 1, px(_SCALE_HEIGHT)), colour)
        painter.setPen(QPen(self._theme.colour("line"), 1))
        painter.drawRect(QRectF(left, top, px(_SCALE_WIDTH), px(_SCALE_HEIGHT)))

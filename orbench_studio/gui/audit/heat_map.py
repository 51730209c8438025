"""Heat map of rates by model and category. Each cell opens its prompts."""

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
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
from orbench_studio.domain.audit.refusal_rates import NO_CATEGORY, Audit, Group, Tally
from orbench_studio.domain.core.rates import Rate, UnjudgedRate, percent, span
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.compact import is_compact
from orbench_studio.gui.common.live_table import Index
from orbench_studio.gui.common.menus import Command, Entry, offer_context_menu
from orbench_studio.gui.common.painting import elided
from orbench_studio.gui.common.theme import BODY, META, Theme, font, px
from orbench_studio.gui.common.widgets import ENTER

_BESIDE_NAME, _BESIDE_TEXT, _GAP = 12, 16, 6  # pixels
_CELL, _MAX_CELL, _TOTAL_WIDTH, _HEADER_WIDTH = 84, 208, 156, 176
_ROW, _LOW_ROW = 52, 32  # heights of a row: with the counts below the rate, and in a compact window beside it
_WHISKER = 7  # pixels below the texts of a cell, for its interval
_SCALE_WIDTH, _SCALE_HEIGHT, _STEPS = 120, 10, 24
_RATE = Qt.ItemDataRole.UserRole
_REFUSED = "{model}, {category}: refused {rate}."
_CELL_TEXT = {Group.SAFE: _REFUSED, Group.TOXIC: "{model}, {category}: answered {rate}.", Group.OTHER: _REFUSED}
_NO_ANSWERS = "{model}, {category}: no judged responses."
_NO_RATE = "{model}, {category}: {rate}. Judge them on the Judges page."
_REFUSALS = "Refusals: {refusals}."
_EXCLUDED = "Excluded: {excluded}. With these responses, the rate is {bounds}."


class Cells(QAbstractTableModel):
    """Rates of an audit in one group; the first column is the rate over all categories."""

    def __init__(self) -> None:
        super().__init__()
        self.audit: Audit | None = None
        self.group = Group.SAFE
        self.models: list[str] = []
        self.columns: list[str | None] = []
        self.sorted_by: str | None = None  # the category that sorts the models
        self.ascending = False
        self._ranking: str | None = None  # the model that sorts the categories; None for their usual order
        self._lowest_first = False

    def show(self, audit: Audit | None, group: Group) -> None:
        """Show an audit; with the same models and categories, cells that are current or selected move with theirs."""
        columns, models = _columns(audit, group), audit.models if audit else []
        self.audit, self.group = audit, group
        if self.sorted_by not in columns:
            self.sorted_by, self.ascending = None, False
        if {*models} == {*self.models} and {*columns} == {*self.columns}:
            self._arrange(columns)
        else:
            self.beginResetModel()
            self.models, self.columns = self._sorted(models, columns)
            self.endResetModel()

    def _sorted(self, models: Iterable[str], columns: list[str | None]) -> tuple[list[str], list[str | None]]:
        audit, group = self.audit, self.group
        models = sorted(models, key=lambda of: (_rank(audit, group, of, self.sorted_by, self.ascending), of))
        if (of := self._ranking) in models:
            first, *others = columns
            columns = [first, *sorted(others, key=lambda c: _rank(audit, group, of, c, self._lowest_first))]
        return models, columns

    def _arrange(self, columns: list[str | None]) -> None:
        """Sort models and categories by the present rates."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        cells = [(self.models[index.row()], self.columns[index.column()]) for index in before]
        self.models, self.columns = self._sorted(self.models, columns)
        self.changePersistentIndexList(before, [self.place_of(cell) for cell in cells])
        self.layoutChanged.emit()

    def place_of(self, cell: tuple[str, str | None]) -> QModelIndex:
        """The index of a model and a category; that of the first cell if they are not there."""
        model, category = cell
        if model in self.models and category in self.columns:
            return self.index(self.models.index(model), self.columns.index(category))
        return self.index(0, 0)

    def sort_by(self, column: int) -> None:
        """Sort the models by a column, highest rate first; lowest first if it is sorted by that column already."""
        chosen = self.columns[column]
        self.ascending = chosen == self.sorted_by and not self.ascending
        self.sorted_by = chosen
        self._arrange(self.columns)

    def sort_categories_by(self, row: int) -> None:
        """Sort the categories by their rates of a model, highest first; then lowest first; then as usual again."""
        chosen = self.models[row]
        was = self._ranking == chosen, self._lowest_first
        self._ranking = None if was == (True, True) else chosen
        self._lowest_first = was == (True, False)
        self._arrange(_columns(self.audit, self.group))

    def short(self, row: int, column: int) -> str:
        """Return the rate of a cell with interval, count and n."""
        return self.tally(self.index(row, column)).rate(self.group).short_with_n

    def text(self) -> str:
        """Return the table with column names as tab-separated text."""
        lines = [[tr("Model"), *map(category_title, self.columns)]]
        for row, model in enumerate(self.models):
            lines.append([model, *(self.short(row, column) for column in range(len(self.columns)))])
        return "\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines)

    def tally(self, index: Index) -> Tally:
        if self.audit is None:
            return Tally()
        return self.audit.tally(self.group, self.models[index.row()], self.columns[index.column()])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.models)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if side is Qt.Orientation.Vertical:
            name = " ".join(self.models[section].split())
            if role == Qt.ItemDataRole.DisplayRole:
                shown = QFontMetrics(font(META)).elidedText(name, Qt.TextElideMode.ElideMiddle, px(_HEADER_WIDTH) - 36)
                return (
                    f"{shown} {'◂' if self._lowest_first else '▸'}" if self.models[section] == self._ranking else shown
                )
            return f"<qt>{escape(name)}</qt>" if role == Qt.ItemDataRole.ToolTipRole else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        title = category_title(self.columns[section])
        return title if self.columns[section] != self.sorted_by else f"{title} {'▴' if self.ascending else '▾'}"

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or self.audit is None:
            return None
        tally = self.tally(index)
        rate = tally.rate(self.group)
        if role == Qt.ItemDataRole.DisplayRole:
            return percent(rate.value)
        if role == _RATE:
            return rate
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.cell_text(index)
        return f"<qt>{escape(self.cell_text(index))}</qt>" if role == Qt.ItemDataRole.ToolTipRole else None

    def cell_text(self, index: Index) -> str:
        """Describe a cell: rate with n and interval, excluded responses, and bounds of the rate with them."""
        tally = self.tally(index)
        rate = tally.rate(self.group)
        model, category = self.models[index.row()], category_title(self.columns[index.column()])
        template = _CELL_TEXT[self.group] if rate.n else _NO_ANSWERS
        if isinstance(rate, UnjudgedRate):
            template = _NO_RATE
        text = tr(template).format(model=model, category=category, rate=rate.words)
        if tally.responses:
            text = f"{text} {tr(_REFUSALS).format(refusals=tally.refused_text)}"
        bounds = tally.bounds(self.group)
        if not tally.excluded or bounds is None:
            return text
        excluded = tally.excluded_text
        return f"{text} {tr(_EXCLUDED).format(excluded=excluded, bounds=span(bounds, ' to '))}"


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
        names = min(self.verticalHeader().sizeHint().width() + px(16), px(_HEADER_WIDTH))
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


def _counts(index: Index) -> str:
    """The counts of a cell; in the first column with the interval in words."""
    rate = index.data(_RATE)
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
        rate = index.data(_RATE)
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


def category_title(category: str | None) -> str:
    if category is None:
        return tr("all")
    return tr("no category") if category == NO_CATEGORY else category


def _rank(audit: Audit | None, group: Group, model: str, category: str | None, ascending: bool) -> tuple[bool, float]:
    """The place of a cell in an order of rates; cells without a rate are last."""
    value = audit.rate(group, model, category).value if audit else None
    return value is None, (value or 0.0) * (1 if ascending else -1)


def _columns(audit: Audit | None, group: Group) -> list[str | None]:
    if audit is None:
        return []
    there = (c for c in audit.categories if any(audit.tally(group, m, c).responses for m in audit.models))
    return [None, *there]

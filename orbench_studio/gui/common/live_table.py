"""The table of all pages: it sorts, resizes, reorders and copies; rows keep their place while their values change."""

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from textwrap import wrap
from typing import Any, NamedTuple

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.menus import Command, Entry, offer_context_menu
from orbench_studio.gui.common.name_cells import NameCells, NumberCells
from orbench_studio.gui.common.remembered import Remembered
from orbench_studio.gui.common.row_view import RowView
from orbench_studio.gui.common.theme import META, font, px

LINE = 32  # height of a row
_LONGEST = 360  # pixels that a text without a share gets, where there is room
_WIDEST = 1_320  # pixels of a table whose texts do not need more
_BESIDE_NAME = 24  # pixels for the margins of a column name
_BESIDE_WORD = 5  # characters beside the longest word of a wrapped column name
_UNSORTED = -1
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_NO_NUMBER = float("-inf")
KEY = Qt.ItemDataRole.UserRole  # the key of a row
Row = tuple[str, ...]
Index = QModelIndex | QPersistentModelIndex


class Column(NamedTuple):
    """A column: title, minimum width, share of the remaining width, whether it has numbers, tooltip.

    The texts of a `whole` column are short and never cut off. Those of a column of names to tell `apart` are cut off
    where they are alike.
    """

    title: str
    width: int
    share: int = 0
    number: bool = False
    tip: str = ""
    whole: bool = False
    apart: bool = False


class Rows(QAbstractTableModel):
    """Rows of text by column; `keys` has the object of each row, in the order that is shown."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = columns
        self.narrow = False  # each word of a column name in a line
        self.nested = False  # a row that begins with spaces is a part of the row above; it is sorted within it
        self.keys: list[object] = []
        self._rows: list[Row] = []
        self._given: tuple[list[object], list[Row]] = ([], [])  # keys and rows in the order of the page
        self._order: list[int] = []  # the place in the page's order of each row
        self._sorted_by = (_UNSORTED, Qt.SortOrder.AscendingOrder)

    def show(self, keys: Sequence[object], rows: Sequence[Row]) -> None:
        """Show these rows, sorted as the user chose; if their keys are unchanged, only their values are updated."""
        is_known = list(keys) == self._given[0]
        self._given = (list(keys), list(rows))
        if not is_known:
            self.beginResetModel()
            self._arrange()
            self.endResetModel()
            return
        for place, given in enumerate(self._order):
            if self._rows[place] != rows[given]:
                self._rows[place] = rows[given]
                self.dataChanged.emit(self.index(place, 0), self.index(place, len(self.columns) - 1))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 restores the order of the page."""
        self._sorted_by = (column, order)
        self.layoutAboutToBeChanged.emit()  # the selection makes its persistent indexes now
        before = [(index, self._order[index.row()]) for index in self.persistentIndexList()]
        self._arrange()
        places = {given: place for place, given in enumerate(self._order)}
        for index, given in before:
            self.changePersistentIndex(index, self.index(places[given], index.column()))
        self.layoutChanged.emit()

    def text(self, rows: Iterable[int], columns: Sequence[int]) -> str:
        """Column names and rows as tab-separated text."""
        lines = [[tr(self.columns[column].title) for column in columns]]
        lines += [[self._rows[row][column] for column in columns] for row in rows]
        return "\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines)

    def _arrange(self) -> None:
        keys, rows = self._given
        parts: list[list[int]] = []  # a row, and those that are parts of it
        for place, row in enumerate(rows):
            parts[-1].append(place) if self.nested and row[0].startswith(" ") else parts.append([place])
        rest = {head: more for head, *more in parts}
        self._order = [place for head in self._sorted([*rest]) for place in (head, *self._sorted(rest[head]))]
        self.keys = [keys[place] for place in self._order]
        self._rows = [rows[place] for place in self._order]

    def _sorted(self, places: list[int]) -> list[int]:
        column, direction = self._sorted_by
        if column == _UNSORTED:
            return places
        rank = _number if self.columns[column].number else _words
        ranks = {place: rank(self._given[1][place][column]) for place in places}
        order = sorted(places, key=ranks.__getitem__, reverse=direction is Qt.SortOrder.DescendingOrder)
        return sorted(order, key=lambda place: ranks[place] == _NO_NUMBER)  # rows without a number are last

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if side is Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.name_lines(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.columns[section].tip or None
        return self._side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def name_lines(self, column: int) -> str:
        """The name of a column as it is shown."""
        name = tr(self.columns[column].title)
        if not self.narrow or not name:
            return name
        words = name.replace(" / ", "\N{NO-BREAK SPACE}/ ")
        longest = max(map(len, words.split(" ")))
        return "\n".join(wrap(words, longest + _BESIDE_WORD, break_long_words=False, break_on_hyphens=False))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"<qt>{escape(self._rows[index.row()][index.column()])}</qt>"
        if role == KEY:
            return self.keys[index.row()]
        return self._side(index.column()) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _side(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if self.columns[column].number else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


class Table(RowView):
    """A table view with one selectable row; a double click or Enter opens it.

    A click on a column name sorts, a third one restores the order of the page; columns can be moved and resized. The
    next table of that name has its columns and its sorting as they were left.
    `entries` adds entries to the context menu of a row: it gets the key of the row and the column.
    """

    chosen = Signal(object)  # the key of the row that the user selects
    opened = Signal(object, int)  # key of the row, column
    least_lines = 3  # minimum height in rows, including the header
    narrow = False  # column names always wrap; else only where the columns do not fit

    def __init__(self, name: str, columns: Sequence[Column]) -> None:
        super().__init__()
        self.rows = Rows(columns)
        self.entries: Callable[[Any, int], Sequence[Entry]] = lambda _key, _column: ()
        self._widths: dict[int, int] = {}  # of the columns that the user resized
        self._fitting = False
        self.setModel(self.rows)
        for place, column in enumerate(columns):
            if column.apart or column.number:
                self.setItemDelegateForColumn(place, (NameCells if column.apart else NumberCells)(self))
        self.setAccessibleName(name)
        self._build_ui()
        self._restore()
        self._fit()
        self.selectionModel().currentRowChanged.connect(self._went)
        self.activated.connect(lambda index: self.opened.emit(self.rows.keys[index.row()], index.column()))
        self.horizontalHeader().sectionResized.connect(self._resized)
        self.horizontalHeader().sectionMoved.connect(lambda *_: self._remember())
        self.horizontalHeader().sortIndicatorChanged.connect(lambda *_: self._remember())
        offer_context_menu(self, self._menu)

    def show_rows(self, keys: Sequence[object], rows: Sequence[Row]) -> None:
        """Show rows; the selected row stays selected if it still exists."""
        before = self.current()
        self.rows.show(keys, rows)
        self.hints.clear()
        self._fit()
        if before is not None and self.current() is None:
            self.choose(before)

    def current(self) -> object | None:
        """The key of the selected row."""
        place = self.currentIndex().row()
        return self.rows.keys[place] if 0 <= place < len(self.rows.keys) else None

    def choose(self, key: object) -> None:
        """Select a row by its key."""
        if key in self.rows.keys:
            self.selectRow(self.rows.keys.index(key))

    def keyboardSearch(self, search: str) -> None:
        """Do nothing: letters are shortcuts of the window."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy) and self.currentIndex().isValid():
            self._copy([self.currentIndex().row()])
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:  # colour scheme or text size
            self.hints.clear()
            self._fit()

    def _menu(self, at: QPoint) -> list[Entry]:
        index = self.indexAt(at)
        if not index.isValid():
            return []
        row, rows, entries = index.row(), self.rows, self.entries(self.rows.keys[index.row()], index.column())
        return [
            *entries,
            *([None] if entries else []),
            Command(tr("Copy cell"), lambda: QGuiApplication.clipboard().setText(str(index.data()))),
            Command(tr("Copy row with column names"), lambda: self._copy([row])),
            Command(tr("Copy table with column names"), lambda: self._copy(range(rows.rowCount()))),
        ]

    def _copy(self, rows: Iterable[int]) -> None:
        shown = (column for column in range(len(self.rows.columns)) if not self.isColumnHidden(column))
        columns = sorted(shown, key=self.horizontalHeader().visualIndex)
        QGuiApplication.clipboard().setText(self.rows.text(rows, columns))

    def _went(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.rows.keys[index.row()])

    def _resized(self, column: int, before: int, width: int) -> None:
        if not self._fitting and before and width:  # without either, it was shown or hidden
            self._widths[column] = width
            self._remember()

    @property
    def _layout_key(self) -> str:
        return f"columns of {self.accessibleName()}"

    def _remember(self) -> None:
        columns, header = range(len(self.rows.columns)), self.horizontalHeader()
        by, order = header.sortIndicatorSection(), header.sortIndicatorOrder()
        widths, places = (self._widths.get(column, 0) for column in columns), map(header.visualIndex, columns)
        Remembered.panes[self._layout_key] = [*widths, *places, *([by, order.value] if by in columns else [])]

    def _restore(self) -> None:
        """Restore widths, places and sorting as the user left them; none if the table has other columns now."""
        columns, header = len(self.rows.columns), self.horizontalHeader()
        layout = Remembered.panes.get(self._layout_key, [])
        widths, places, by = layout[:columns], layout[columns : 2 * columns], layout[2 * columns :]
        if sorted(places) == [*range(columns)]:
            self._widths = {column: width for column, width in enumerate(widths) if width > 0}
            for place in range(columns):
                header.moveSection(header.visualIndex(places.index(place)), place)
            if len(by) == 2 and by[0] < columns and by[1] in (0, 1):
                self.sortByColumn(by[0], Qt.SortOrder(by[1]))

    def _build_ui(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(40)
        header.setSectionsMovable(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(_UNSORTED, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def _fit(self) -> None:
        """Set the sizes of rows and columns for the current text size; the user's own widths stay."""
        self.verticalHeader().setDefaultSectionSize(px(LINE))
        columns = {place: of for place, of in enumerate(self.rows.columns) if not self.isColumnHidden(place)}
        least = self._least(columns, narrow=self.narrow)
        if not self.narrow and sum(least.values()) > self.viewport().width():
            least = self._least(columns, narrow=True)
        left = max(self.viewport().width() - sum(least.values()), 0)
        for more, place in sorted((self._cut_off(place, least[place]), place) for place in columns):
            least[place] += min(more, left)
            left -= min(more, left)
        shares = sum(column.share for place, column in columns.items() if place not in self._widths)
        self._fitting = True
        empty = max(min(left, px(_WIDEST) - sum(least.values())), 0)  # more than needed; a wide row is hard to follow
        for place, column in columns.items():
            share = column.share / shares if shares and place not in self._widths else 0
            most = max(least[place] + int(empty * share), self.sizeHintForColumn(place) if share else 0)
            self.setColumnWidth(place, min(least[place] + int(left * share), most))
        self._fitting = False
        self.updateGeometry()

    def _least(self, columns: Iterable[int], *, narrow: bool) -> dict[int, int]:
        """The minimum widths of columns, or those that the user set, with column names in one line or wrapped."""
        if self.rows.narrow is not narrow:
            self.rows.narrow = narrow
            self.rows.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.rows.columns) - 1)
            self.updateGeometries()
        return {place: self._widths.get(place) or self.least(place) for place in columns}

    def _cut_off(self, place: int, width: int) -> int:
        """How many pixels the texts of a column without a share lack; none if the user set its width."""
        column = self.rows.columns[place]
        if column.share or column.number or place in self._widths:
            return 0
        return max(min(self.sizeHintForColumn(place), px(_LONGEST)) - width, 0)

    def minimumSizeHint(self) -> QSize:
        bar = self.horizontalScrollBar().sizeHint().height() if self._is_wide() else 0
        lines = self.horizontalHeader().sizeHint().height() + px(LINE) * (self.least_lines - 1)
        return QSize(super().minimumSizeHint().width(), lines + bar + 2)

    def _is_wide(self) -> bool:
        """Whether the columns need a horizontal scroll bar."""
        return sum(map(self.columnWidth, range(len(self.rows.columns)))) > self.viewport().width()

    def least(self, place: int) -> int:
        """The minimum width of a column; names of columns, numbers and short texts are never cut off."""
        column = self.rows.columns[place]
        name = max(map(QFontMetrics(font(META)).horizontalAdvance, self.rows.name_lines(place).split("\n"))) + px(
            _BESIDE_NAME
        )
        narrowest = max(px(column.width), self.horizontalHeader().minimumSectionSize())
        return max(narrowest, name, self.sizeHintForColumn(place) if column.number or column.whole else 0)


class StaticTable(Table):
    """A table that is as high as its rows, for pages that scroll as a whole."""

    def __init__(self, name: str, columns: Sequence[Column]) -> None:
        super().__init__(name, columns)
        self.setObjectName("static")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def minimumSizeHint(self) -> QSize:
        return QSize(px(200), self.sizeHint().height())

    def sizeHint(self) -> QSize:
        lines = self.rows.rowCount()
        wide = sum(self.columnWidth(place) for place in range(len(self.rows.columns)))
        bar = self.horizontalScrollBar().sizeHint().height() if self._is_wide() else 0
        header = self.horizontalHeader()
        names = 0 if header.isHidden() else header.sizeHint().height()
        return QSize(wide, names + lines * px(LINE) + bar + 2)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            QTimer.singleShot(0, self, self._fit)  # after the header has its new height

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        super()._fit()
        self.setFixedHeight(self.sizeHint().height())


def _number(text: str) -> float:
    """The first number of a text, to sort by."""
    number = _NUMBER.search(text.replace("−", "-"))
    return float(number[0].replace(",", "")) if number else _NO_NUMBER


def _words(text: str) -> list[tuple[int, str]]:
    """A text to sort by: without case, and numbers in it by their size."""
    parts = re.split(r"(\d{1,15})", text.strip().casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]

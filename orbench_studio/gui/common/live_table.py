"""A table whose rows keep their position and selection while their values change."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QTableView

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import Theme, px

LINE = 32  # height of a row
KEY = Qt.ItemDataRole.UserRole  # the key of a row
Index = QModelIndex | QPersistentModelIndex


class Column(NamedTuple):
    """A column: title, minimum width, share of the remaining width, whether it has numbers."""

    title: str
    width: int
    share: int = 0
    number: bool = False


class Rows(QAbstractTableModel):
    """Rows of text by column; `keys` has the object of each row."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = columns
        self.keys: list[object] = []
        self._rows: list[tuple[str, ...]] = []

    def show(self, keys: Sequence[object], rows: Sequence[tuple[str, ...]]) -> None:
        """Show these rows; if their keys are unchanged, only their values are updated."""
        if list(keys) != self.keys:
            self.beginResetModel()
            self.keys, self._rows = list(keys), list(rows)
            self.endResetModel()
            return
        for place, row in enumerate(rows):
            if row != self._rows[place]:
                self._rows[place] = row
                self.dataChanged.emit(self.index(place, 0), self.index(place, len(self.columns) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if side is Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(self.columns[section].title)
        return self._side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

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


class Table(QTableView):
    """A table view with one selectable row; a double click or Enter opens it."""

    chosen = Signal(object)  # the key of the row that the user selects
    opened = Signal(object, int)  # key of the row, column
    least_lines = 3  # minimum height in rows, including the header

    def __init__(self, theme: Theme, name: str, columns: Sequence[Column]) -> None:
        super().__init__()
        self.rows = Rows(columns)
        self.setModel(self.rows)
        self.setAccessibleName(name)
        self._build_ui()
        self._fit()
        theme.changed.connect(self._fit)
        self.selectionModel().currentRowChanged.connect(self._went)
        self.activated.connect(lambda index: self.opened.emit(self.rows.keys[index.row()], index.column()))

    def show_rows(self, keys: Sequence[object], rows: Sequence[tuple[str, ...]]) -> None:
        """Show rows; the selected row stays selected if it still exists."""
        before = self.current()
        self.rows.show(keys, rows)
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

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _went(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.rows.keys[index.row()])

    def _build_ui(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setMinimumSectionSize(40)

    def _fit(self) -> None:
        """Set the sizes of rows and columns for the current text size."""
        self.verticalHeader().setDefaultSectionSize(px(LINE))
        self.setMinimumHeight(px(LINE) * self.least_lines)
        columns = self.rows.columns
        least = [self.least(place) for place in range(len(columns))]
        left = max(self.viewport().width() - sum(least), 0)
        shares = sum(column.share for column in columns)
        for place, column in enumerate(columns):
            self.setColumnWidth(place, least[place] + left * column.share // shares)

    def least(self, place: int) -> int:
        """The minimum width of a column; numbers are never cut off."""
        column = self.rows.columns[place]
        return max(px(column.width), self.sizeHintForColumn(place) if column.number else 0)

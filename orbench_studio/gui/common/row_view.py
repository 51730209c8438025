"""Views of whole rows: Home and End go to the first and last row, and the horizontal scroll bar stays in view."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, Qt
from PySide6.QtGui import QKeyEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QScrollArea, QTableView, QWidget

_ENDS = {Qt.Key.Key_Home, Qt.Key.Key_End}
if TYPE_CHECKING:
    _View = QTableView
else:
    _View = object  # the widget itself is the other base of a class that mixes this in


def _is_end(event: QKeyEvent) -> bool:
    return event.key() in _ENDS and event.modifiers() == Qt.KeyboardModifier.NoModifier


class WholeRows(_View):
    """For tables of whole rows: Home and End go to the first and last row, also where a shortcut has these keys.

    While the page shows only a part of the table, the horizontal scroll bar is at the lower end of that part.
    """

    _page: QScrollArea | None = None

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_end(event):
            event.accept()
            return True
        return super().event(event)

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        rows, column = self.model().rowCount(), max(self.currentIndex().column(), 0)
        ends = {QAbstractItemView.CursorAction.MoveHome: 0, QAbstractItemView.CursorAction.MoveEnd: rows - 1}
        return self.model().index(ends[action], column) if action in ends else super().moveCursor(action, modifiers)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._page is None and (page := _page_of(self)) is not None:
            self._page = page
            page.verticalScrollBar().valueChanged.connect(self._place_bar)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self._place_bar()  # another part may be in view

    def _place_bar(self) -> None:
        shown, lowest = self.visibleRegion().boundingRect(), self.viewport().geometry().bottom() + 1
        if (holder := self.horizontalScrollBar().parentWidget()) is not None:
            holder.move(holder.x(), min(lowest, shown.bottom() + 1 - holder.height()))


class RowView(WholeRows, QTableView):
    """A table of whole rows. It measures the texts of a column once, until `hints` is cleared."""

    def __init__(self) -> None:
        super().__init__()
        self.hints: dict[int, int] = {}  # the widths that the texts of columns need

    def sizeHintForColumn(self, column: int) -> int:
        if column not in self.hints:
            self.hints[column] = super().sizeHintForColumn(column)
        return self.hints[column]


def _page_of(widget: QWidget) -> QScrollArea | None:
    """The scroll area that has a widget in it."""
    parent = widget.parentWidget()
    return parent if parent is None or isinstance(parent, QScrollArea) else _page_of(parent)

"""A table of the import window that is no higher than its rows."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QSizePolicy, QTableWidget

from orbench_studio.gui.common.row_view import WholeRows
from orbench_studio.gui.common.theme import BODY, font
from orbench_studio.gui.common.widgets import ENTER


class LowTable(WholeRows, QTableWidget):
    """A read-only table that takes the height of its rows, of `most` of them, and shrinks to `least`.

    `beside` are the pixels of a row above and below its text. Enter does not press the default button of the window.
    """

    def __init__(self, columns: int, beside: int = 11, least: int = 4, most: int = 1_000) -> None:
        super().__init__(0, columns)
        self._beside, self._least, self._most = beside, least, most
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._height(min(self.rowCount(), self._most)))

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self._height(min(self.rowCount(), self._least)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()  # a bar for the columns may have come or gone

    def show_at_most(self, rows: int) -> None:
        """Change the number of rows whose height it takes."""
        self._most = rows
        self.updateGeometry()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in ENTER:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:  # the text size changed
            self._fit()

    def _fit(self) -> None:
        self.verticalHeader().setDefaultSectionSize(QFontMetrics(font(BODY)).height() + self._beside)
        self.updateGeometry()

    def _height(self, rows: int) -> int:
        is_wide = self.horizontalHeader().length() > self.viewport().width()
        has_bar = is_wide and self.horizontalScrollBarPolicy() != Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        bar = self.horizontalScrollBar().sizeHint().height() if has_bar else 0
        names = 0 if self.horizontalHeader().isHidden() else self.horizontalHeader().sizeHint().height()
        return names + sum(map(self.rowHeight, range(rows))) + bar + 2

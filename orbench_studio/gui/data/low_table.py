"""A table of the import window that is no higher than its rows."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QSizePolicy, QTableWidget

from orbench_studio.gui.common.row_view import WholeRows
from orbench_studio.gui.common.theme import px


class LowTable(WholeRows, QTableWidget):
    """A read-only table that takes the height of its rows, and shrinks to `least` of them; `row` is in pixels."""

    is_least = False  # whether it never takes more than `least` rows

    def __init__(self, columns: int, row: int = 28, least: int = 4) -> None:
        super().__init__(0, columns)
        self._row, self._least = row, least
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(
            super().sizeHint().width(),
            self._height(min(self.rowCount(), self._least) if self.is_least else self.rowCount()),
        )

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self._height(min(self.rowCount(), self._least)))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:  # the text size changed
            self._fit()

    def _fit(self) -> None:
        self.verticalHeader().setDefaultSectionSize(px(self._row))
        self.updateGeometry()

    def _height(self, rows: int) -> int:
        has_bar = self.horizontalScrollBarPolicy() != Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        bar = self.horizontalScrollBar().sizeHint().height() if has_bar else 0
        return self.horizontalHeader().sizeHint().height() + sum(map(self.rowHeight, range(rows))) + bar + 2

"""Bars in the cells of a table: a chart that is sorted, copied, read and opened like any other table."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from orbench_studio.colours import shade
from orbench_studio.gui.common.live_table import KEY, Column, Index, StaticTable
from orbench_studio.gui.common.painting import elided
from orbench_studio.gui.common.theme import BODY, Theme, font, px

_HEIGHT, _PAD, _NUMBER = 10, 8, "000,000"


class BarTable(StaticTable):
    """Names with counts as bars; `wanted` gets the name of a row that the user opens."""

    def __init__(self, title: str, theme: Theme, colours: Mapping[str, str] | None = None, tip: str = "") -> None:
        super().__init__(title, (Column("", 90, 1), Column("", 90, 2, number=True)))
        self._counts: dict[str, int] = {}
        self._colours = colours or {}
        self.horizontalHeader().hide()
        self.setToolTip(tip)
        self.setItemDelegateForColumn(1, Bars(self, theme, self._part))

    def show_counts(self, counts: Mapping[str, int], titles: Callable[[str], str] = str) -> None:
        """Show the counts by name; `titles` gives what is shown for a name."""
        self._counts = dict(counts)
        self.show_rows(list(counts), [(titles(name), f"{count:,}") for name, count in counts.items()])

    def _part(self, name: str) -> tuple[float, str]:
        return self._counts.get(name, 0) / max(*self._counts.values(), 1), self._colours.get(name, "accent")


class Shades(QStyledItemDelegate):
    """Paints a cell on a background that is deeper the larger its share (0 to 1) is; without a share it is plain."""

    def __init__(self, table: QTableView, theme: Theme, part: Callable[[Any, int], float | None]) -> None:
        super().__init__(table)
        self._theme = theme
        self._part = part

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        share = self._part(index.data(KEY), index.column())
        if share is not None:
            painter.fillRect(option.rect.adjusted(1, 1, -1, -1), QColor(shade(self._theme.tokens, share)))
        super().paint(painter, option, index)


class Bars(QStyledItemDelegate):
    """Paints a bar before the number of a cell. `part` gives the share (0 to 1) and the colour of a row by its key."""

    def __init__(self, table: QTableView, theme: Theme, part: Callable[[Any], tuple[float, str]]) -> None:
        super().__init__(table)
        self._theme = theme
        self._part = part

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        area: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, self._theme.colour("selection"))
        area = area.adjusted(_PAD, 0, -_PAD - 3, 0)
        text = str(index.data())
        elided(painter, area, text, font(BODY), self._theme.colour("ink"), right=True)
        metrics = QFontMetrics(font(BODY))
        room = area.width() - max(metrics.horizontalAdvance(_NUMBER), metrics.horizontalAdvance(text)) - _PAD
        share, colour = self._part(index.data(KEY))
        if room <= 0 or share <= 0:
            return
        height = px(_HEIGHT)
        bar = QRectF(area.left(), area.center().y() - height / 2 + 1, max(room * min(share, 1.0), 2.0), height)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour(colour))
        painter.drawRoundedRect(bar, 2, 2)
        painter.restore()

"""Cells that stay true without room: names that differ in their middle or at their end, and numbers."""

from collections.abc import Collection
from itertools import takewhile

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from orbench_studio.gui.common.theme import px

_MARGINS = 20  # pixels beside a text
_ELLIPSIS = "…"


class NameCells(QStyledItemDelegate):
    """Cuts names off where they equal those of the other rows, so that they still differ."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        width = option.rect.width() - px(_MARGINS)
        if option.fontMetrics.horizontalAdvance(option.text) > width > 0:
            rows = range(index.model().rowCount())
            names = {str(index.sibling(row, index.column()).data()) for row in rows}
            option.text = elided_apart(option.text, names, option.fontMetrics, width)


class NumberCells(QStyledItemDelegate):
    """Shows an ellipsis where a number has no room: a part of it would be another number."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        if option.fontMetrics.horizontalAdvance(option.text) > option.rect.width() > 0:
            option.text = _ELLIPSIS


def elided_apart(name: str, others: Collection[str], metrics: QFontMetrics, width: int) -> str:
    """Cut a name to a width so that it differs from the other names, if that is possible."""
    if metrics.horizontalAdvance(name) <= width:
        return name
    several = {name, *others}
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*several, strict=False))
    shared = sum(1 for _ in alike) if len(several) > 1 else 0
    without = {one: _ELLIPSIS + one[shared:] if shared > 1 else one for one in several}
    modes = (Qt.TextElideMode.ElideMiddle, Qt.TextElideMode.ElideLeft, Qt.TextElideMode.ElideRight)
    for mode in modes:
        shown = {one: metrics.elidedText(short, mode, width) for one, short in without.items()}
        if len(set(shown.values())) == len(several):
            return shown[name]
    return metrics.elidedText(without[name], modes[0], width)

"""Columns side by side, as many as have room; the others are below them."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from orbench_studio.gui.common.theme import px

_NARROWEST = 240  # pixels


class Columns(QWidget):
    """Places widgets in columns of at least `width` pixels; the last one fills its row."""

    def __init__(self, widgets: Sequence[QWidget], *, width: int, spacing: int) -> None:
        super().__init__()
        self._widgets = widgets
        self._width = width
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(spacing)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(px(_NARROWEST), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._fit()

    def _fit(self) -> None:
        count = len(self._widgets)
        columns = max(1, min(count, (self.width() + self._grid.spacing()) // (px(self._width) + self._grid.spacing())))
        for place, widget in enumerate(self._widgets):
            left = columns - place % columns if place == count - 1 else 1
            self._grid.addWidget(widget, place // columns, place % columns, 1, left)
        for column in range(count):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

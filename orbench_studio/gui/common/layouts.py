"""The layouts of pages and dialogs: widgets below each other, side by side, in columns, and the head of a page."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from orbench_studio.gui.common.compact import is_compact
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label

_NARROWEST = 240  # pixels

Box = TypeVar("Box", bound=QBoxLayout)
Margins = tuple[int, int, int, int]  # left, top, right, bottom
NO_MARGINS = (0, 0, 0, 0)


class Stretch(NamedTuple):
    """Empty space that takes what is left, by its share."""

    share: int = 0


Item = QWidget | QLayout | int | Stretch | tuple[QWidget | QLayout, int] | tuple[QWidget, Qt.AlignmentFlag]


def column_layout(
    parent: QWidget | None, *items: Item, margins: Margins | None = NO_MARGINS, spacing: int | None = None
) -> QVBoxLayout:
    """Lay out items below each other; without a parent, for use in another layout.

    An item is a widget or a layout, alone, with its share of the space that is left, or with an alignment. A number is
    a gap in pixels. Without margins or spacing, the style's apply.
    """
    return _filled(QVBoxLayout(), parent, items, margins, spacing)


def row_layout(
    parent: QWidget | None, *items: Item, margins: Margins | None = NO_MARGINS, spacing: int | None = None
) -> QHBoxLayout:
    """Lay out items side by side, as `column_layout`."""
    return _filled(QHBoxLayout(), parent, items, margins, spacing)


def _filled(
    box: Box, parent: QWidget | None, items: tuple[Item, ...], margins: Margins | None, spacing: int | None
) -> Box:
    if parent is not None:
        parent.setLayout(box)
    if margins is not None:
        box.setContentsMargins(*margins)
    if spacing is not None:
        box.setSpacing(spacing)
    for item in items:
        _add(box, item)
    return box


def _add(box: QBoxLayout, item: Item) -> None:
    if isinstance(item, Stretch):
        box.addStretch(item.share)
    elif isinstance(item, int):
        box.addSpacing(item)
    elif isinstance(item, tuple):
        of, how = item
        share, alignment = (0, how) if isinstance(how, Qt.AlignmentFlag) else (how, Qt.AlignmentFlag(0))
        box.addLayout(of, share) if isinstance(of, QLayout) else box.addWidget(of, share, alignment)
    elif isinstance(item, QLayout):
        box.addLayout(item)
    else:
        box.addWidget(item)


class PageHead(QWidget):
    """The title of a page with buttons beside it, and further widgets below; in a compact window without the title."""

    def __init__(self, title: str, buttons: Sequence[QWidget], *below: Item) -> None:
        super().__init__()
        self._title = label(title, "title")
        self._title.setContentsMargins(0, 0, 24, 0)
        self._column = column_layout(self, Flow(self._title, *buttons), *below, spacing=8)
        self.fit()

    def fit(self) -> None:
        """Arrange the head for the size of the window."""
        compact = is_compact(self)
        self._title.setHidden(compact)  # the rail marks the page
        self._column.setContentsMargins(40, 8 if compact else 16, 40, 4 if compact else 8)


class ShrinkingPage(QWidget):
    """The content of a scroll area: its parts shrink to their minimum height before it scrolls."""

    def heightForWidth(self, _width: int) -> int:
        return self.minimumSizeHint().height()


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

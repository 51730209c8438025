"""Widgets below each other or side by side: the box layouts of all pages and dialogs."""

from typing import NamedTuple, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

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

"""Fields of forms: combo boxes and number fields, and labelled rows of them.

The mouse wheel does not change a field by accident: it scrolls the page. A number field with the focus follows the
wheel; a combo box never does. All fields of the window are of these classes.
"""

from collections.abc import Sequence
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QLabel, QLineEdit, QSpinBox, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.widgets import label

_PAD, _INDENT = 6, 8
Number = TypeVar("Number", QSpinBox, QDoubleSpinBox)


class ComboBox(QComboBox):
    """A combo box."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # without the focus by the wheel

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class SpinBox(QSpinBox):
    """A field for an integer."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class DoubleSpinBox(QDoubleSpinBox):
    """A field for a number."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


def fill(grid: QGridLayout, rows: Sequence[tuple[str, QWidget]]) -> dict[QWidget, QLabel]:
    """Add controls below each other with a label before each; return the labels by control."""
    labels = {}
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(8)
    grid.setColumnStretch(1, 1)
    for name, control in rows:
        place = grid.rowCount()
        grid.addWidget(control, place, 1)
        if name:
            labels[control] = label(tr(name), "quiet")
            labels[control].setContentsMargins(0, _PAD, 0, 0)
            grid.addWidget(labels[control], place, 0, Qt.AlignmentFlag.AlignTop)
            control.setAccessibleName(tr(name))
    return labels


def count_field(minimum: int, maximum: int, value: int) -> QSpinBox:
    """A spin box for whole numbers."""
    number = SpinBox()
    number.setRange(minimum, maximum)
    number.setGroupSeparatorShown(True)
    number.setValue(value)
    return pad(number)


def pad(number: Number) -> Number:
    """Indent the text of a spin box as in other fields; the style sheet cannot."""
    number.lineEdit().setTextMargins(_INDENT, 0, 0, 0)
    return number


def number_in(line: QLineEdit, what: str) -> float | None:
    """The number in a line edit; None if it is empty. Raises ValueError if it is not a number."""
    text = line.text().strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        message = tr("{what}: “{text}” is not a number.").format(what=what, text=text)
        raise ValueError(message) from None

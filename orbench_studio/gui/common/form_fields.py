"""Fields of a form: a name beside each, and the numbers in them."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QSpinBox, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.widgets import label

_PAD = 6


def fill(grid: QGridLayout, rows: Sequence[tuple[str, QWidget]]) -> dict[QWidget, QLabel]:
    """Put controls below each other, each with its name before it; the names, by control."""
    names = {}
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(8)
    grid.setColumnStretch(1, 1)
    for words, control in rows:
        place = grid.rowCount()
        grid.addWidget(control, place, 1)
        if words:
            name = names[control] = label(tr(words), "quiet")
            name.setContentsMargins(0, _PAD, 0, 0)
            grid.addWidget(name, place, 0, Qt.AlignmentFlag.AlignTop)
            control.setAccessibleName(tr(words))
    return names


def count_field(least: int, most: int, value: int) -> QSpinBox:
    """A whole number."""
    number = QSpinBox()
    number.setRange(least, most)
    number.setGroupSeparatorShown(True)
    number.setValue(value)
    number.lineEdit().setTextMargins(_PAD, 0, 0, 0)
    return number


def number_in(line: QLineEdit, what: str) -> float | None:
    """The number in a line; None where it is empty, ValueError where it is something else."""
    text = line.text().strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{what}: “{text}” {tr('is no number.')}") from None

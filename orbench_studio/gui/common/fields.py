"""Fields of forms: combo boxes and number fields, and labelled rows of them.

The mouse wheel does not change a field by accident: it scrolls the page. A number field with the focus follows the
wheel; a combo box never does. All fields of the window are of these classes.
"""

from collections.abc import Sequence
from typing import TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QLabel, QLineEdit, QSpinBox, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.widgets import ENTER, label

_PAD, _INDENT = 6, 8
_INTERVAL = 1_000  # milliseconds between letters that belong together
_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
Number = TypeVar("Number", QSpinBox, QDoubleSpinBox)


class ComboBox(QComboBox):
    """A combo box. Letters typed within a second of each other select the shortest item that begins with all of them.

    Qt searches for each letter alone after 0.4 s, which selects other items than the typed one. Where no item begins
    with the letters, the selection from before them returns.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed, self._typed_at, self._before = "", 0, -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # without the focus by the wheel

    def setAccessibleName(self, name: str) -> None:
        """Name the box, and the line in it that takes the focus where any text can be entered."""
        super().setAccessibleName(name)
        if (line := self.lineEdit()) is not None:
            line.setAccessibleName(name)

    @property
    def typed(self) -> tuple[str, int, int]:
        """The letters so far, for a box that replaces this one while the user types."""
        return self._typed, self._typed_at, self._before

    def go_on_from(self, typed: tuple[str, int, int]) -> None:
        """Let the next letter continue these."""
        self._typed, self._typed_at, self._before = typed

    def sizeHint(self) -> QSize:
        return super().sizeHint() + QSize(2, 0)  # Qt's is a pixel short for some texts and sizes

    def keyPressEvent(self, event: QKeyEvent) -> None:
        letter, command = event.text(), event.modifiers() & _COMMANDS
        continues = bool(self._typed) and event.timestamp() - self._typed_at <= _INTERVAL
        if self._typed and event.key() in ENTER:
            self._typed = ""  # Enter ends the letters, and does not press the default button of a dialog as well
            return
        if self.isEditable() or command or not letter.isprintable() or not (letter.strip() or (letter and continues)):
            self._typed = ""
            super().keyPressEvent(event)
            return
        if not continues:
            self._typed, self._before = "", self.currentIndex()
        self._typed, self._typed_at = self._typed + letter, event.timestamp()
        self._search()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._typed = ""
        super().focusOutEvent(event)

    def _search(self) -> None:
        rows = self._rows_from(self._typed)
        if not rows and len(set(self._typed.casefold())) == 1:  # a repeated letter goes on to its next item
            rows = self._rows_from(self._typed[0])
        if rows and len(set(self._typed.casefold())) == 1:
            rows = [row for row in rows if row > self.currentIndex()] or rows
        else:
            rows.sort(key=lambda row: len(self.itemText(row)))
        row = rows[0] if rows else self._before
        if row != self.currentIndex():
            self.setCurrentIndex(row)
            self.activated.emit(row)

    def _rows_from(self, start: str) -> list[int]:
        """The rows that can be selected and begin with these letters."""
        rows = (self.model().index(row, self.modelColumn()) for row in range(self.count()))
        wanted = start.casefold()
        return [
            row.row()
            for row in rows
            if str(row.data()).casefold().startswith(wanted) and row.flags() & Qt.ItemFlag.ItemIsSelectable
        ]

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class SpinBox(QSpinBox):
    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class DoubleSpinBox(QDoubleSpinBox):
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

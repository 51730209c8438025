"""Small tables of text in the window, with numbers aligned to the right."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from orbench_studio.gui.common.widgets import label, rule, set_tip

Row = tuple[str, ...]
_MAX_CHARACTERS = 40  # of a cell
_INDENT = 16


@dataclass(frozen=True, slots=True)
class TextTable:
    """A title, column names and rows; a leading space indents a row."""

    title: str
    header: Row
    rows: tuple[Row, ...]
    note: str = ""
    words: int = 1  # number of text columns; the others are numbers

    @property
    def text(self) -> str:
        """The table as plain text in columns, to copy."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.header))]
        padded = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([self.title, *(line.rstrip() for line in padded), *filter(None, [self.note])])


def table_of(table: TextTable) -> QWidget:
    """A table with its title above and its note below it."""
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    column.addWidget(label(table.title, "strong"))
    column.addLayout(grid_of(table.header, table.rows, table.words))
    if table.note:
        column.addWidget(note(table.note))
    return widget


def grid_of(header: Row, rows: tuple[Row, ...], words: int = 1) -> QGridLayout:
    """The rows below the header; the columns after the first `words` ones are numbers."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    for column, name in enumerate(header):
        grid.addWidget(label(name, "meta"), 0, column, _side(column, words))
    grid.addWidget(rule(), 1, 0, 1, len(header) + 1)
    grid.setColumnStretch(len(header), 1)
    for line, row in enumerate(rows, 2):
        part = row[0].startswith(" ")
        for column, text in enumerate(row):
            grid.addWidget(_cell(text, part=part), line, column, _side(column, words))
    return grid


def note(text: str) -> QLabel:
    """A small label that wraps."""
    words = label(text, "meta")
    words.setWordWrap(True)
    return words


def _cell(text: str, *, part: bool) -> QLabel:
    shown = text.strip()
    cell = label(shown if len(shown) <= _MAX_CHARACTERS else f"{shown[:_MAX_CHARACTERS]}…", "quiet" if part else "")
    if len(shown) > _MAX_CHARACTERS:
        set_tip(cell, shown)
    cell.setIndent(_INDENT if text.startswith(" ") else 0)
    cell.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
    return cell


def _side(column: int, words: int) -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignLeft if column < words else Qt.AlignmentFlag.AlignRight

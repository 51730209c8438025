"""Text tables: their data, their texts, and the widget that shows one. Numbers are right-aligned."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.elided_label import ElidedLabel
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.live_table import Column, StaticTable
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, rule

Row = tuple[str, ...]
_LONGEST = 320  # pixels of a column with text
_INDENT = 16


@dataclass(frozen=True, slots=True)
class TextTable:
    """Title, column names and rows of a table. A row whose first cell begins with spaces is indented.

    The first `words` columns hold text, the others numbers.
    """

    title: str
    header: Row
    rows: tuple[Row, ...]
    note: str = ""
    words: int = 1
    tips: Row = ()  # of the columns

    @property
    def text(self) -> str:
        """The table as plain text in aligned columns."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        padded = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([self.title, *(line.rstrip() for line in padded), *filter(None, [self.note])])


def translated(names: Row) -> Row:
    """Column names in the interface's language; empty ones stay empty."""
    return tuple(tr(name) if name else "" for name in names)


def table_of(table: TextTable) -> QWidget:
    """Build a widget with the title above the table and the note below it. Its height follows from its rows."""
    widget = QWidget()
    title = label(table.title, "strong", wrap=True)
    column = column_layout(widget, title, _TextTableView(table), spacing=8)
    if table.note:
        column.addWidget(note(table.note))
    return widget


class _TextTableView(StaticTable):
    def __init__(self, table: TextTable) -> None:
        tips = table.tips or ("",) * len(table.header)
        columns = [
            Column(name, 40, 0, place >= table.words, tip)
            for place, (name, tip) in enumerate(zip(table.header, tips, strict=True))
        ]
        super().__init__(table.title, columns)
        self.rows.nested = True
        self.show_rows(range(len(table.rows)), table.rows)

    def least(self, place: int) -> int:
        """The width of the name and the cells of a column; a longer text is cut and shown in the tooltip."""
        hint = self.sizeHintForColumn(place)
        return max(super().least(place), hint if self.rows.columns[place].number else min(hint, px(_LONGEST)))


def grid_of(header: Row, rows: tuple[Row, ...], words: int = 1) -> QGridLayout:
    """Lay out rows below their column names; the first `words` columns hold text, the others numbers."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    for column, name in enumerate(header):
        grid.addWidget(label(name, "meta"), 0, column, _alignment(column, words))
    grid.addWidget(rule(), 1, 0, 1, len(header) + 1)
    grid.setColumnStretch(len(header), 1)
    for line, row in enumerate(rows, 2):
        for column, text in enumerate(row):
            grid.addWidget(_cell(text, is_number=column >= words), line, column, _alignment(column, words))
    return grid


def note(text: str) -> QLabel:
    """Build a small label that wraps its text."""
    return label(text, "meta", wrap=True)


def _cell(text: str, *, is_number: bool) -> QLabel:
    role = "quiet" if text.startswith(" ") else ""
    cell = label(text, role) if is_number else ElidedLabel(text.strip(), role)
    cell.setIndent(_INDENT if text.startswith(" ") else 0)
    cell.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
    return cell


def _alignment(column: int, words: int) -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignLeft if column < words else Qt.AlignmentFlag.AlignRight

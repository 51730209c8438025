"""Tables of words in the window: numbers to the right, everything as plain text."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from orbench_studio.gui.common.widgets import label, rule, set_tip
from orbench_studio.gui.judging.calibration_tables import Row, Table

_WIDEST = 40  # characters of a name
_INDENT = 16


def table_of(table: Table) -> QWidget:
    """A table with its title above and its note below."""
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
    """The rows under the names of their columns; after the first `words` columns come numbers."""
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
    """A quiet word that takes as many lines as it needs."""
    words = label(text, "meta")
    words.setWordWrap(True)
    return words


def _cell(text: str, *, part: bool) -> QLabel:
    shown = text.strip()
    cell = label(shown if len(shown) <= _WIDEST else f"{shown[:_WIDEST]}…", "quiet" if part else "")
    if len(shown) > _WIDEST:
        set_tip(cell, shown)
    cell.setIndent(_INDENT if text.startswith(" ") else 0)
    cell.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
    return cell


def _side(column: int, words: int) -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignLeft if column < words else Qt.AlignmentFlag.AlignRight

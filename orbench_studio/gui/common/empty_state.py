"""What a page shows while it has nothing: what it is for, the steps to begin, and the buttons for them."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label

_WIDTH = 560  # pixels of a line


class EmptyState(QWidget):
    """A title, numbered steps and buttons, at reading width."""

    def __init__(self, title: str, steps: Sequence[str], buttons: Sequence[QWidget] = ()) -> None:
        super().__init__()
        self.setMaximumWidth(px(_WIDTH))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for number, step in enumerate(steps, 1):
            words = label(step, "quiet")
            words.setWordWrap(True)
            grid.addWidget(label(f"{number}", "strong"), number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(words, number, 1)
        row = QWidget()
        flow = FlowLayout(row, spacing=8)
        for button in buttons:
            flow.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        column.addWidget(label(title, "strong"))
        column.addLayout(grid)
        column.addWidget(row)

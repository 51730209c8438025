"""What a page shows while it has nothing: what it is for, the steps to begin, and the buttons for them."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label

_WIDTH = 560  # pixels of a line


class EmptyState(QWidget):
    """A title, numbered steps and buttons, at reading width."""

    def __init__(self, title: str, steps: Sequence[str], buttons: Sequence[QWidget] = ()) -> None:
        super().__init__()
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for number, step in enumerate(steps, 1):
            words = label(step, "quiet")
            words.setWordWrap(True)
            grid.addWidget(label(f"{number}", "strong"), number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(words, number, 1)
        self._column = column_layout(self, label(title, "strong"), grid, Flow(*buttons), spacing=16)

    def minimumSizeHint(self) -> QSize:
        # Without the margin: hidden in a stack, it would keep a window as wide as it was.
        return super().minimumSizeHint() - QSize(self._column.contentsMargins().right(), 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Not a maximum width: layouts compute the height of a widget for all the width that there is.
        self._column.setContentsMargins(0, 0, max(self.width() - px(_WIDTH), 0), 0)

"""A line at the lower edge of a text that does not fit: how many lines follow below. It disappears at the end."""

from collections.abc import Callable
from math import ceil

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractScrollArea, QLabel

from orbench_studio.gui.common.actions import key_text, plural
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import set_role

_HEIGHT = 24


class MoreBelow(QLabel):
    """Covers the last, cut line of a scroll area while its text goes on below; a click scrolls one page.

    `line` is the height of a line at the default text size; `end` returns where the text ends, in pixels from the top
    of the scrolled contents. `action` is the one whose key scrolls.
    """

    def __init__(self, area: QAbstractScrollArea, line: int, end: Callable[[], int], action: str = "") -> None:
        super().__init__(area)
        self._area, self._line, self._end, self._action = area, line, end, action
        set_role(self, "role", "more")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        area.verticalScrollBar().valueChanged.connect(self.update_lines)
        area.verticalScrollBar().rangeChanged.connect(self.update_lines)
        area.viewport().installEventFilter(self)
        self.hide()

    def update_lines(self) -> None:
        """Count the lines below, and show or hide itself."""
        view, bar = self._area.viewport().geometry(), self._area.verticalScrollBar()
        below = min(self._end() - bar.value() - view.height(), bar.maximum() - bar.value())
        lines = ceil((below + px(_HEIGHT)) / px(self._line)) if below > 0 else 0
        text = plural(lines, "1 more line", "{count} more lines") if lines else ""
        self.setText(f"↓  {text}  {key_text(self._action) if self._action else ''}".rstrip())
        self.setAccessibleName(text)
        self._area.setAccessibleDescription(text)
        self.setGeometry(view.x(), view.bottom() + 1 - px(_HEIGHT), view.width(), px(_HEIGHT))
        self.setVisible(bool(lines))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self.update_lines()
        return super().eventFilter(watched, event)

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        bar = self._area.verticalScrollBar()
        bar.setValue(bar.value() + bar.pageStep() - 2 * px(self._line))  # the last whole line is the first one then

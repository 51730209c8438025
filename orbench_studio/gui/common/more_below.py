"""A line at the lower edge of a text that does not fit: how many lines follow below. It disappears at the end."""

from collections.abc import Callable
from math import ceil

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractScrollArea, QLabel, QTextEdit, QWidget

from orbench_studio.gui.common.actions import key_text, plural
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import set_role

HEIGHT = 24


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
        lines = ceil((below + px(HEIGHT)) / px(self._line)) if below > 0 else 0
        text = plural(lines, "1 more line", "{count} more lines") if lines else ""
        self.setText(f"↓  {text}  {key_text(self._action) if self._action else ''}".rstrip())
        self.setAccessibleName(text)
        self._area.setAccessibleDescription(text)
        self.setVisible(bool(lines))
        if lines:
            top = self._whole_lines(view.height() - px(HEIGHT))
            self.setGeometry(view.x(), view.y() + top, view.width(), view.height() - top)

    def _whole_lines(self, bottom: int) -> int:
        """Where the last whole line above `bottom` ends, in pixels from the top of the view."""
        port = self._area.viewport()
        texts = (
            [self._area]
            if isinstance(self._area, QTextEdit)
            else [*port.findChildren(QTextEdit), *port.findChildren(QLabel)]
        )
        return min((bottom - _cut(part, port, bottom) for part in texts if part.isVisible()), default=bottom)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self.update_lines()
        return super().eventFilter(watched, event)

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        bar = self._area.verticalScrollBar()
        bar.setValue(bar.value() + bar.pageStep() - 2 * px(self._line))  # the last whole line is the first one then


def _cut(text: QWidget, port: QWidget, bottom: int) -> int:
    """How many pixels of a line of the text are above `bottom`, in the coordinates of the view, if it is cut there."""
    shown = text.viewport() if isinstance(text, QTextEdit) else text
    at = bottom - shown.mapTo(port, QPoint()).y()
    if not 0 < at < shown.height():
        return 0
    if isinstance(text, QTextEdit):
        line = text.cursorRect(text.cursorForPosition(QPoint(0, at)))
        return at - line.top() if line.top() < at < line.bottom() else 0
    return at % text.fontMetrics().lineSpacing()

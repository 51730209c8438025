"""An event filter for the mouse: quickly repeated clicks reach only what the first one was meant for."""

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QWidget

from orbench_studio.gui.common.widgets import KeyButton

_PRESSES = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)
_NEAR = 8  # pixels


class RepeatedClickFilter(QObject):
    """An event filter that ignores the further clicks of a double or triple click where they would do something else.

    That is where another widget has come under the pointer, and on the buttons for decisions, which may be about
    another prompt by then.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._time = 0  # of the last press, in milliseconds
        self._place = QPointF()
        self._target: QWidget | None = None  # of the first click
        self._ignores = False  # the button is down after a press that was ignored

    @classmethod
    def install(cls, window: QWidget) -> None:
        """Filter the events of one window; those of the application are a hundred times as many."""
        window.winId()  # creates the window handle
        window.windowHandle().installEventFilter(cls(window))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _PRESSES and isinstance(event, QMouseEvent):
            self._ignores = self._is_repeated(event) and not self._means_the_same(event)
        elif event.type() != QEvent.Type.MouseButtonRelease:
            return False
        return self._ignores

    def _is_repeated(self, event: QMouseEvent) -> bool:
        """Whether a press follows another at its place within the time of a double click; otherwise it is the first."""
        since, moved = event.timestamp() - self._time, event.position() - self._place
        self._time, self._place = event.timestamp(), event.position()
        if 0 <= since <= QGuiApplication.styleHints().mouseDoubleClickInterval() and moved.manhattanLength() <= _NEAR:
            return True
        self._target = self._under(event)
        return False

    def _means_the_same(self, event: QMouseEvent) -> bool:
        return self._under(event) is self._target and not isinstance(self._target, KeyButton)

    def _under(self, event: QMouseEvent) -> QWidget | None:
        button = event.button() is Qt.MouseButton.LeftButton
        return self._window.childAt(event.position().toPoint()) if button else None

"""A filter against shortcuts that a held key repeats.

X repeats a held key by releasing and pressing it in the same instant. Qt mostly marks that as a repetition, but not
while the window is busy (seen: one in twenty); then a held key would decide prompt after prompt.
"""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

_INSTANT = 4  # milliseconds between release and press; no person is that fast


class KeyRepeatFilter(QObject):
    """An event filter that suppresses shortcuts from a held key."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._released: dict[int, int] = {}

    @classmethod
    def install(cls, window: QWidget) -> None:
        """Filter the events of one window; those of the application are a hundred times as many."""
        window.winId()  # creates the window handle
        window.windowHandle().installEventFilter(cls(window))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            self._released[event.key()] = event.timestamp()
        elif event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            since = event.timestamp() - self._released.get(event.key(), -_INSTANT - 1)
            if event.timestamp() and 0 <= since <= _INSTANT and not event.isAutoRepeat():
                event.accept()  # no shortcut; a text field still receives the character
                return True
        return False

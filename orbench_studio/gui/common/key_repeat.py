"""Keys that are held down, told from keys that are pressed again and again.

X repeats a held key by releasing and pressing it in the same instant. Qt mostly marks that as a repetition, but not
while the window is busy (seen: one in twenty); then a held key would decide prompt after prompt.
"""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

_INSTANT = 4  # milliseconds between a release and a press that no finger is quick enough for


class HeldKeys(QObject):
    """An event filter for a window of the system: what a held key repeats is no shortcut."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._released: dict[int, int] = {}

    @classmethod
    def watch(cls, window: QWidget) -> None:
        """Filter what comes to a window; the application has a hundred times more events, none of them keys."""
        window.winId()  # there is nothing to filter before the system knows the window
        window.windowHandle().installEventFilter(cls(window))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            self._released[event.key()] = event.timestamp()
        elif event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            since = event.timestamp() - self._released.get(event.key(), -_INSTANT - 1)
            if event.timestamp() and 0 <= since <= _INSTANT and not event.isAutoRepeat():
                event.accept()  # not for shortcuts; a field that is typed into still gets its letter
                return True
        return False

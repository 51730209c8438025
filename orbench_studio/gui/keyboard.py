"""Event filters for the keyboard: shortcuts on layouts without Latin letters, and none from a held key."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from orbench_studio.gui.common.actions import ACTIONS, SHORTCUTS, Actions

_INSTANT = 4  # milliseconds between release and press; no person is that fast

_SCAN_CODES = {  # Linux: the scan code of the first key of a row
    10: "1234567890-=", 24: "QWERTYUIOP", 38: "ASDFGHJKL", 52: "ZXCVBNM,./",
}  # fmt: skip
_MAC_KEYS = {  # the virtual key codes of macOS
    0: "ASDFHGZXCV", 11: "BQWERYT123465=97-80", 31: "OU", 34: "IP", 37: "LJ", 40: "K", 43: ",/NM.",
}  # fmt: skip
_NAMED, _DEAD = 0x01000000, range(0x01001250, 0x010012A0)  # keys without a character, and the dead ones of them
_ALTERNATE = Qt.KeyboardModifier.GroupSwitchModifier
_UNMODIFIED = Qt.KeyboardModifier.NoModifier


def _by_code(rows: dict[int, str]) -> dict[int, str]:
    return {first + place: key for first, row in rows.items() for place, key in enumerate(row)}


_LINUX, _MAC = _by_code(_SCAN_CODES), _by_code(_MAC_KEYS)


class KeyboardLayoutFilter(QObject):
    """An event filter that triggers actions by the position of a key, as on a US keyboard, if it has no Latin letter.

    Qt looks for a Latin letter in the other layouts of the session only. With a Cyrillic, Greek or Arabic layout alone,
    and for dead keys, there is none.
    """

    def __init__(self, window: QWidget, actions: Actions) -> None:
        super().__init__(window)
        self._window = window
        self._actions = actions
        self._handled = 0  # scan code of a key that triggered an action: no widget gets it as well

    @classmethod
    def install(cls, window: QWidget, actions: Actions) -> None:
        window.winId()  # creates the window handle
        window.windowHandle().installEventFilter(cls(window, actions))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            return self._override(event)
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._handled:
            handled, self._handled = self._handled, 0
            return event.nativeScanCode() == handled
        return False

    def _override(self, event: QKeyEvent) -> bool:
        if QKeySequence(event.keyCombination()).toString() in SHORTCUTS.of("palette"):
            return True  # not accepted, so it is a shortcut: a text field would delete the rest of the line (Ctrl+K)
        key = key_by_position(event)
        if not key:
            return False
        pressed = QKeySequence(event.modifiers().value | ord(key)).toString()
        spec = next((spec for spec in ACTIONS if pressed in SHORTCUTS.of(spec.name)), None)
        if spec is None or not self._actions[spec.name].isEnabled() or self._is_typed(event):
            return False
        if spec.repeats or not event.isAutoRepeat():
            self._actions[spec.name].trigger()
        self._handled = event.nativeScanCode()
        event.accept()
        return True

    def _is_typed(self, event: QKeyEvent) -> bool:
        """Whether the focused widget needs the key, such as a text field."""
        focused: QWidget | None = self._window.focusWidget()
        if focused is None:
            return False
        asked = QKeyEvent(QEvent.Type.ShortcutOverride, event.key(), event.modifiers(), event.text())
        asked.ignore()
        QApplication.sendEvent(focused, asked)
        return asked.isAccepted()


def key_by_position(event: QKeyEvent) -> str:
    """The key at this position of a US keyboard, if the key itself is no Latin letter or digit; else empty.

    A punctuation mark counts as the digit at its place, as on French and Czech keyboards.
    """
    key = event.key()
    is_ascii = 0x20 <= key < 0x7F
    is_named = key >= _NAMED and key not in _DEAD and key != Qt.Key.Key_unknown
    if (is_ascii and chr(key).isalnum()) or is_named or event.modifiers() & _ALTERNATE:
        return ""
    platform = QGuiApplication.platformName()
    if platform == "windows":
        code = event.nativeVirtualKey()
        found = chr(code) if code < 0x7F and chr(code).isalnum() else ""
    elif platform == "cocoa":
        found = _MAC.get(event.nativeVirtualKey(), "")
    else:
        found = _LINUX.get(event.nativeScanCode(), "")
    return found if not is_ascii or (found.isdigit() and event.modifiers() == _UNMODIFIED) else ""


class KeyRepeatFilter(QObject):
    """An event filter that suppresses shortcuts from a held key.

    X repeats a held key by releasing and pressing it in the same instant. Qt mostly marks that as a repetition, but not
    while the window is busy (seen: one in twenty); then a held key would decide prompt after prompt.
    """

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

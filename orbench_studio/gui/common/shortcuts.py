"""The current shortcuts: the defaults of the action table and the user's custom ones. No two actions share a key."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence

_MODIFIERS = {
    Qt.Key.Key_Control,
    Qt.Key.Key_Shift,
    Qt.Key.Key_Alt,
    Qt.Key.Key_Meta,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_CapsLock,
    Qt.Key.Key_NumLock,
    Qt.Key.Key_unknown,
}
_RESERVED = {
    Qt.Key.Key_Tab: "is reserved: it moves the focus",
    Qt.Key.Key_Backtab: "is reserved: it moves the focus",
    Qt.Key.Key_Return: "is reserved: it presses the focused button",
    Qt.Key.Key_Enter: "is reserved: it presses the focused button",
}
_NAMED = 0x01000000  # the first key without a character; keys below are their characters
_ARROWS = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓"}
_MODIFIER = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """An action. `repeats`: holding the key repeats it; never set for decisions.

    `needs_modifier`: the shortcut must contain Ctrl or Alt, because the action affects many prompts.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    group: str
    repeats: bool = False
    needs_modifier: bool = False


class Shortcuts(QObject):
    changed = Signal()  # after shortcuts have changed

    def __init__(self, table: Iterable[ActionSpec]) -> None:
        super().__init__()
        self._table = {spec.name: spec for spec in table}
        self._custom: dict[str, tuple[str, ...]] = {}

    def load(self, custom: Mapping[str, list[str]]) -> list[str]:
        """Apply stored custom shortcuts; invalid ones keep their defaults. Returns one message for each."""
        messages = [f"{name}: unknown action" for name in custom if name not in self._table]
        valid: dict[str, tuple[str, ...]] = {}
        for name, keys in ((name, keys) for name, keys in custom.items() if name in self._table):
            faults = [f"{key!r} {why}" for key in keys if (why := invalid_reason(key, self._table[name]))]
            messages += [f"{self._table[name].title}: {fault}" for fault in faults]
            if not faults:
                valid[name] = tuple(portable(key) for key in keys)
        self._custom = valid
        while clash := self._clash():
            messages += [f"{self._table[name].title}: another action has the same shortcut" for name in sorted(clash)]
            self._custom = {name: keys for name, keys in self._custom.items() if name not in clash}
        self.changed.emit()
        return messages

    def of(self, name: str) -> tuple[str, ...]:
        """The shortcuts of an action, possibly none; the first one is shown where there is room for one."""
        return self._custom.get(name, self._table[name].keys)

    def text(self, name: str) -> str:
        """The first shortcut of an action in the platform's notation; empty if it has none."""
        return native(self.of(name)[0]) if self.of(name) else ""

    def conflict(self, name: str, key: str) -> str:
        """The reason why an action cannot have a key, as a sentence; empty if it can."""
        owner = next((other for other in self._table if other != name and key in self.of(other)), None)
        if owner is not None:
            return f"{native(key)} is the shortcut of “{self._table[owner].title}”. Remove it there first."
        why = invalid_reason(key, self._table[name])
        return f"{native(key) or key} {why}." if why else ""

    def assign(self, name: str, keys: Iterable[str]) -> None:
        """Set the shortcuts of an action; the caller has checked them with `conflict`."""
        wanted = tuple(dict.fromkeys(keys))
        assert not any(self.conflict(name, key) for key in wanted), (name, wanted)
        self._custom[name] = wanted
        self._changed()

    def reset(self, name: str) -> str:
        """Restore the default of an action; returns the reason if another action uses one of its keys."""
        why = next((why for key in self._table[name].keys if (why := self.conflict(name, key))), "")
        if not why:
            self._custom.pop(name, None)
            self._changed()
        return why

    def reset_all(self) -> None:
        self._custom = {}
        self._changed()

    def custom(self) -> dict[str, list[str]]:
        """The custom shortcuts, to store in the settings."""
        return {name: list(keys) for name, keys in self._custom.items()}

    def _changed(self) -> None:
        self._custom = {name: keys for name, keys in self._custom.items() if keys != self._table[name].keys}
        self.changed.emit()

    def _clash(self) -> set[str]:
        """The actions with a custom shortcut that another action also has."""
        used = Counter(key for name in self._table for key in self.of(name))
        return {name for name, keys in self._custom.items() if any(used[key] > 1 for key in keys)}


def native(key: str) -> str:
    """A key in the platform's notation; arrow keys as arrows."""
    *modifiers, last = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText).rsplit("+", 1)
    return "+".join([*modifiers, _ARROWS.get(last, last)])


def portable(key: str) -> str:
    """A key in the notation of the table and the settings."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def invalid_reason(key: str, spec: ActionSpec) -> str:
    """Why a key cannot be a shortcut of an action; empty if it can."""
    sequence = QKeySequence(key)
    if sequence.count() != 1:
        return "is not a single key"
    pressed: QKeyCombination = sequence[0]  # type: ignore[index]  # missing in Qt's stubs
    if pressed.key() in _MODIFIERS or not _has_character(pressed.key()):
        return "is not a single key"
    if pressed.key() in _RESERVED and not pressed.keyboardModifiers() & _MODIFIER:
        return _RESERVED[pressed.key()]
    if spec.needs_modifier and not pressed.keyboardModifiers() & _MODIFIER:
        return "needs Ctrl or Alt, because this action affects many prompts"
    return ""


def _has_character(key: Qt.Key) -> bool:
    """Whether a keyboard can have such a key: it has a name or writes a printable character."""
    return key.value >= _NAMED or chr(key.value).isprintable()


def pressed_key(event: QKeyEvent) -> str:
    """The key of an event in the notation of the table; empty while only modifiers are pressed."""
    key, modifiers = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if key in _MODIFIERS:
        return ""
    character = event.text()
    if len(character) == 1 and character.isprintable() and not character.isalnum() and not character.isspace():
        modifiers &= ~Qt.KeyboardModifier.ShiftModifier  # "?" is that key on every keyboard layout
    return QKeySequence(modifiers.value | key.value).toString(QKeySequence.SequenceFormat.PortableText)

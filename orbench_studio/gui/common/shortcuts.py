"""The keys in force: the table's, where the user has not chosen others. What is chosen never collides.

There is one keyboard, so there is one set of keys in a process: `KEYS`, as there is one clipboard.
"""

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
_SPOKEN_FOR = {
    Qt.Key.Key_Tab: "moves the focus",
    Qt.Key.Key_Backtab: "moves the focus",
    Qt.Key.Key_Return: "presses what has the focus",
    Qt.Key.Key_Enter: "presses what has the focus",
}
_NAMED = 0x01000000  # the first key that writes nothing; keys below are their signs
_ARROWS = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓"}
_CHORD = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action. `repeats` says whether holding the key repeats it; what decides never repeats.

    What is `costly` needs a chord: no single key that a finger hits by accident.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    group: str
    repeats: bool = False
    costly: bool = False


class Keys(QObject):
    """Which keys each action has."""

    changed = Signal()  # after an action has got other keys

    def __init__(self, table: Iterable[ActionSpec]) -> None:
        super().__init__()
        self._table = {spec.name: spec for spec in table}
        self._chosen: dict[str, tuple[str, ...]] = {}

    def take(self, chosen: Mapping[str, list[str]]) -> list[str]:
        """Put a user's choice in force; what cannot be is left at its default, and told in the sentences returned."""
        message = [f"{name}: no such action" for name in chosen if name not in self._table]
        fit: dict[str, tuple[str, ...]] = {}
        for name, keys in ((name, keys) for name, keys in chosen.items() if name in self._table):
            faults = [f"{key!r} {why}" for key in keys if (why := unfit(key, self._table[name]))]
            message += [f"{self._table[name].title}: {fault}" for fault in faults]
            if not faults:
                fit[name] = tuple(portable(key) for key in keys)
        self._chosen = fit
        while clash := self._clash():
            message += [f"{self._table[name].title}: another action has the same key" for name in sorted(clash)]
            self._chosen = {name: keys for name, keys in self._chosen.items() if name not in clash}
        self.changed.emit()
        return message

    def of(self, name: str) -> tuple[str, ...]:
        """The keys of an action, the first one shown where there is room for one; may be none."""
        return self._chosen.get(name, self._table[name].keys)

    def text(self, name: str) -> str:
        """The first key of an action, as the platform writes it; empty where it has none."""
        return native(self.of(name)[0]) if self.of(name) else ""

    def refusal(self, name: str, key: str) -> str:
        """Why an action cannot have a key, in words; empty where it can."""
        owner = next((other for other in self._table if other != name and key in self.of(other)), None)
        if owner is not None:
            return f"{native(key)} belongs to “{self._table[owner].title}”. Take it away there first."
        why = unfit(key, self._table[name])
        return f"{native(key) or key} {why}." if why else ""

    def put(self, name: str, keys: Iterable[str]) -> None:
        """Give an action other keys; those that `refusal` objects to are a fault of the caller."""
        wanted = tuple(dict.fromkeys(keys))
        assert not any(self.refusal(name, key) for key in wanted), (name, wanted)
        self._chosen[name] = wanted
        self._changed()

    def reset(self, name: str) -> str:
        """Give an action its own keys back; the reason where another action has one of them by now."""
        why = next((why for key in self._table[name].keys if (why := self.refusal(name, key))), "")
        if not why:
            self._chosen.pop(name, None)
            self._changed()
        return why

    def reset_all(self) -> None:
        """Give every action its own keys back."""
        self._chosen = {}
        self._changed()

    def chosen(self) -> dict[str, list[str]]:
        """What differs from the table, to be kept with the preferences."""
        return {name: list(keys) for name, keys in self._chosen.items()}

    def _changed(self) -> None:
        self._chosen = {name: keys for name, keys in self._chosen.items() if keys != self._table[name].keys}
        self.changed.emit()

    def _clash(self) -> set[str]:
        """The actions with chosen keys that some other action has too."""
        held = Counter(key for name in self._table for key in self.of(name))
        return {name for name, keys in self._chosen.items() if any(held[key] > 1 for key in keys)}


def native(key: str) -> str:
    """A key as the platform writes it, an arrow as an arrow."""
    *held, last = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText).rsplit("+", 1)
    return "+".join([*held, _ARROWS.get(last, last)])


def portable(key: str) -> str:
    """A key as the table and the preferences write it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def unfit(key: str, spec: ActionSpec) -> str:
    """Why no key of that name can be an action's; empty where it can."""
    sequence = QKeySequence(key)
    if sequence.count() != 1:
        return "is not one key"
    pressed: QKeyCombination = sequence[0]  # type: ignore[index]  # missing in Qt's stubs
    if pressed.key() in _MODIFIERS or not _has_sign(pressed.key()):
        return "is not one key"
    if pressed.key() in _SPOKEN_FOR and not pressed.keyboardModifiers() & _CHORD:
        return _SPOKEN_FOR[pressed.key()]
    if spec.costly and not pressed.keyboardModifiers() & _CHORD:
        return "is too easily hit for what this does; hold Ctrl or Alt with it"
    return ""


def _has_sign(key: Qt.Key) -> bool:
    """Whether a keyboard can have such a key: one without a name has the sign that it writes."""
    return key.value >= _NAMED or chr(key.value).isprintable()


def pressed_key(event: QKeyEvent) -> str:
    """The key of an event as the table writes it; empty while only modifiers are held."""
    key, held = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if key in _MODIFIERS:
        return ""
    sign = event.text()
    if len(sign) == 1 and sign.isprintable() and not sign.isalnum() and not sign.isspace():
        held &= ~Qt.KeyboardModifier.ShiftModifier  # "?" is that key, however this keyboard makes it
    return QKeySequence(held.value | key.value).toString(QKeySequence.SequenceFormat.PortableText)

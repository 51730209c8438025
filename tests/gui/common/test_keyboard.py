"""Shortcuts under layouts without Latin letters, by the position of the key, as X reports it."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from orbench_studio.gui.keyboard import KeyboardLayoutFilter, key_by_position

SCAN = {key: 38 + place for place, key in enumerate("ASDFGHJKL")} | {
    "1": 10,
    "2": 11,
    "Q": 24,
    "Z": 52,
    "T": 28,
    "/": 61,
}
NONE, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def event(kind, position, text, key=None, modifiers=NONE):
    code = ord(text.upper()) if key is None else key.value
    made = QKeyEvent(kind, code, modifiers, SCAN[position], 0, 0, text)
    made.ignore()
    return made


@pytest.mark.parametrize(
    ("position", "text", "key", "modifiers", "expected"),
    [
        ("S", "ы", None, NONE, "S"),  # Russian
        ("S", "σ", None, NONE, "S"),  # Greek
        ("S", "س", None, NONE, "S"),  # Arabic
        ("Z", "я", None, CTRL, "Z"),
        ("/", "", Qt.Key.Key_Dead_Acute, NONE, "/"),
        ("1", "&", None, NONE, "1"),  # French
        ("2", "é", None, NONE, "2"),
        ("S", "s", None, NONE, ""),  # the layout has the letter
        ("S", "o", None, NONE, ""),  # Dvorak: the letter counts, not the position
        ("Q", "a", None, NONE, ""),  # French
        ("1", "!", None, SHIFT, ""),
        ("/", "-", None, NONE, ""),
        ("S", "", Qt.Key.Key_Escape, NONE, ""),
    ],
)
def test_the_position_counts_where_the_layout_has_no_such_letter(position, text, key, modifiers, expected):
    assert key_by_position(event(QEvent.Type.ShortcutOverride, position, text, key, modifiers)) == expected


def test_prompts_are_labelled_under_a_cyrillic_layout_and_fields_get_their_letters(start, path, labels):
    with start(path) as studio:
        window = studio.window
        filters = window.findChild(KeyboardLayoutFilter)

        def press(position, text, modifiers=NONE):
            """What Qt does with a key of the keyboard; whether a shortcut took it."""
            override = event(QEvent.Type.ShortcutOverride, position, text, modifiers=modifiers)
            return filters.eventFilter(window.windowHandle(), override) and override.isAccepted()

        before = studio.version()
        assert press("S", "ы")
        assert filters.eventFilter(window.windowHandle(), event(QEvent.Type.KeyPress, "S", "ы"))
        assert not filters.eventFilter(window.windowHandle(), event(QEvent.Type.KeyPress, "S", "ы"))
        studio.wait(lambda: studio.version() != before)
        studio.settle()
        assert labels() == {1: "safe"}
        before = studio.version()
        assert press("Z", "я", CTRL)
        studio.wait(lambda: studio.version() != before)
        studio.settle()
        assert labels() == {}
        window.review.finder.bar.search.setFocus()
        assert not press("S", "ы")
        QApplication.sendEvent(QApplication.focusWidget(), event(QEvent.Type.KeyPress, "S", "ы"))
        assert window.review.finder.bar.search.text() == "ы"
        override = event(QEvent.Type.ShortcutOverride, "K", "k", modifiers=CTRL)
        assert filters.eventFilter(window.windowHandle(), override)
        assert not override.isAccepted(), "Ctrl+K opens the palette, also from a field"

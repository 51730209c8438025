"""A held key, as X tells of it: released and pressed in the same instant, not always marked as a repetition."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from orbench_studio.gui.keyboard import KeyRepeatFilter


def key(kind, at, letter=Qt.Key.Key_S):
    event = QKeyEvent(kind, letter, Qt.KeyboardModifier.NoModifier, "s")
    event.setTimestamp(at)
    event.ignore()
    return event


@pytest.mark.parametrize(
    ("released", "pressed", "letter", "is_held"),
    [
        (1_000, 1_000, Qt.Key.Key_S, True),
        (1_000, 1_003, Qt.Key.Key_S, True),
        (1_000, 1_030, Qt.Key.Key_S, False),
        (1_000, 1_000, Qt.Key.Key_T, False),
    ],
)
def test_a_key_pressed_right_after_its_release_counts_as_held(qapp, released, pressed, letter, is_held):
    widget, filters = QWidget(), KeyRepeatFilter()
    press = key(QEvent.Type.ShortcutOverride, 500)
    assert not filters.eventFilter(widget, press), "the first press is one"
    filters.eventFilter(widget, key(QEvent.Type.KeyRelease, released))
    again = key(QEvent.Type.ShortcutOverride, pressed, letter)
    assert filters.eventFilter(widget, again) is is_held
    assert again.isAccepted() is is_held, "accepted, it is no shortcut; a field still gets the letter"

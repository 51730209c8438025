"""Every key can be another one: by the keyboard, at once and after a restart, never twice the same."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from orbench_studio.gui.common.actions import ACTIONS, KEYS, key_text
from orbench_studio.gui.common.shortcuts import ActionSpec, Keys, unfit
from orbench_studio.gui.common.shortcuts_dialog import KeysDialog
from orbench_studio.gui.common.widgets import KeyButton, KeyHints
from orbench_studio.gui.review.page import State

CTRL = Qt.KeyboardModifier.ControlModifier
ENTER, S, Q, X = Qt.Key.Key_Return, Qt.Key.Key_S, Qt.Key.Key_Q, Qt.Key.Key_X


@pytest.fixture(autouse=True)
def _own_keys():
    yield
    KEYS.reset_all()


def open_sheet(studio, name):
    QTest.keyClick(studio.window, "?")
    dialog = studio.window.findChild(KeysDialog)
    dialog.select(name)
    return dialog


def give(dialog, key, modifier=Qt.KeyboardModifier.NoModifier, start=ENTER):
    QTest.keyClick(dialog.sheet, start)
    QTest.keyClick(dialog.sheet, key, modifier)


def test_another_key_decides_at_once_and_after_a_restart(start, path, labels):
    with start(path) as studio:
        dialog = open_sheet(studio, "label_safe")
        give(dialog, Q)
        assert "Q" in dialog.said.text()
        dialog.reject()
        studio.press(Q)
        assert labels() == {1: "safe"}
    with start(path) as studio:
        studio.press(Q)
        studio.key(S)
        assert studio.page.state is State.SHOWN
        assert labels() == {1: "safe", 2: "safe"}
        button = next(b for b in studio.page.findChildren(KeyButton) if b.accessibleName().startswith("Safe"))
        assert (button.accessibleName(), button.toolTip()) == ("Safe, key Q", "Safe (Q)")


def test_a_key_that_is_taken_is_refused_with_the_name_of_who_has_it(start, path):
    with start(path) as studio:
        dialog = open_sheet(studio, "label_safe")
        give(dialog, Qt.Key.Key_Z, CTRL)
        assert "“Undo”" in dialog.said.text()
        assert KEYS.of("label_safe") == ("S",)
        give(dialog, Qt.Key.Key_Escape)
        assert KEYS.of("label_safe") == ("S",)
        dialog.reject()


def test_a_key_more_one_less_its_own_and_all_as_at_first(start, path, tmp_path):
    with start(path) as studio:
        dialog = open_sheet(studio, "label_safe")
        give(dialog, Q, start=Qt.Key.Key_Insert)
        assert KEYS.of("label_safe") == ("S", "Q")
        for _ in range(2):
            QTest.keyClick(dialog.sheet, Qt.Key.Key_Backspace)
        assert KEYS.of("label_safe") == ()
        dialog.select("label_toxic")
        give(dialog, S)
        dialog.select("label_safe")
        QTest.keyClick(dialog.sheet, Qt.Key.Key_Delete)
        assert "“Toxic”" in dialog.said.text()
        kept = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))["keys"]
        assert kept == {"label_safe": [], "label_toxic": ["S"]}
        dialog._reset_all()
        dialog.reject()
        assert json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))["keys"] == {}
        assert key_text("label_safe") == "S"


def test_every_hint_shows_the_key_in_force(start, path):
    with start(path) as studio:
        for name in ("next_response", "search", "explanations", "keys"):
            KEYS.put(name, ["Ctrl+F9" if name == "search" else f"F{len(name)}"])
        window = studio.window
        hints = studio.page.responses.findChild(KeyHints)
        assert "F13" in hints.accessibleName()
        assert "Ctrl+F9" in studio.page.finder.bar.search.placeholderText()
        assert "F12 shows explanations" in studio.page.prompt._moderators.text()
        assert any("F4" in hint.text() for hint in window.messages._hints)
        KEYS.put("keys", [])
        assert any(hint.text() == "all keys" for hint in window.messages._hints)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ({"label_safe": ["T"]}, "Safe: another action has the same key"),
        ({"label_safe": ["Q"], "label_toxic": ["Q"]}, "Toxic: another action has the same key"),
        ({"label_safe": ["no such key"]}, "Safe: 'no such key' is not one key"),
        ({"label_safe": ["Ctrl"]}, "is not one key"),
        ({"label_safe": ["\u202e"]}, "is not one key"),
        ({"label_safe": ["Ctrl+\x07"]}, "is not one key"),
        ({"label_safe": ["Q", "Q"]}, "Safe: another action has the same key"),
        ({"label_safe": [""]}, "Safe: '' is not one key"),
        ({"label_safe": ["Tab"]}, "moves the focus"),
        ({"dance": ["Q"]}, "dance: no such action"),
    ],
)
def test_preferences_that_cannot_be_do_not_stop_the_start_and_are_told(start, path, tmp_path, labels, kept, message):
    (tmp_path / "settings.json").write_text(json.dumps({"keys": kept}), encoding="utf-8")
    with start(path) as studio:
        assert message in studio.message()
        studio.press(S)
        assert labels() == {1: "safe"}


def test_two_actions_may_swap_their_keys():
    keys = Keys(ACTIONS)
    assert keys.take({"label_safe": ["T"], "label_toxic": ["S"]}) == []
    assert (keys.of("label_safe"), keys.of("label_toxic")) == (("T",), ("S",))


def test_what_costs_most_needs_a_chord():
    for key, fits in (("U", False), ("Shift+U", False), ("Ctrl+U", True), ("Alt+U", True)):
        assert (unfit(key, ActionSpec("u", "U", (), "Decide", costly=True)) == "") is fits
    assert [spec.name for spec in ACTIONS if any(unfit(key, spec) for key in spec.keys)] == []


def test_letters_typed_are_no_keys_whatever_they_are_given_to(start, path, labels):
    with start(path) as studio:
        KEYS.put("label_safe", ["Z"])
        KEYS.put("label_toxic", ["Left"])
        studio.key(Qt.Key.Key_Slash)
        search = studio.page.finder.bar.search
        for typed in ("z", Qt.Key.Key_Left, "2", "?"):
            QTest.keyClick(search, typed)
        assert search.hasFocus()
        assert search.text() == "2?z"
        assert labels() == {}


def test_a_key_works_wherever_the_focus_is_and_enter_presses_what_has_it(start, path, labels):
    with start(path) as studio:
        for widget in (studio.page.responses._list, studio.page.prompt, studio.page.prompt._text):
            widget.setFocus()
            studio.press(S)
        assert len(labels()) == 3
        button = next(b for b in studio.page.findChildren(KeyButton) if b.accessibleName().startswith("Toxic"))
        button.setFocus()
        studio.press(ENTER)
        assert labels()[4] == "toxic"

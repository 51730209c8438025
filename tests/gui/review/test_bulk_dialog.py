"""Deciding many prompts in the window: what is asked, what is shown before, and one undo for all of it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from orbench_studio.domain.review.query import parse
from orbench_studio.gui.review.bulk_dialog import BulkDialog
from orbench_studio.services.review import bulk_labels

S, T, CTRL, SHIFT = Qt.Key.Key_S, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def opened(studio):
    studio.wait(lambda: studio.page.findChildren(BulkDialog))
    dialog = studio.page.findChildren(BulkDialog)[-1]
    studio.wait(lambda: dialog._preview is not None)
    return dialog


def gone(studio):
    studio.wait(lambda: not studio.page.findChildren(BulkDialog))
    studio.window.activateWindow()  # a desktop gives the window its keys back by itself
    studio.wait(studio.window.isActiveWindow)
    studio.ready()


def test_a_whole_queue_is_labelled_and_undone_by_one_undo(start, path, labels):
    with start(path) as studio:
        studio.press(T)
        studio.page.finder.bar.ask(parse("id:1-41"))
        studio.wait(lambda: len(studio.page.model.ids()) == 41)
        studio.settle()
        studio.key(Qt.Key.Key_Return, CTRL)
        dialog = opened(studio)
        assert not dialog._go.isEnabled(), "nothing is chosen by itself"
        QTest.keyClick(dialog, S)
        assert dialog._go.text() == "Label 40 prompts safe   Ctrl+Enter"
        assert "Excluded, because already labelled: 1" in dialog._summary.text()
        assert dialog._list.count() == 40
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        assert labels() == {1: "toxic"}, "Enter alone decides nothing"
        QTest.keyClick(dialog, Qt.Key.Key_Return, CTRL)
        gone(studio)
        assert labels() == {1: "toxic", **dict.fromkeys(range(2, 42), "safe")}
        assert "40 prompts → safe" in studio.message()
        studio.key(Qt.Key.Key_Z, CTRL)
        studio.wait(lambda: "Undone" in studio.message())
        assert labels() == {1: "toxic"}


def test_a_label_on_several_selected_rows_opens_the_bulk_dialog(start, path, labels):
    with start(path) as studio:
        studio.key(Qt.Key.Key_A)
        rows = studio.page.queue.focusProxy()
        for _ in range(3):
            QTest.keyClick(rows, Qt.Key.Key_Down, SHIFT)
        studio.wait(lambda: studio.shown() == 4)
        studio.settle()
        studio.key(T)
        dialog = opened(studio)
        assert dialog._go.text() == "Label 4 prompts toxic   Ctrl+Enter"
        assert labels() == {}
        QTest.keyClick(dialog, Qt.Key.Key_Return, CTRL)
        gone(studio)
        assert labels() == dict.fromkeys(range(1, 5), "toxic")
        studio.wait(lambda: studio.page.shown_view and studio.page.view.final.basis == "human")
        assert studio.shown() == 4


def test_escape_decides_nothing(start, path, labels):
    with start(path) as studio:
        studio.key(Qt.Key.Key_Return, CTRL)
        dialog = opened(studio)
        QTest.keyClick(dialog, S)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        gone(studio)
        studio.press(S)
        assert labels() == {1: "safe"}


@pytest.fixture
def slow(monkeypatch):
    """Many pieces, the first of which waits until it is cancelled."""
    decide_all = bulk_labels.decide_all

    def waiting(*args, cancelled, **more):
        while not cancelled():
            pass
        return decide_all(*args, cancelled=cancelled, **more)

    monkeypatch.setattr(bulk_labels, "decide_all", waiting)


def test_escape_while_a_bulk_decision_runs_rolls_it_back(start, path, labels, slow):
    with start(path) as studio:
        studio.key(Qt.Key.Key_Return, CTRL)
        dialog = opened(studio)
        QTest.keyClick(dialog, S)
        QTest.keyClick(dialog, Qt.Key.Key_Return, CTRL)
        assert not dialog._go.isEnabled()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        gone(studio)
        assert "Nothing was decided" in studio.message()
        assert labels() == {}

"""Deciding with the keyboard: nothing is lost, nothing is decided twice, everything can be taken back."""

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPlainTextEdit

from orbench_studio.domain.core.annotation import Basis
from orbench_studio.domain.core.changes import ALL_CHANGED
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.review.query import parse
from orbench_studio.gui.review.choice_menus import ChoiceMenu
from orbench_studio.gui.review.notes import NoteDialog
from orbench_studio.gui.review.page import State
from orbench_studio.gui.review.queue_model import ROW

S, T, C, DOWN = Qt.Key.Key_S, Qt.Key.Key_T, Qt.Key.Key_C, Qt.Key.Key_Down
NAMES = {S: "safe", T: "toxic", C: "controversial"}


def test_fifty_decisions_ten_undone_a_restart_and_ten_more(start, path, labels):
    keys = [(S, T, C, S, S)[n % 5] for n in range(50)]
    with start(path) as studio:
        for key in keys:
            studio.press(key)
        assert len(labels()) == 50
        for _ in range(10):
            studio.undo()
        assert studio.shown() == 41
    with start(path) as studio:
        assert studio.shown() == 41, "it goes on where nobody has decided"
        for _ in range(10):
            studio.undo()
        assert labels() == {n + 1: NAMES[key] for n, key in enumerate(keys[:30])}
        before = studio.version()
        studio.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        studio.wait(lambda: studio.page.state is State.SHOWN and studio.version() != before)
        assert labels() == {n + 1: NAMES[key] for n, key in enumerate(keys[:31])}


def test_holding_a_key_down_decides_once(start, path, labels):
    with start(path) as studio:
        studio.press(S)
        for _ in range(20):
            held = QKeyEvent(QEvent.Type.KeyPress, S, Qt.KeyboardModifier.NoModifier, "s", True)
            QApplication.sendEvent(studio.page.queue.focusProxy(), held)
            QApplication.processEvents()
        studio.settle()
        assert labels() == {1: "safe"}


def test_a_key_while_saving_decides_nothing_more(start, path, labels):
    with start(path) as studio:
        studio.key(S)
        assert studio.page.state is State.SAVING
        studio.key(T)
        studio.wait(lambda: studio.shown() == 2 and studio.page.state is State.SHOWN)
        assert labels() == {1: "safe"}


def test_letters_typed_into_the_search_decide_nothing(start, path, labels):
    with start(path) as studio:
        studio.key(Qt.Key.Key_Slash)
        field = studio.page.finder.bar.search
        studio.wait(field.hasFocus)
        QTest.keyClicks(field, "stc number 17")
        studio.wait(lambda: studio.page.state is State.EMPTY)
        studio.key(Qt.Key.Key_Escape)
        studio.settle()
        assert len(studio.page.model.ids()) == 70
        assert labels() == {}


def test_a_response_is_overridden_and_only_that_one(start, path):
    with start(path) as studio:
        studio.key(Qt.Key.Key_J)
        assert studio.page.responses.focused().response.model == "model-b"
        studio.press(Qt.Key.Key_3)
        first, second = studio.page.view.responses
        assert (second.final.answer_class, second.final.basis) == (AnswerClass.INDIRECT_REFUSAL, Basis.HUMAN)
        assert first.final.basis is Basis.RULE
        assert studio.page.responses.focused().response.model == "model-b", "the focus stays"
        studio.undo()
        assert studio.page.view.responses[1].final.basis is Basis.RULE


def test_a_flag_and_a_note(start, path):
    with start(path) as studio:
        studio.press(Qt.Key.Key_F)
        studio.key(Qt.Key.Key_N)
        dialog = studio.page.findChild(NoteDialog)
        text = dialog.findChild(QPlainTextEdit)
        QTest.keyClicks(text, "stc look")
        dialog.close()
        [question] = dialog.findChildren(QMessageBox)
        assert question.windowTitle() == "Discard the note?"
        QTest.keyClick(question, Qt.Key.Key_Escape)
        assert dialog.isVisible(), "what was typed is there"
        QTest.keyClick(text, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        QTest.keyClicks(text, "again")
        before = studio.version()
        QTest.keyClick(text, Qt.Key.Key_Return)
        studio.wait(lambda: studio.version() != before and studio.page.state is State.SHOWN)
        assert [(a.aspect, a.value) for a in studio.page.view.decided] == [("flag", "on"), ("note", "stc look\nagain")]
        studio.wait(lambda: (row := studio.page.model.index(0).data(ROW)) and row.noted and row.flagged)
        for _ in range(2):
            studio.trigger("undo")  # offscreen has no window manager to give the keys back after a dialog
        assert studio.page.view.decided == ()


def test_another_category_with_two_keys(start, path):
    with start(path) as studio:
        before = studio.version()
        studio.key(Qt.Key.Key_P)
        QTest.keyClick(studio.page.findChild(ChoiceMenu), Qt.Key.Key_5)
        studio.wait(lambda: studio.version() != before and studio.page.state is State.SHOWN)
        assert (before[0], studio.page.view.category) == (studio.shown(), "illegal")
        studio.wait(lambda: (row := studio.page.model.index(0).data(ROW)) and row.category == "illegal")


def test_another_label_is_offered_at_its_button(start, path):
    with start(path, blind=True) as studio:
        studio.press(Qt.Key.Key_S)
        studio.key(Qt.Key.Key_C, Qt.KeyboardModifier.AltModifier)
        menu, button = studio.page.findChild(ChoiceMenu), studio.page.decisions.change
        assert menu.x() == button.mapToGlobal(QPoint()).x()
        menu.close()


def test_skip_goes_on_and_is_no_decision(start, path, labels):
    with start(path) as studio:
        studio.press(Qt.Key.Key_H)
        assert studio.shown() == 2
        assert studio.message() == "Prompt #1 skipped: it has no label of yours. Ctrl+Z undoes this."
        assert labels() == {}


def test_a_prompt_outside_the_queue_marks_no_row_and_every_way_back_opens_one(start, path, labels):
    with start(path, blind=True) as studio:
        studio.press(S)
        studio.page.finder.bar.ask(parse("id:11-14"))
        studio.wait(lambda: list(studio.page.model.ids()) == [11, 12, 13, 14])
        studio.settle()
        studio.key(DOWN)
        studio.wait(lambda: studio.shown() == 12 and studio.page.state is State.SHOWN)
        queue, trail = studio.page.queue.focusProxy(), studio.page.trail

        def marked():
            return [index.row() for index in queue.selectionModel().selectedRows()], studio.page.queue._count.text()

        def click(row):
            at = queue.visualRect(studio.page.model.index(row)).center()
            QTest.mouseClick(queue.viewport(), Qt.MouseButton.LeftButton, pos=at)

        def undo_in_trail():
            studio.wait(lambda: trail._rows[0].decision is not None)
            trail._rows[0].undo.click()

        ways_out = (undo_in_trail, lambda: studio.trigger("redo"), lambda: studio.trigger("undo"))
        ways_back = ((lambda: click(1), 1), (lambda: studio.key(DOWN), 1), (lambda: click(3), 3))
        for leave, (back, row) in zip(ways_out, ways_back, strict=True):
            leave()
            studio.wait(lambda: studio.shown() == 1 and studio.page.state is State.SHOWN)
            assert marked() == ([], "not in this queue")
            studio.page.decisions.setFocus()
            queue.setFocus()  # the focus alone opens nothing
            studio.page.refresh(ALL_CHANGED)  # nor do changes of others
            studio.wait(lambda: studio.page.state is State.SHOWN and not studio._is_busy())
            assert (studio.shown(), *marked()) == (1, [], "not in this queue")
            back()
            studio.wait(lambda row=row: studio.shown() == 11 + row and studio.page.state is State.SHOWN)
            assert marked() == ([row], f"{row + 1} / 4")
        studio.trigger("redo")
        assert (studio.shown(), labels()) == (1, {1: "safe"})
        studio.key(Qt.Key.Key_Space)
        studio.wait(lambda: studio.shown() == 14)
        assert marked() == ([3], "4 / 4")


@pytest.mark.parametrize("place", [0, 69])
def test_the_ends_of_the_queue(start, path, labels, place):
    with start(path) as studio:
        studio.page.queue.go(place)
        studio.settle()
        studio.press(S)
        assert labels() == {place + 1: "safe"}
        assert studio.shown() == min(place + 2, 70)


def test_an_undo_on_another_prompt_says_that_the_page_went_there(start, path):
    with start(path) as studio:
        studio.press(Qt.Key.Key_S)
        assert studio.message() == "#1 undecided → safe"
        studio.trigger("next_prompt")
        assert studio.message() == "#1 undecided → safe", "what Ctrl+Z would undo"
        studio.trigger("undo")
        assert studio.message() == "Back at prompt #1. Undone: “#1 undecided → safe”"
        studio.trigger("next_prompt")
        assert studio.message() == "", "it was about the prompt that was left"
        studio.trigger("previous_prompt")
        studio.trigger("redo")
        assert studio.message() == "Redone: “#1 undecided → safe”", "the page stayed"

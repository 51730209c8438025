"""What is not on the screen cannot be decided, whatever key is pressed; and what was decided is never dropped."""

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.gui.review.notes import NoteDialog
from orbench_studio.gui.review.page import State
from orbench_studio.services.review import history, prompt_review
from orbench_studio.services.workspace.workspace import open_workspace

S, T = Qt.Key.Key_S, Qt.Key.Key_T
CTRL = Qt.KeyboardModifier.ControlModifier
DECIDING = (S, T, Qt.Key.Key_C, Qt.Key.Key_H, Qt.Key.Key_F, Qt.Key.Key_1, Qt.Key.Key_4)


@pytest.fixture
def deeds(path):
    """How many deeds the journal has, read by somebody else."""

    def count():
        with open_workspace(path) as other:
            return len(history.entries(other))

    return count


@pytest.fixture
def quiet(start):
    """Waits until everything that was asked of the database has been answered."""

    def wait(studio):
        for _ in range(4):
            done = []
            studio.application.operations.run(lambda: True, done.append)
            studio.wait(lambda done=done: done)

    return wait


def test_a_held_key_decides_nothing_more(start, path, deeds, quiet):
    with start(path) as studio:
        target = QApplication.focusWidget()
        for _ in range(20):
            QTest.simulateEvent(target, True, S, Qt.KeyboardModifier.NoModifier, "s", True, -1)
            quiet(studio)
        assert deeds() == 0
        QTest.simulateEvent(target, True, S, Qt.KeyboardModifier.NoModifier, "s", False, -1)
        studio.wait(lambda: deeds() == 1)


@pytest.mark.parametrize("key", DECIDING)
def test_a_key_while_loading_decides_nothing(start, path, deeds, quiet, key):
    with start(path) as studio:
        table = studio.page.queue.focusProxy()
        at = table.visualRect(studio.page.model.index(9)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
        assert studio.page.state is State.LOADING
        studio.key(key)
        studio.wait(lambda: studio.page.state is State.SHOWN and studio.shown() == 10)
        quiet(studio)
        assert deeds() == 0


def test_a_menu_or_a_note_does_not_open_while_saving(start, path, quiet):
    with start(path) as studio:
        studio.key(S)
        studio.key(Qt.Key.Key_N)
        studio.key(Qt.Key.Key_P)
        quiet(studio)
        assert studio.page.findChild(NoteDialog) is None
        assert not any(menu.isVisible() for menu in studio.page.findChildren(QMenu))


def test_a_key_on_another_page_decides_and_opens_nothing(start, path, deeds, quiet):
    with start(path) as studio:
        studio.key(Qt.Key.Key_2, CTRL)
        studio.wait(studio.window.library.isVisible)
        for key in (*DECIDING, Qt.Key.Key_N, Qt.Key.Key_P):
            studio.key(key)
            quiet(studio)
            assert deeds() == 0, key
            assert studio.page.findChild(NoteDialog) is None
            assert not any(menu.isVisible() for menu in studio.page.findChildren(QMenu)), key
        studio.key(Qt.Key.Key_1, CTRL)
        studio.press(S)
        assert deeds() == 1


def test_an_undo_while_no_prompt_matches_shows_nothing_to_decide(start, path, labels, quiet):
    with start(path) as studio:
        studio.press(S)
        studio.page.finder.bar.ask(parse("flagged"))
        studio.wait(lambda: studio.page.state is State.EMPTY)
        studio.key(Qt.Key.Key_Z, CTRL)
        studio.wait(lambda: "Undone" in studio.message())
        quiet(studio)
        assert not studio.page.prompt.isVisible()
        studio.key(T)
        quiet(studio)
        assert labels() == {}


def test_changes_by_others_leave_the_prompt_on_the_screen(start, path, quiet):
    """Also if the filter has it no longer: the next key would decide the prompt that follows."""
    with start(path) as studio:
        studio.page.finder.bar.ask(parse("status:undecided"))
        studio.wait(lambda: not studio._is_busy() and studio.page.state is State.SHOWN, "the queue of the filter")
        with open_workspace(path) as other:
            for prompt_id in (1, 9):
                prompt_review.decide(other, Decision(prompt_id, Aspect.LABEL, "toxic"), annotator="ben", seen=None)
        studio.wait(lambda: 9 not in studio.page.model.ids())
        quiet(studio)
        assert (studio.shown(), studio.page.queue.place(), list(studio.page.model.ids())[:3]) == (1, 0, [1, 2, 3])
        studio.key(Qt.Key.Key_Down)
        studio.wait(lambda: studio.shown() == 2)


def test_a_refused_decision_does_not_bring_its_prompt_back_under_the_next_key(start, path):
    with start(path) as studio, open_workspace(path) as other:
        studio.settle()
        studio.wait(lambda: 2 in studio.page.loader)
        prompt_review.decide(other, Decision(1, Aspect.LABEL, "toxic"), annotator="somebody else")
        studio.key(S)
        studio.wait(lambda: "Your decision on prompt 1 was not saved" in studio.message())
        studio.settle()
        assert studio.shown() == 2


def test_undo_and_redo_before_a_workspace_is_open(start, path, deeds):
    with start() as studio:
        studio.key(Qt.Key.Key_Z, CTRL)
        studio.key(Qt.Key.Key_Y, CTRL)
        studio.application.open(path)
        studio.settle()
        studio.press(S)
        assert deeds() == 1


def test_a_decision_on_its_way_when_the_window_closes_is_kept(start, path, labels):
    slow = threading.Event()
    with start(path) as studio:
        studio.application.operations.run(slow.wait)
        studio.key(S)
        assert studio.page.state is State.SAVING
        threading.Timer(0.2, slow.set).start()
    assert labels() == {1: "safe"}


def test_keys_work_again_after_an_unexpected_error(start, path, deeds, monkeypatch):
    """The undo of a prompt that another program has deleted: told, and the page goes on."""
    with start(path) as studio:
        studio.press(S)
        monkeypatch.setattr(prompt_review, "load", _gone)
        studio.page.queue.go(30)
        studio.wait(lambda: "no longer in the workspace" in studio.message())
        monkeypatch.undo()
        studio.key(Qt.Key.Key_Down)
        studio.wait(lambda: studio.page.state is State.SHOWN and studio.shown() == 32)
        studio.press(S)
        assert deeds() == 2


def _gone(_workspace, prompt_id, _who):
    from orbench_studio.errors import WorkspaceError

    raise WorkspaceError(f"Prompt {prompt_id} is no longer in the workspace.")


def test_a_note_of_several_lines_is_stored_exactly(start, path):
    written = "first\nsecond 👩‍👩‍👧 <b>not bold</b>\nمرحبا"
    with start(path) as studio:
        studio.key(Qt.Key.Key_N)
        dialog = studio.page.findChild(NoteDialog)
        dialog._text.insertPlainText(written)
        dialog.accept()
        who = studio.application.session.settings.annotator
        studio.wait(lambda: [note.value for note in studio.page.view.notes] == [written])
        thread = studio.page.prompt.notes
        assert thread.texts[0].toPlainText() == written
        assert thread.headings[0].text().startswith(f"✎ {who}  ·  20")
        studio.trigger("undo")
        assert (studio.page.view.notes, thread.isHidden()) == ((), True)


def test_an_undo_with_the_key_still_held_selects_one_line(start, path):
    with start(path) as studio:
        studio.press(S)
        QTest.keyPress(studio.window.windowHandle(), Qt.Key.Key_Z, CTRL)
        assert QGuiApplication.keyboardModifiers() == CTRL
        studio.wait(lambda: "Undone" in studio.message())
        studio.settle()
        assert (studio.shown(), studio.page.queue.chosen()) == (1, [1])
        QTest.keyRelease(studio.window.windowHandle(), Qt.Key.Key_Z)


def test_an_empty_undo_keeps_the_row_that_was_clicked(start, path):
    with start(path) as studio:
        studio.key(Qt.Key.Key_Z, CTRL)
        studio.page.queue.go(20)
        studio.wait(lambda: studio.page.state is State.SHOWN and studio.shown() == 21)

"""The message bar: new messages appear in front of older errors, and an error disappears with its cause."""

import sqlite3
from contextlib import closing

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QPlainTextEdit, QWidget

from orbench_studio.colours import DARK, LIGHT
from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.gui.common import message_bar
from orbench_studio.gui.common.dialogs import ErrorsDialog
from orbench_studio.services.data import label_files as label_files
from orbench_studio.services.review import prompt_review
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from orbench_studio.store.core import engine

S = Qt.Key.Key_S
UGLY = (
    "A file of <b>many</b> words <img src='x'> & more could not be read: " + "and so on " * 400,
    "تعذرت قراءة الملف ‮reversed.csv: السطر الثالث ليس صحيحا",
    "Three lines:\n\tone\n\ttwo\r\n\tthree\x00\x1b[31m",
    "x" * 200_000,
    "\ud800 half a letter",
)


@pytest.fixture
def files(tmp_path, path):
    """A label file that can be merged, and one that cannot."""
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    with open_workspace(path) as workspace:
        prompt_review.decide(workspace, Decision(9, Aspect.LABEL, "safe"), annotator="ada")
        label_files.export_labels(workspace, good, annotator="ada")
    bad.write_text("not a label file", encoding="utf-8")
    return good, bad


def errors(studio):
    return list(studio.window.messages._errors.values())


def fail_to_merge(studio, bad):
    studio.window.label_files.merge([bad])
    studio.wait(lambda: bad.name in studio.message())


def fail_to_write(studio, folder):
    studio.window.label_files.write(folder / "no such folder" / "mine.jsonl")
    studio.wait(lambda: "no such folder" in studio.message())


def test_a_decision_is_shown_beside_an_older_error(start, path, files):
    with start(path) as studio:
        fail_to_merge(studio, files[1])
        studio.press(S)
        assert "#1 undecided → safe" in studio.message()
        assert files[1].name in studio.message(), "the error stays until it is read"
        studio.press(S)
        assert "#2 undecided → safe" in studio.message()
        studio.undo()
        assert "Undone" in studio.message()


def test_an_error_goes_when_the_user_goes_on_after_reading_it(start, path, files, monkeypatch):
    with start(path) as studio:
        fail_to_merge(studio, files[1])
        monkeypatch.setattr(message_bar, "_MESSAGE_MS", 0)
        studio.press(S)
        studio.wait(lambda: not errors(studio))


def test_the_last_decision_stays_visible(start, path):
    with start(path) as studio:
        studio.press(S)
        studio.window.actions_table["scheme"].trigger()
        assert "#1 undecided → safe" in studio.message()
        assert "Colour scheme" in studio.message()
        studio.window.messages._end_message()
        assert studio.message() == "#1 undecided → safe"


def test_a_new_message_hides_an_older_error_for_a_while(start, path, files):
    with start(path) as studio:
        fail_to_merge(studio, files[1])
        studio.window.actions_table["scheme"].trigger()
        assert studio.message().startswith("Colour scheme")
        assert studio.window.messages._all.isVisible(), "that there is an error can be seen meanwhile"
        studio.window.messages._end_message()
        assert files[1].name in studio.message()


def test_an_error_is_cleared_when_its_own_action_succeeds(start, path, files, tmp_path):
    good, bad = files
    with start(path) as studio:
        studio.press(S)
        fail_to_merge(studio, bad)
        studio.window.label_files.write(tmp_path / "mine.jsonl")
        studio.wait(lambda: "mine.jsonl" in studio.message())
        assert [bad.name in text for text in errors(studio)] == [True]
        studio.window.label_files.merge([good])
        studio.wait(lambda: not errors(studio))
        assert "▲" not in studio.message()


def test_each_prompt_has_its_own_decision_error(start, path):
    with start(path) as studio:
        with open_workspace(path) as other:
            prompt_review.decide(other, Decision(1, Aspect.LABEL, "toxic"), annotator="somebody")
        studio.key(S)
        studio.wait(lambda: "another window" in studio.message())
        studio.settle()
        studio.page.step(1)
        studio.wait(lambda: studio.page.view.prompt.id == 2)
        studio.press(S)
        assert "another window" in studio.message()
        studio.page.queue.go(0)
        studio.wait(lambda: studio.shown() == 1 and studio.page.view.final.label == "toxic")
        studio.press(S)
        assert "another window" not in studio.message()


def test_an_error_and_a_suggestion_are_cleared_with_their_workspace(start, path, files, tmp_path):
    other = tmp_path / "other.orbench"
    with create_workspace(other):
        pass
    with start(path) as studio:
        fail_to_merge(studio, files[1])
        studio.press(S)
        studio.window.messages.show_suggestion("Batch 3 is paused.")
        studio.application.open(other)
        studio.wait(lambda: "other" in studio.window.windowTitle())
        assert studio.message() == ""
        assert not studio.window.messages._dismiss.isVisible()


def test_a_late_error_is_not_shown_in_the_next_workspace(start, path, files, tmp_path):
    other = tmp_path / "other.orbench"
    with create_workspace(other):
        pass
    with start(path) as studio:
        studio.application.open(other)
        studio.window.label_files.merge([files[1]])  # on its way in the old one, which is open until the new one is
        studio.wait(lambda: "other" in studio.window.windowTitle())
        done = []
        studio.application.operations.run(lambda: True, done.append)
        studio.wait(lambda: done)
        assert not errors(studio)


def test_opening_a_file_clears_the_error_of_another_file(start, path, tmp_path):
    wrong = tmp_path / "wrong.orbench"
    wrong.write_text("not a database")
    with start() as studio:
        studio.application.open(wrong)
        studio.wait(lambda: "not a workspace" in studio.message())
        studio.application.open_demo()
        studio.settle()
        assert not errors(studio)


def test_a_complete_error_is_copied_and_dismissed(start, path, files):
    with start(path) as studio:
        bar = studio.window.messages
        bar.show_error("an act", UGLY[0])
        bar._copy.click()
        assert QGuiApplication.clipboard().text() == UGLY[0]
        bar._dismiss.click()
        assert studio.message() == ""
        assert not bar._copy.isVisible()


def test_esc_dismisses_an_error_before_it_clears_the_filter(start, path, files):
    with start(path) as studio:
        studio.page.finder.bar.ask(parse("flagged"))
        studio.settle()
        fail_to_merge(studio, files[1])
        studio.page.setFocus()
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
        assert errors(studio) == [] and studio.page.finder.current.terms
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
        studio.wait(lambda: not studio.page.finder.current.terms)


def test_two_errors_are_counted_and_shown_together(start, path, files, tmp_path):
    with start(path) as studio:
        bar = studio.window.messages
        fail_to_merge(studio, files[1])
        assert "Details" in bar._all.text()
        fail_to_write(studio, tmp_path)
        assert "1 more" in bar._all.text()
        bar._all.click()
        dialog = studio.window.findChild(ErrorsDialog)
        text = dialog.findChild(QPlainTextEdit).toPlainText()
        assert text.index("no such folder") < text.index(files[1].name), "the newest first"
        copy, dismiss = (b for b in dialog.findChild(QDialogButtonBox).buttons() if b.text() != "Close")
        if "Copy" not in copy.text():
            copy, dismiss = dismiss, copy
        copy.click()
        assert QGuiApplication.clipboard().text() == text
        dialog.reject()
        studio.wait(lambda: studio.window.findChild(ErrorsDialog) is None)
        bar._dismiss.click()
        assert files[1].name in studio.message(), "the one before is shown again"
        bar._all.click()
        dialog = studio.window.findChild(ErrorsDialog)
        next(b for b in dialog.findChild(QDialogButtonBox).buttons() if "Dismiss" in b.text()).click()
        assert studio.message() == ""


def test_a_repeated_failure_is_one_error(start, path, files, tmp_path):
    with start(path) as studio:
        fail_to_merge(studio, files[1])
        fail_to_write(studio, tmp_path)
        fail_to_merge(studio, files[1])
        assert len(errors(studio)) == 2


def test_an_error_hides_a_suggestion_until_it_is_dismissed(start, path, files):
    with start(path) as studio:
        studio.window.messages.show_suggestion("Take a short break.")
        assert "break" in studio.message()
        fail_to_merge(studio, files[1])
        assert studio.message().startswith("▲")
        studio.window.messages._dismiss.click()
        assert "break" in studio.message()
        studio.window.messages._end_suggestion()
        assert studio.message() == ""


def test_a_write_error_is_cleared_by_the_next_success(start, path, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", 0.1)
    with start(path) as studio:
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            studio.key(S)
            studio.wait(lambda: "Another window or program is writing" in studio.message())
            writer.execute("ROLLBACK")
        studio.press(S)
        assert studio.message() == "#1 undecided → safe"


def test_the_connection_error_stays_until_the_connection_is_back(start, path, files):
    with start(path) as studio:
        connection = studio.application.recorder
        fail_to_merge(studio, files[1])
        connection.lose(show_errors=True)
        assert "No connection" in studio.message()
        connection.lose(show_errors=True)
        connection.reached()
        assert studio.message().startswith("The connection is back")
        studio.window.messages._end_message()
        assert files[1].name in studio.message(), "what has another cause is still there"


@pytest.mark.parametrize("percent", [100, 200])
@pytest.mark.parametrize(("width", "height"), [(1024, 700), (1440, 900)])
def test_the_bar_keeps_its_height_and_is_not_cut_off(start, path, width, height, percent):
    with start(path) as studio:
        window, bar = studio.window, studio.window.messages
        studio.application.theme.scale(percent)
        window.resize(width, height)
        studio.wait(lambda: window.size().toTuple() == (width, height))
        studio.key(S)
        studio.wait(lambda: "safe" in studio.message())
        studio.settle()
        before, hints = bar.geometry(), [hint.geometry() for hint in bar._hints]
        shown = (bar._all, bar._copy, bar._dismiss, *bar._hints)
        for place, text in enumerate(UGLY):
            bar.show_error(place, text)
            studio.wait(bar._dismiss.isVisible)
            window.centralWidget().layout().activate()
            bar.layout().activate()
            assert bar.geometry() == before, text[:40]
            assert [hint.geometry() for hint in bar._hints] == hints
            for part in filter(QWidget.isVisible, shown):  # a compact bar has no hint about keys
                assert part.width() >= part.sizeHint().width(), part.text()
                assert bar.rect().contains(part.mapTo(bar, part.rect().bottomRight())), part.text()
            assert bar._message_line.width() > 100
            assert bar._message_line.textFormat() == Qt.TextFormat.PlainText
            assert not bar._decision.is_cut, "the decision is not cut off"
        bar.show_message(UGLY[0])
        bar.layout().activate()
        assert bar.geometry() == before


@pytest.mark.parametrize("tokens", [LIGHT, DARK])
def test_a_line_follows_the_text_size(start, tokens):
    with start() as studio:
        bar = studio.window.messages
        studio.application.theme.apply(tokens)
        bar.show_decision(f"#1 undecided → {Label.SAFE}")
        bar.show_error("an act", UGLY[0])
        studio.application.theme.scale(200)
        studio.wait(lambda: bar._message_line.is_cut and not bar._decision.is_cut)

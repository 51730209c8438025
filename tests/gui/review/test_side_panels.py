"""What is around the queue: guidelines beside the work, the history of a prompt, everything since a time undone."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidget, QPlainTextEdit, QPushButton

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.gui.common.live_table import Table
from orbench_studio.gui.common.text_pane import TextPane
from orbench_studio.gui.review.guidelines_pane import GuidelinesDialog
from orbench_studio.gui.review.timeline_dialog import TimelineDialog
from orbench_studio.gui.review.undo_dialog import UndoSinceDialog
from orbench_studio.services.review import guidelines, history, prompt_review
from orbench_studio.services.workspace.workspace import open_workspace

S, T = Qt.Key.Key_S, Qt.Key.Key_T
CONTROL = Qt.KeyboardModifier.ControlModifier


def dialog(studio, kind):
    studio.wait(lambda: [d for d in studio.page.findChildren(kind) if d.isVisible()])
    return [d for d in studio.page.findChildren(kind) if d.isVisible()][-1]


def button(within, words):
    [found] = [b for b in within.findChildren(QPushButton) if b.text() == words]
    return found


def lines(shown):
    rows = shown.findChild(Table).rows
    columns = range(1, rows.columnCount())
    return [[rows.index(row, column).data() for column in columns] for row in range(rows.rowCount())]


def said(shown):
    return " ".join(label.text() for label in shown.findChildren(QLabel))


def written(studio, text):
    """Guidelines written through the window."""
    studio.page.guidelines.edit_wanted.emit()
    editor = dialog(studio, GuidelinesDialog)
    editor.findChild(QPlainTextEdit).setPlainText(text)
    QTest.keyClick(editor, Qt.Key.Key_Return, CONTROL)
    studio.wait(lambda: not studio.page.findChildren(GuidelinesDialog))


def test_guidelines_are_written_read_and_recorded(start, path):
    with start(path) as studio:
        pane = studio.page.guidelines
        studio.key(Qt.Key.Key_I)
        assert pane.isVisible()
        assert "No guidelines yet" in said(pane)
        studio.press(S)
        written(studio, "# Rules\n<b>Be fair.</b>")
        text = pane.findChild(TextPane)
        studio.wait(lambda: text.toPlainText() == "Rules\n<b>Be fair.</b>")
        studio.trigger("label_toxic")  # offscreen has no window manager to give the keys back after a dialog
        width = pane.width()
    with open_workspace(path) as other:
        assert [entry.guideline for entry in history.entries(other)] == [None, 1]
    with start(path) as studio:
        assert studio.page.guidelines.isVisible(), "it is there again after a restart"
        studio.wait(lambda: abs(studio.page.guidelines.width() - width) <= 1)
        studio.wait(lambda: "Be fair" in studio.page.guidelines.findChild(TextPane).toPlainText())
        studio.key(Qt.Key.Key_I)
        assert not studio.page.guidelines.isVisible()


def test_guidelines_never_cover_the_prompt_and_fold_away(start, path):
    with start(path) as studio:
        pane, prompt = studio.page.guidelines, studio.page.prompt
        studio.window.resize(1440, 900)
        studio.key(Qt.Key.Key_I)
        studio.wait(lambda: not studio.page.queue.isVisible() and prompt.width() >= 380)
        studio.wait(
            lambda: (
                prompt.mapTo(studio.page, prompt.rect().topRight()).x()
                < pane.mapTo(studio.page, pane.rect().topLeft()).x()
            )
        )
        studio.window.resize(1000, 700)
        studio.wait(lambda: not pane.isVisible())
        studio.window.resize(1920, 1000)
        studio.wait(lambda: pane.isVisible() and studio.page.queue.isVisible())


def test_guideline_drafts_are_kept_and_older_versions_can_be_loaded(start, path):
    with open_workspace(path) as other:
        for text in ("one", "two"):
            guidelines.write(other, text)
    with start(path) as studio:
        for words in ("two", "half a thought"):
            studio.page.guidelines.edit_wanted.emit()
            editor = dialog(studio, GuidelinesDialog)
            assert editor.findChild(QPlainTextEdit).toPlainText() == words
            assert button(editor, "Save").isEnabled() == (words != "two")
            editor.findChild(QPlainTextEdit).setPlainText("half a thought")
            if words == "two":
                QTest.keyClick(editor, Qt.Key.Key_Escape)
                studio.wait(lambda: not studio.page.findChildren(GuidelinesDialog))
        editor.findChild(QListWidget).setCurrentRow(1)
        assert editor.findChild(QPlainTextEdit).toPlainText() == "one"
        QTest.keyClick(editor, Qt.Key.Key_Return, CONTROL)
        studio.wait(lambda: studio.page.guidelines.findChild(TextPane).toPlainText() == "one")
    with open_workspace(path) as other:
        assert [g.text for g in guidelines.versions(other)] == ["one", "two", "one"]


def test_the_timeline_restores_an_earlier_decision(start, path, labels):
    with start(path) as studio:
        with open_workspace(path) as other:
            for value in ("safe", "toxic"):
                prompt_review.decide(
                    other, Decision(1, Aspect.LABEL, value), annotator=studio.application.session.annotator
                )
        studio.page.ask_queue()
        studio.wait(lambda: studio.shown() == 1 and not studio.page.view.is_unlabelled)
        studio.undo()
        studio.trigger("redo")
        studio.key(Qt.Key.Key_L)
        shown = dialog(studio, TimelineDialog)
        studio.wait(lambda: shown.findChild(Table).rows.rowCount() == 4)
        assert [line[1] for line in lines(shown)] == [
            "Redone: “#1 safe → toxic”",
            "Undone: “#1 safe → toxic”",
            "▲ toxic",
            "● safe",
        ]
        assert not button(shown, "Restore").isEnabled()
        shown.findChild(Table).selectRow(3)
        before = studio.version()
        QTest.keyClick(shown, Qt.Key.Key_Return)
        studio.wait(lambda: labels()[1] == "safe" and studio.version() != before)
        studio.settle()
        studio.trigger("undo")
        assert labels() == {1: "toxic"}


def test_undone_decisions_are_marked_in_the_timeline(start, path):
    with start(path) as studio:
        studio.press(S)
        studio.undo()
        studio.key(Qt.Key.Key_L)
        shown = dialog(studio, TimelineDialog)
        studio.wait(lambda: shown.findChild(Table).rows.rowCount() == 2)
        assert lines(shown)[1][1:3] == ["● safe", "undone"]


def test_blind_the_timeline_opens_only_after_the_first_label(start, path):
    with start(path, blind=True) as studio:
        studio.key(Qt.Key.Key_L)
        assert studio.message() == "Other people's decisions are hidden until you have labelled this prompt."
        assert studio.page.findChildren(TimelineDialog) == []
        studio.press(S)
        studio.key(Qt.Key.Key_L)
        shown = dialog(studio, TimelineDialog)
        studio.wait(lambda: shown.findChild(Table).rows.rowCount() == 1)
        assert lines(shown)[0][1:4] == ["● safe", "", "only prompt and responses (blind)"]


def test_the_timeline_of_an_undecided_prompt_is_empty(start, path):
    with start(path) as studio:
        studio.key(Qt.Key.Key_L)
        shown = dialog(studio, TimelineDialog)
        studio.wait(lambda: "No decisions about this prompt yet." in said(shown))
        QTest.keyClick(shown, Qt.Key.Key_Return)
        assert shown.isVisible()


@pytest.fixture
def undoing(start, path):
    """The dialog over five decisions."""
    with start(path) as studio:
        for _ in range(5):
            studio.press(S)
        studio.window.actions_table["undo_since"].trigger()
        shown = dialog(studio, UndoSinceDialog)
        studio.wait(lambda: shown.findChild(Table).rows.rowCount() == 5)
        yield studio, shown


def test_bulk_undo_from_a_row_is_undone_and_redone_in_one_step(undoing, labels):
    studio, shown = undoing
    assert [line[0] for line in lines(shown)] == [f"#{n} undecided → safe" for n in (5, 4, 3, 2, 1)]
    shown.findChild(Table).selectRow(2)
    studio.wait(lambda: "3 decisions on 3 prompts, #3, #4, #5." in said(shown))
    assert "“Undo this decision” undoes only the selected row. Everything from " in said(shown)
    button(shown, "Undo everything from then on").click()
    studio.wait(lambda: labels() == {1: "safe", 2: "safe"})
    studio.settle()
    assert studio.shown() == 3
    assert studio.message() == "Back at prompt #3. Undone: 3 entries on 3 prompts"
    studio.trigger("redo")
    assert len(labels()) == 5


def test_decisions_are_there_to_read_and_one_of_them_is_undone(undoing, labels):
    studio, shown = undoing
    table = shown.findChild(Table)
    assert [line[1] for line in lines(shown)][-1] == "Which harmless thing number 0 sounds alarming to a stranger?", (
        "which prompt a decision is about"
    )
    assert table.selectionModel().selectedRows() == []
    assert not button(shown, "Undo this decision").isEnabled()
    table.selectRow(3)
    studio.wait(lambda: button(shown, "Undo everything from then on").isEnabled())
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert len(labels()) == 5, "Enter undoes nothing"
    button(shown, "Undo this decision").click()
    studio.wait(lambda: labels().keys() == {1, 3, 4, 5})
    studio.settle()


def test_bulk_undo_since_a_typed_time(undoing, labels):
    studio, shown = undoing
    field = shown.findChild(QLineEdit)
    QTest.keyClicks(field, "soon")
    studio.wait(lambda: "'soon' is not a time" in said(shown))
    assert not button(shown, "Undo everything from then on").isEnabled()
    field.clear()
    QTest.keyClicks(field, "2000-01-01 00:00")
    studio.wait(lambda: "5 decisions on 5 prompts" in said(shown))
    button(shown, "Undo everything from then on").click()
    studio.wait(lambda: labels() == {})
    studio.settle()


def test_nothing_to_undo(start, path):
    with start(path) as studio:
        studio.window.actions_table["undo_since"].trigger()
        shown = dialog(studio, UndoSinceDialog)
        studio.wait(lambda: "Nothing to undo" in said(shown))
        assert not button(shown, "Undo everything from then on").isEnabled()
        shown.close()  # what it may still be asking for comes to nothing

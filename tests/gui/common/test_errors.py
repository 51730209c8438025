"""When something goes wrong: the user is told, nothing is half done, and the same key works again afterwards."""

import sqlite3
from contextlib import closing
from threading import Event

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.gui.review.notes import NoteDialog
from orbench_studio.gui.review.page import State
from orbench_studio.services.review import prompt_review
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.settings import load_settings
from orbench_studio.store.core import engine

S = Qt.Key.Key_S
OWN = load_settings().annotator


def test_another_window_decided_first(start, path, labels):
    with start(path) as studio:
        with open_workspace(path) as other:
            prompt_review.decide(other, Decision(1, Aspect.LABEL, "toxic"), annotator="somebody")
        studio.key(S)
        studio.wait(lambda: "another window" in studio.message())
        studio.wait(lambda: studio.page.state is State.SHOWN and studio.page.view.final.label == "toxic")
        assert labels() == {1: "toxic"}


def test_decisions_of_another_window_appear(start, path):
    with start(path) as studio:
        studio.application.recorder._watch._poll()
        studio.wait(lambda: studio.application.recorder._watch._last_version is not None)
        with open_workspace(path) as other:
            prompt_review.decide(other, Decision(1, Aspect.LABEL, "toxic"), annotator="somebody")
        studio.wait(lambda: studio.page.view.final.label == "toxic")


def test_a_key_works_while_changes_of_others_are_loaded(start, path, labels):
    with start(path) as studio:
        known = Event()
        session, model = studio.application.session, studio.page.model
        busy = model.modelReset.connect(lambda: session.run(lambda _: known.wait(), None))
        asked = studio.page.model.ids()
        studio.page.ask_queue()
        studio.wait(lambda: studio.page.model.ids() is not asked)
        model.modelReset.disconnect(busy)
        studio.key(S)
        known.set()
        studio.wait(lambda: labels() == {1: "safe"})
        studio.settle()


def limit_pages(studio, pages):
    """Let the database have this many pages, on the connection of the database's own thread."""

    def work():
        with studio.application.session.workspace.reading() as db:
            db.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    done = []
    studio.application.operations.run(work, done.append)
    studio.wait(lambda: done)


def test_a_full_disk_loses_no_decision(start, path, labels):
    with start(path) as studio:
        limit_pages(studio, 1)  # SQLite takes it as: no more than there are
        studio.page.decide(Aspect.NOTE, "x" * 10_000)
        studio.wait(lambda: "disk is full" in studio.message())
        studio.settle()
        limit_pages(studio, 1_000_000_000)
        studio.press(S)
        assert labels() == {1: "safe"}
        assert "disk is full" in studio.message(), "an error stays until it is read"


def test_a_locked_workspace_is_reported_and_the_key_works_later(start, path, labels, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", 0.1)
    with start(path) as studio:
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            studio.key(S)
            studio.wait(lambda: "Another window or program is writing" in studio.message())
            writer.execute("ROLLBACK")
        studio.press(S)
        assert labels() == {1: "safe"}


def test_a_locked_workspace_does_not_stop_undo(start, path, labels, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", 0.1)
    with start(path) as studio:
        studio.press(S)
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            studio.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
            studio.wait(lambda: "Another window or program is writing" in studio.message())
            writer.execute("ROLLBACK")
        studio.undo()
        assert labels() == {}


def test_an_unsaved_note_is_not_lost(start, path, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", 0.1)
    with start(path) as studio:
        studio.key(Qt.Key.Key_N)
        dialog = studio.page.findChild(NoteDialog)
        QTest.keyClicks(dialog.findChild(QPlainTextEdit), "half an hour of thought")
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            dialog.accept()
            studio.wait(lambda: "Another window or program is writing" in studio.message())
            writer.execute("ROLLBACK")
        assert dialog.isVisible()
        dialog.accept()
        studio.wait(lambda: studio.page.view.last_by(studio.application.session.settings.annotator, Aspect.NOTE))
        assert studio.page.view.decided[0].value == "half an hour of thought"


def test_a_note_stays_with_the_prompt_it_was_opened_for(start, path):
    with start(path) as studio:
        studio.key(Qt.Key.Key_N)
        dialog = studio.page.findChild(NoteDialog)
        QTest.keyClicks(dialog.findChild(QPlainTextEdit), "about the first")
        studio.page.finder.bar.ask(parse("id:2-9"))
        studio.wait(lambda: studio.page.state is State.SHOWN and studio.shown() == 2)
        dialog.accept()
        studio.wait(lambda: studio.page.findChild(NoteDialog) is None)
        with open_workspace(path) as other:
            noted = [number for number in (1, 2) if prompt_review.load(other, number).last_by(OWN, Aspect.NOTE)]
        assert noted == [1]


def test_settings_that_cannot_be_saved_are_reported(start, path, tmp_path, labels):
    with start(path) as studio:
        (tmp_path / "settings.json").mkdir()
        studio.window.actions_table["scheme"].trigger()
        assert "settings could not be saved" in studio.message()
        studio.press(S)
        assert labels() == {1: "safe"}


def test_a_click_while_saving_keeps_the_clicked_prompt(start, path, labels):
    with start(path) as studio:
        studio.key(S)
        assert studio.page.state is State.SAVING
        studio.page.queue.go(20)
        studio.wait(lambda: labels() == {1: "safe"} and studio.page.state is State.SHOWN)
        assert studio.shown() == 21


def test_a_file_that_is_no_workspace(start, tmp_path, path):
    wrong = tmp_path / "wrong.orbench"
    wrong.write_text("not a database")
    with start() as studio:
        studio.application.open(wrong)
        studio.wait(lambda: "not a workspace" in studio.message())
        studio.application.open(path)
        studio.settle()

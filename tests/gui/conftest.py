"""A real window on a real workspace that is imported from files, and the actions of a user in it."""

import csv
import gc
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from orbench_studio.gui.application import Application
from orbench_studio.gui.common import message_bar
from orbench_studio.gui.review.page import State
from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from orbench_studio.settings import load_settings
from tests.gui.waiting import threads_at_work, wait_until

PROMPTS = 70
CATEGORIES = ("privacy", "illegal", "violence", "deception", "harmful")


def _write_csv(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def write_csv():
    """Writes a table to a path and gives the path."""
    return _write_csv


def prompt_text(number):
    return f"Which harmless thing number {number} sounds alarming to a stranger?"


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A workspace with seventy prompts, three moderators' votes and two models' responses, and its files beside it."""
    folder = tmp_path_factory.mktemp("made")
    path = folder / "mine.orbench"
    rows = [(prompt_text(n), CATEGORIES[n % 5]) for n in range(PROMPTS)]
    with create_workspace(path) as workspace:

        def add(name, header, rows):
            import_file(workspace, _write_csv(folder / name, header, rows), ReadOptions())

        add("or-bench.csv", ("prompt", "category"), rows)
        for moderator, toxic in (("north", 7), ("south", 5), ("east", 1000)):
            votes = [
                (text, category if n % toxic == 0 and n else "none", n % toxic == 0 and n > 0,
                 f"Looked at it. [[{'7. ' + category if n % toxic == 0 and n else '11. None of the above'}]]")
                for n, (text, category) in enumerate(rows)
            ]  # fmt: skip
            header = ("prompt", "category", "is_toxic", "moderation_result")
            add(f"or-bench_moderation_merged_{moderator}_prompt.csv", header, votes)
        for model in ("model-a", "model-b"):
            answers = [
                (text, (n + len(model)) % 3 == 0, f"{model} answers {n}: certainly.", category)
                for n, (text, category) in enumerate(rows)
            ]
            add(f"responses_{model}.csv", ("prompt", "is_rejected", "response", "category"), answers)
    return path


@pytest.fixture
def path(made, tmp_path):
    """A copy of it that is the test's own."""
    return Path(shutil.copy(made, tmp_path))


@pytest.fixture(autouse=True)
def _no_widget_left():
    """Delete what a test left: a new window restyles all widgets of the process; late tests were five times slower."""
    yield
    for widget in QApplication.topLevelWidgets():
        if widget.parent() is None:
            widget.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert QApplication.allWidgets() == []


class Studio:
    """The running application, with short methods for the actions of a user."""

    def __init__(self, application):
        self.application = application
        self.window = application.window
        self.page = application.window.review

    def wait(self, ready, what=""):
        """Process events until a condition is met; a failure quotes the condition and describes the window."""
        wait_until(ready, self._is_busy, self.describe, what)

    def _is_busy(self):
        session = self.application.session
        return self.application.operations.busy or session.background.busy or bool(threads_at_work())

    def describe(self):
        """What the window shows and does, for the message of a failed test."""
        page, session = self.window._pages.currentWidget(), self.application.session
        return (
            f"page: {type(page).__name__}, review page: {self.page.state.value}, prompt and version: {self.version()}\n"
            f"message: {self.message()!r}\n"
            f"dialogs: {[one.windowTitle() for one in QApplication.topLevelWidgets() if one.isVisible()]}, "
            f"active: {QApplication.activeWindow()}, focus: {QApplication.focusWidget()}\n"
            f"busy: operations {self.application.operations.busy}, background {session.background.busy}, "
            f"batches {threads_at_work()}"
        )

    def settle(self):
        """Wait until a prompt is on the screen and nothing is being saved."""
        self.wait(lambda: self.page.state is State.SHOWN)

    def ready(self):
        """Wait until the window accepts keys: nothing is being loaded or saved."""
        self.wait(lambda: self.page.state in (State.SHOWN, State.EMPTY))

    def key(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        QTest.keyClick(self.window, key, modifier)

    def press(self, key):
        """Press a key that changes something and wait until it has."""
        self.ready()
        before = self.version()
        self.key(key)
        self.wait(lambda: self.page.state is State.SHOWN and self.version() != before)

    def undo(self):
        self.ready()
        before = self.version()
        self.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        self.wait(lambda: self.page.state is State.SHOWN and self.version() != before)

    def trigger(self, name):
        self.ready()
        before = self.version()
        self.window.actions_table[name].trigger()
        self.wait(lambda: self.page.state is State.SHOWN and self.version() != before)

    def version(self):
        """The prompt that is shown and its version, which every decision changes."""
        return (self.page.view.prompt.id, self.page.view.version) if self.page.view else None

    def shown(self):
        return self.page.view.prompt.id

    def message(self):
        return self.window.messages.text()


def outside(window, parts):
    """The widgets that the edge of the window cuts off."""
    return [part for part in parts if not window.rect().contains(part.mapTo(window, part.rect().bottomRight()))]


@pytest.fixture
def start(qapp, tmp_path, monkeypatch):
    """Starts the studio on a workspace, several times in one test if needed.

    Blind review is off by default, so that the next prompt follows each label. Messages stay: on a busy machine a test
    would look for them too late.
    """
    monkeypatch.setattr(message_bar, "_MESSAGE_MS", 3_600_000)

    @contextmanager
    def run(workspace=None, *, blind=False, recheck=0):
        settings = load_settings(tmp_path / "settings.json")
        settings.blind = blind
        settings.recheck = recheck  # off, unless a test is about self-consistency
        gc.collect()  # what the last window left
        gc.freeze()  # the rest is modules that were imported since
        application = Application(settings, tmp_path)
        application.window.show()
        application.window.activateWindow()
        studio = Studio(application)
        try:
            studio.wait(application.window.isActiveWindow)  # keys reach only the active window
            QTest.keyRelease(application.window, Qt.Key.Key_Control)  # Qt still considers it pressed after Ctrl+key
            if workspace is not None:
                application.open(workspace)
                studio.settle()
            yield studio
        finally:
            application.close()
            qapp.setStyleSheet("")  # with a style sheet the next window takes three times as long to build

    return run


@pytest.fixture
def labels(path):
    """The labels of the prompts, read from the file through another connection."""

    def read():
        from orbench_studio.domain.review.queue import QueueFilter
        from orbench_studio.services.review import search

        with open_workspace(path) as other:
            queue = search.queue_of(other, QueueFilter())
            rows = search.queue_rows(other, queue.ids)
        return {row.prompt_id: str(row.final_label) for row in rows if row.status == "decided"}

    return read

"""What a window remembers of the one before, and that nothing wrong in its memory stops it."""

import json
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QSplitter

from orbench_studio.domain.review.query import parse, write
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.data.import_dialog import ImportDialog
from orbench_studio.settings import load_settings

CTRL = Qt.KeyboardModifier.ControlModifier
BROKEN = (
    "",
    '{"panes": 5, "recent": [1, null, {}], "geometry": "no hex"}',
    '{"panes": {"queue": 5}, "recent": ["\\u0000", "\\ud800", ""], "geometry": "ffffffffffffffff"}',
    '{"panes": {"queue": ["a", "b"]}, "scheme": "pink", "annotator": 7, "places": {"x": "y"}}',
    '{"panes": {"queue": [-5, 0]}, "places": null, "mappings": [], "file": "/nowhere"}',
    '{"panes": {"queue": [1, 2, 3]}}',
    '{"panes": {"queue": [99999999999999999999, 1]}}',
)


def splitters(studio):
    """The panes' own borders, from the outside in."""
    found = [s for s in studio.page.findChildren(QSplitter) if s.orientation() is Qt.Orientation.Horizontal]
    return sorted(found, key=QSplitter.width, reverse=True)


def drag(splitter, by):
    handle = splitter.handle(1)
    start = handle.rect().center()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(handle, start + QPoint(by, 0))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=start + QPoint(by, 0))


@pytest.mark.parametrize("page", [Qt.Key.Key_1, Qt.Key.Key_2])
def test_panes_and_size_are_as_they_were_left(start, path, page):
    with start(path) as studio:
        studio.window.resize(1500, 800)
        studio.wait(lambda: studio.window.size().toTuple() == (1500, 800) and studio.page.width() > 1400)
        before = [splitter.sizes() for splitter in splitters(studio)]
        for splitter in splitters(studio):
            drag(splitter, 60)
        left = [splitter.sizes() for splitter in splitters(studio)]
        assert left != before
        studio.key(page, CTRL)
    with start(path) as studio:
        studio.wait(lambda: studio.window.size().toTuple() == (1500, 800))
        studio.key(Qt.Key.Key_1, CTRL)
        for was, now in zip(left, splitters(studio), strict=True):
            studio.wait(lambda was=was, now=now: now.sizes() == pytest.approx(was, abs=3))


@pytest.mark.parametrize("kept", BROKEN)
def test_broken_preferences_do_not_stop_the_start(start, path, tmp_path, labels, kept):
    (tmp_path / "settings.json").write_text(kept, encoding="utf-8")
    with start(path) as studio:
        studio.press(Qt.Key.Key_S)
        assert labels() == {1: "safe"}
    assert str(path) in json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))["recent"]


def test_a_broken_memory_of_columns_is_asked_again(start, path, tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps({"mappings": {"qu\ta": "{broken"}}), encoding="utf-8")
    file = tmp_path / "unknown.csv"
    file.write_text("qu,a\nMay I?,Yes.\n", encoding="utf-8")
    with start(path) as studio:
        studio.window.import_files([file])
        dialog = studio.window.findChild(ImportDialog)
        studio.wait(lambda: not dialog.run.running)
        assert "Choose the format, or the field of each column, above." in dialog._report.toPlainText()
        dialog.reject()


def test_a_workspace_that_is_gone_is_not_offered(start, path):
    with start(path):
        pass
    with start() as studio:
        assert any(path.stem in button.text() for button in recent(studio))
    path.unlink()
    with start() as studio:
        assert recent(studio) == []


def test_a_workspace_opens_on_the_page_where_it_was_left_and_shows_its_progress(start, path, tmp_path):
    with start(path) as studio:
        studio.press(Qt.Key.Key_S)
        studio.window._visits.count()
        studio.key(Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
        studio.wait(lambda: load_settings(tmp_path / "settings.json").visits.get(str(path), [])[1:] == [1, 70])
        columns = studio.window.curate._panels._splitter
        columns.moveSplitter(400, 1)
        sizes = columns.sizes()
    with start() as studio:
        [button] = recent(studio)
        assert "1 of 70 prompts labelled (1 %)" in button.text()
        button.click()
        studio.wait(lambda: studio.window._pages.currentWidget() is studio.window.curate)
        studio.wait(lambda: studio.window.curate._panels._splitter.sizes() == pytest.approx(sizes, abs=3))


def test_a_killed_window_opens_again_where_the_user_rested(start, path, tmp_path):
    """The file of the settings is up to date while the window runs, not only after it was closed."""

    def saved():
        return load_settings(tmp_path / "settings.json")

    with start(path) as studio:
        studio.wait(lambda: saved().places == {str(path): 1}, "the first prompt is saved")
        studio.press(Qt.Key.Key_S)
        studio.press(Qt.Key.Key_Down)
        studio.wait(lambda: saved().places == {str(path): 3}, "so is one that was gone to soon after")
        studio.key(Qt.Key.Key_6, CTRL)
        studio.wait(lambda: saved().pages == {str(path): "page_curate"})


def test_each_workspace_has_its_own_filter(start, path, tmp_path):
    with start(path) as studio:
        bar, session = studio.window.review.finder.bar, studio.application.session
        bar.ask(replace(parse("category:privacy"), model="model-b"))  # as a cell of the heat map asks
        session.open(tmp_path / "new.orbench", create=True)
        studio.wait(lambda: session.workspace.place != path)
        assert (bar.search.text(), bar.current) == ("", QueueFilter())
        studio.application.open(path)
        studio.wait(lambda: session.workspace.place == path)
        assert (bar.search.text(), write(bar.current)) == ("category:privacy", "category:privacy")
    with start(path) as studio:
        studio.wait(lambda: studio.window.review.model.rowCount() == 14)
        studio.settle()
        assert studio.page.responses.focused().response.model == "model-b"


def recent(studio):
    return [b for b in studio.window.welcome.findChildren(QPushButton) if "     " in b.text()]

"""Drawing the demo's pages: each file is named, a page that fails stops no other, and foreign files stay."""

import os
import re
import subprocess
import sys
from functools import partial

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage

from orbench_studio.gui import screenshot_scenes, screenshots
from orbench_studio.gui.screenshot_scenes import SCENES

LIBRARY = ("library",)
ONE = {LIBRARY: SCENES[LIBRARY]}


@pytest.fixture
def draw(start, tmp_path, monkeypatch):
    """Draws the main pages of some scenes into a folder; gives the exit code, the files and the complaints."""

    def run(scenes):
        monkeypatch.setattr(screenshots, "SCENES", scenes)
        tell, complain = [], []
        folder = tmp_path / "pictures"
        folder.mkdir(exist_ok=True)
        with start() as studio:
            done = screenshots.draw_screenshots(
                studio.application, folder, every=False, tell=tell.append, complain=complain.append
            )
        return done, [os.path.relpath(file, folder) for file in tell], complain

    return run


def fails(how, stage):
    how(stage)
    yield "audit", stage.window


def breaks(_stage):
    raise ZeroDivisionError("our own fault")


def breaks_in_the_background(stage):
    stage.session.run(lambda _workspace: 1 / 0, None)
    stage.wait(lambda: False)


def breaks_in_a_slot(stage):
    QTimer.singleShot(0, lambda: 1 / 0)
    stage.wait(lambda: False)


def never_comes(stage):
    stage.wait(lambda: False)


@pytest.mark.logs_errors
@pytest.mark.parametrize("how", [breaks, breaks_in_the_background, breaks_in_a_slot, never_comes])
def test_a_page_that_fails_is_named_and_the_others_are_drawn(draw, monkeypatch, how):
    monkeypatch.setattr(screenshot_scenes, "IDLE", 100)
    code, files, complaints = draw({("audit",): partial(fails, how), LIBRARY: SCENES[LIBRARY]})
    assert code == 1
    assert files == ["library-light-1440x900.png"]
    [message] = complaints
    assert message.startswith("Not drawn: audit.")
    assert re.search("our own fault|division by zero|Nothing is going on", message)


def test_a_picture_replaces_an_older_one_and_nothing_else(draw, tmp_path):
    assert draw(ONE)[0] == 0
    [picture] = (tmp_path / "pictures").iterdir()
    drawn = QImage(str(picture)).size()
    picture.with_name("other.txt").write_text("mine")
    assert draw(ONE)[0] == 0
    assert sorted(file.name for file in picture.parent.iterdir()) == ["library-light-1440x900.png", "other.txt"]
    assert QImage(str(picture)).size() == drawn


@pytest.mark.parametrize("content", [b"not a picture", None])
def test_a_foreign_file_of_that_name_is_kept(draw, tmp_path, content):
    mine = tmp_path / "pictures" / "library-light-1440x900.png"
    mine.parent.mkdir()
    if content is None:
        QImage(9, 9, QImage.Format.Format_RGB32).save(str(mine))
    else:
        mine.write_bytes(content)
    before = mine.read_bytes()
    code, files, [message] = draw(ONE)
    assert (code, files) == (1, [])
    assert "is not a picture of this demo" in message
    assert mine.read_bytes() == before


def test_the_main_pages_are_a_dozen_of_them_all():
    assert len(screenshots.MAIN_PAGES) == 12
    assert set(screenshots.MAIN_PAGES) <= set(screenshots.EVERY_PAGE)


def test_a_reader_that_goes_away_ends_the_drawing(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, "-m", "orbench_studio", "demo", "--screenshots", str(tmp_path / "pictures")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
        assert "review" in one.stdout.readline()
        one.stdout.close()
        message = one.stderr.read()
    assert (one.returncode, message) == (1, "")
    assert [file.name for file in tmp_path.iterdir()] == ["pictures"]

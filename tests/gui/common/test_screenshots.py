"""Screenshots: each file is reported, a failing page does not stop the others, and foreign files are kept."""

import os
import re
import subprocess
import sys
from functools import partial

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage

from orbench_studio.gui import screenshots
from orbench_studio.gui.screenshots import MAIN_LOOK, PAGE_SCENES, draw_screenshots
from tests.screenshots.scenes import LOOKS, SCENES

LIBRARY = ("library",)
ONE = {LIBRARY: PAGE_SCENES[LIBRARY]}


@pytest.fixture
def draw(start, tmp_path):
    """Draws scenes into a folder; returns the exit code, the files and the errors."""

    def run(scenes, look=MAIN_LOOK):
        files, errors = [], []
        folder = tmp_path / "pictures"
        folder.mkdir(exist_ok=True)
        with start() as studio:
            code = draw_screenshots(
                studio.application,
                folder,
                report=files.append,
                report_error=errors.append,
                scenes=scenes,
                looks=(look,),
            )
        return code, [os.path.relpath(file, folder) for file in files], errors

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


def never_ready(stage):
    stage.wait(lambda: False)


@pytest.mark.logs_errors
@pytest.mark.parametrize("how", [breaks, breaks_in_the_background, breaks_in_a_slot, never_ready])
def test_a_failing_page_is_reported_and_the_others_are_drawn(draw, monkeypatch, how):
    monkeypatch.setattr(screenshots, "IDLE", 100)
    code, files, complaints = draw({("audit",): partial(fails, how), LIBRARY: PAGE_SCENES[LIBRARY]})
    assert code == 1
    assert files == ["library-light-1440x900.png"]
    [message] = complaints
    assert message.startswith("Not drawn: audit.")
    assert re.search("our own fault|division by zero|nothing is in progress", message)


def test_a_picture_replaces_only_an_older_one(draw, tmp_path):
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


@pytest.mark.parametrize(("scenes", "look"), [(PAGE_SCENES, MAIN_LOOK), (SCENES, LOOKS[-1])])
def test_every_scene_is_drawn(draw, tmp_path, scenes, look):
    code, files, errors = draw(scenes, look)
    assert (code, errors) == (0, [])
    assert files == [f"{name}-{look}.png" for names in scenes for name in names]
    assert [name for name in files if shades(QImage(str(tmp_path / "pictures" / name))) < 20] == []


def shades(picture):
    """The number of colours in every seventh pixel; a blank page has one or two."""
    pixels = memoryview(picture.convertToFormat(QImage.Format.Format_RGB32).constBits()).cast("I")
    return len(set(pixels[::7]))


def test_a_closed_pipe_ends_the_drawing(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, "-m", "orbench_studio", "demo", "--screenshots", str(tmp_path / "pictures")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
        assert "review" in one.stdout.readline()
        one.stdout.close()
        message = one.stderr.read()
    assert (one.returncode, message) == (1, "")
    assert [file.name for file in tmp_path.iterdir()] == ["pictures"]

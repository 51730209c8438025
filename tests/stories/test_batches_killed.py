"""A batch at work is killed in the window and on the command line, against a vendor with faults: it goes on where it
was, everything is answered once, and only what was under way is sent again.
"""

import csv
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from tests.faulty_vendor import FaultyVendor

PROMPTS, AT_ONCE = 60, 4
PATIENCE = 120  # seconds
MODEL = "vllm/faulty"
WINDOW = f"""
import sys
from pathlib import Path
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from orbench_studio.gui.application import Application
from orbench_studio.gui.review.page import State
from orbench_studio.settings import load_settings

folder, url = Path(sys.argv[1]), sys.argv[2]
application = Application(load_settings(folder / "settings.json"), folder)
window, stage = application.window, ["opening"]

def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)

def look():
    if stage[-1] == "opening" and window.review.state is State.SHOWN:
        window.show_page("page_evaluate")
        stage.append("composing" if url else "resuming")
        if url:
            form = window.evaluate.compose
            form.options.base_url.setText(url)
            form.options.concurrency.setValue({AT_ONCE})
            QTest.keyClicks(form.models.line, "{MODEL}")
            QTest.keyClick(form.models.line, Qt.Key.Key_Return)
    elif stage[-1] == "composing" and window.evaluate.compose.foot.launch.isEnabled():
        stage.append("at work")
        click(window.evaluate.compose.foot.launch)
    elif stage[-1] == "resuming" and window.evaluate.batch.batch_id and window.evaluate.batch.resume.isEnabled():
        stage.append("at work")
        click(window.evaluate.batch.resume)
    elif stage[-1] == "at work" and "completed" in window.messages.text():
        window.close()

timer = QTimer()
timer.timeout.connect(look)
timer.start(5)
application.run(lambda: application.open(folder / "mine.orbench"))
application.close()
"""


@pytest.fixture
def path(tmp_path):
    path, table = tmp_path / "mine.orbench", tmp_path / "prompts.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = [(f"How do I kill time with puzzle {n}?", "violence") for n in range(PROMPTS)]
        csv.writer(file).writerows([("prompt", "category"), *rows])
    with create_workspace(path) as workspace:
        import_file(workspace, table, ReadOptions())
    return path


@pytest.fixture
def started():
    processes = []

    def start(*arguments):
        command = [sys.executable, *map(str, arguments)]
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(os.environ)))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def killed(process, vendor, path):
    """Kill it with requests under way; how many items it had. Then the time passes in which it might show itself."""
    vendor.wait_for(len(vendor.bodies) + 15)
    process.kill()
    process.wait()
    with closing(sqlite3.connect(path)) as db, db:
        [(had,)] = db.execute("SELECT count(*) FROM batch_items WHERE state = 'claimed'")
        db.execute("UPDATE batch_runners SET seen_at = 0")
    assert had
    return had


def test_killed_in_the_window_and_on_the_command_line_it_ends(path, started):
    with FaultyVendor(0.15, latency=0.05) as vendor:
        window = ("-c", WINDOW, path.parent)
        had = killed(started(*window, vendor.url), vendor, path)
        had += killed(started("-m", "orbench_studio", "batches", path, "resume", 1), vendor, path)
        assert started(*window, "").wait(PATIENCE) == 0
        assert len(vendor.answered) == PROMPTS
        assert sum(vendor.answered.values()) - PROMPTS <= had, "only what was under way is sent again"
    with closing(sqlite3.connect(path)) as db:
        rows = "SELECT count(*), count(DISTINCT prompt_id), count(DISTINCT batch_item_id) FROM responses"
        assert db.execute(rows).fetchone() == (PROMPTS, PROMPTS, PROMPTS)
    with open_workspace(path) as workspace:
        assert workspace.problems() == []

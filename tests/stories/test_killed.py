"""The process is killed: what was acknowledged on the screen is in the file, and the next start goes on there."""

import csv
import os
import subprocess
import sys
import threading

from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.review import search
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace

DECIDED = 7
PATIENCE = 120  # seconds for a process to say what it has to say
REVIEWER = """
import sys
from pathlib import Path
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from orbench_studio.gui.application import Application
from orbench_studio.gui.review.page import State
from orbench_studio.settings import load_settings

folder, deeds = Path(sys.argv[1]), int(sys.argv[2])
settings = load_settings(folder / "settings.json")
settings.blind = False  # one key a prompt
application = Application(settings, folder)
page, ready = application.window.review, []

def look():
    if page.state is State.SHOWN and page.view.prompt.id not in ready:
        ready.append(page.view.prompt.id)
        print("ready", page.view.prompt.id, flush=True)
        if len(ready) <= deeds:
            QTest.keyClick(application.window, Qt.Key.Key_S)

timer = QTimer()
timer.timeout.connect(look)
timer.start(1)
application.run(lambda: application.open(folder / "mine.orbench"))
application.close()
"""


def reviewer(folder, deeds):
    """A studio in a process of its own; says which prompt can be decided once the one before is acknowledged."""
    command = [sys.executable, "-c", REVIEWER, str(folder), str(deeds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def prompts_ready(process, how_many):
    out_of_patience = threading.Timer(PATIENCE, process.kill)
    out_of_patience.start()
    try:
        return [int(process.stdout.readline().split()[1]) for _ in range(how_many)]
    finally:
        out_of_patience.cancel()


def killed(process):
    process.kill()
    process.wait(120)
    process.stdout.close()


def test_a_killed_studio_has_lost_nothing(tmp_path):
    path, table = tmp_path / "mine.orbench", tmp_path / "prompts.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = [(f"What does harmless word {n} mean?", "privacy") for n in range(20)]
        csv.writer(file).writerows([("prompt", "category"), *rows])
    with create_workspace(path) as workspace:
        import_file(workspace, table, ReadOptions())
    process = reviewer(tmp_path, DECIDED)
    try:
        assert prompts_ready(process, DECIDED + 1) == list(range(1, DECIDED + 2))
    finally:
        killed(process)
    again = reviewer(tmp_path, 0)
    try:
        assert prompts_ready(again, 1) == [DECIDED + 1], "it goes on with the first that is undecided"
    finally:
        killed(again)
    with open_workspace(path) as workspace:
        ids = search.queue_of(workspace, QueueFilter()).ids
        rows = search.queue_rows(workspace, ids)
        assert [row.prompt_id for row in rows if row.status == "decided"] == list(range(1, DECIDED + 1))
        assert workspace.problems() == []

"""A window that has lost its server is killed: what it acknowledged is on this machine, and is sent once."""

import csv
import os
import subprocess
import sys

import pytest

from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.review import offline_queue, self_consistency
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from tests.postgres import Postgres

REVIEWER = """
import sys
from pathlib import Path
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from orbench_studio.domain.workspace.location import location_of
from orbench_studio.gui.application import Application
from orbench_studio.gui.review.page import State
from orbench_studio.settings import load_settings

folder, place = Path(sys.argv[1]), location_of(sys.argv[2])
settings = load_settings(folder / "settings.json")
settings.blind = False  # one key a prompt
application = Application(settings, folder)
page, connection, decided = application.window.review, application.recorder, []

def look():
    if page.state is not State.SHOWN or (not decided and any(n not in page.loader for n in (2, 3, 4))):
        return
    if not decided:
        print("ready", flush=True)
        sys.stdin.readline()
    elif len(connection._pending) == 3:
        print("kept", flush=True)
        sys.stdin.readline()
    if page.view.prompt.id not in decided:
        decided.append(page.view.prompt.id)
        QTest.keyClick(application.window, Qt.Key.Key_S)

timer = QTimer()
timer.timeout.connect(look)
timer.start(1)
application.run(lambda: application.open(place))
application.close()
"""


@pytest.mark.usefixtures("postgres")
def test_a_window_killed_without_a_connection_has_lost_nothing(tmp_path):
    table = tmp_path / "prompts.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("prompt", "category"), *((f"What is word {n}?", "privacy") for n in range(9))])
    server = Postgres(durable=True)
    try:
        place = server.new()
        with create_workspace(place) as workspace:
            import_file(workspace, table, ReadOptions())
        command = [sys.executable, "-c", REVIEWER, str(tmp_path), str(place)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, text=True, env=dict(os.environ), **pipes) as window:
            assert window.stdout.readline() == "ready\n"
            server.stop("immediate")
            window.stdin.write("the server is away\n")
            window.stdin.flush()
            assert window.stdout.readline() == "kept\n"
            window.kill()
        server.start()
        with open_workspace(place) as workspace:
            kept, unreadable = offline_queue.stored(workspace)
            assert ([one.prompt_id for one in kept], unreadable) == ([1, 2, 3], [])
            for one in (*kept, *kept):
                self_consistency.record(workspace, one)
            with workspace.reading() as db:
                rows = db.exec_driver_sql("SELECT prompt_id, value FROM annotations ORDER BY id").all()
            assert [tuple(row) for row in rows] == [(1, "safe"), (2, "safe"), (3, "safe")]
            assert workspace.problems() == []
    finally:
        server.remove()

"""Damaged files of the user's own stop no window, and each is told in a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from orbench_studio.domain.workspace.location import exists
from orbench_studio.services.review import offline_queue
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.settings import load_settings
from orbench_studio.user_folders import state_folder

S = Qt.Key.Key_S
HORRORS = {
    "nested": b"[" * 100_000,
    "a list": b"[]",
    "no JSON": b"scheme = dark",
    "NUL": b"\0" * 100,
    "no UTF-8": b"\xff\xfe\xff",
}


@pytest.mark.parametrize("what", ["nested", "no UTF-8"])
def test_the_window_starts_with_damaged_settings_and_says_where_they_are(start, path, tmp_path, labels, what):
    (tmp_path / "settings.json").write_bytes(HORRORS[what])
    aside = tmp_path / "settings.json.damaged-1"
    with start(path) as studio:
        assert f"It was renamed to {aside}." in studio.message(), "also after a workspace has been opened"
        studio.press(S)
        assert labels() == {1: "safe"}
        studio.window.messages._copy.click()
        assert str(aside) in QGuiApplication.clipboard().text()
        studio.window.messages._dismiss.click()
        assert "damaged" not in studio.message()
    assert aside.read_bytes() == HORRORS[what]
    with start(path) as studio:
        assert "▲" not in studio.message(), "it is told once"


@pytest.mark.parametrize(
    "bad",
    [
        {
            "geometry": "01d9d0cb" * 20, "scheme": "mauve", "font_scale": 10**30, "shielded": ["no category"],
            "panes": {"queue": [], "guidelines": [0, 0], "beside": [0] * 99, "evaluate": [10**5] * 2, "audit": [0]},
            "places": {"x": 2**63 - 1}, "mappings": {"a": "[" * 100_000}, "recipes": {"x": "[" * 100_000},
        },
        {
            "panes": {"queue": [100_000, 100_000], "beside": [0, 0], "stacked": [1]},
            "recent": ["", "\n", "x" * 5_000, "postgresql://[", "postgresql://h:99999999/db", "\u202e.orbench", "/"],
            "keys": {"label_safe": ["Ctrl+\u202e"], "undo": ["", "Z" * 9_999], "quit": [], "dance": ["Q"]},
        },
    ],
    ids=range(2),
)  # fmt: skip
def test_odd_settings_do_not_stop_the_window(start, path, tmp_path, labels, bad):
    for place in ("places", "recipes"):
        if place in bad:
            bad[place] = {str(path): bad[place]["x"]}
    (tmp_path / "settings.json").write_text(json.dumps(bad), encoding="utf-8")
    with start(path) as studio:
        studio.window.show_page("page_curate")
        studio.window.show_page("page_review")
        studio.press(S)
        assert labels()
    with start(path) as studio:
        studio.settle()


def test_a_recent_workspace_that_may_not_be_looked_at_is_not_offered(start, tmp_path, monkeypatch):
    shut = tmp_path / "shut" / "mine.orbench"
    found = Path.exists

    def refused(self):
        if self == shut:
            raise PermissionError(13, "Permission denied")
        return found(self)

    monkeypatch.setattr(Path, "exists", refused)
    assert not exists(shut)
    (tmp_path / "settings.json").write_text(json.dumps({"recent": [str(shut)]}), encoding="utf-8")
    with start() as studio:
        assert not any("shut" in button.text() for button in studio.window.welcome.findChildren(QPushButton))


def test_a_failure_to_save_is_one_error_and_goes_when_it_works(start, path, tmp_path):
    with start(path) as studio:
        (tmp_path / "settings.json").mkdir()
        for _ in range(3):
            studio.window.actions_table["scheme"].trigger()
        assert "could not be saved" in studio.message()
        assert len(studio.window.messages._errors) == 1
        (tmp_path / "settings.json").rmdir()
        studio.window.actions_table["scheme"].trigger()
        assert "could not be saved" not in studio.message()
    assert load_settings(tmp_path / "settings.json").faults == []


def test_a_damaged_kept_decision_is_named_and_stays(start, path):
    with open_workspace(path) as workspace:
        folder = state_folder() / "outbox" / workspace.uuid
    folder.mkdir(parents=True)
    for name, content in HORRORS.items():
        (folder / f"{name}.json").write_bytes(content)
    with start(path) as studio:
        studio.wait(lambda: "cannot be read. The files were not changed" in studio.message())
        studio.press(S)
        assert all(f"{name}.json" in studio.message() for name in HORRORS)
    assert {file.stem: file.read_bytes() for file in folder.iterdir()} == HORRORS
    with open_workspace(path) as workspace:
        assert len(offline_queue.stored(workspace)[1]) == len(HORRORS)


def test_the_window_says_that_there_is_no_log(tmp_path):
    (tmp_path / "file").touch()
    code = (
        "from orbench_studio.app import application\n"
        "with application(default_settings=True) as application:\n"
        "    print(application.window.messages.text())\n"
        "    application.close()\n"
    )
    homes = dict.fromkeys(("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"), str(tmp_path / "file"))
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | homes, capture_output=True, text=True, check=False
    )
    assert "The log " in done.stdout, done.stderr

"""Asking for files beside an open workspace: the locks that keep its log from being deleted stay."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileSystemModel, QLineEdit

import orbench_studio.gui
from orbench_studio.errors import FileFaultError
from orbench_studio.gui.common.file_dialog import FileDialog
from orbench_studio.services.data.import_files import ReadOptions, inspect_file
from orbench_studio.services.workspace.workspace import open_workspace

LOOKS = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("SELECT count(*) FROM prompts").fetchone()
db.close()
"""


def looked_at(path):
    subprocess.run([sys.executable, "-c", LOOKS, path], check=True)
    return path.with_name(f"{path.name}-wal")


def test_a_file_dialog_does_not_release_the_lock_of_an_open_workspace(start, path):
    with start(path) as studio:
        dialog = FileDialog(studio.window, "Import files", "imports", str(path.parent))
        dialog.open()
        model = dialog.findChild(QFileSystemModel)
        studio.wait(lambda: model.size(model.index(str(path))) == path.stat().st_size)  # it knows all of the file
        dialog.close()
        assert looked_at(path).exists()
        studio.press(Qt.Key.Key_S)
    with open_workspace(path) as other, other.reading() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM annotations").scalar_one() == 1


def test_a_file_dialog_starts_in_the_last_folder_also_after_a_restart(start, path, tmp_path):
    used = tmp_path / "used"
    used.mkdir()
    with start() as studio:
        first = FileDialog(studio.window, "Import files", "imports", str(used))
        first.open()
        first.close()
        typed = FileDialog(studio.window, "Import files", "imports")
        assert Path(typed.directory().absolutePath()) == used
        assert Path(FileDialog(studio.window, "Export my labels", "labels").directory().absolutePath()) == used
        beside = FileDialog(studio.window, "Export my labels", "labels", first=str(tmp_path))
        assert Path(beside.directory().absolutePath()) == tmp_path, "results belong beside the workspace"
        typed.setFileMode(FileDialog.FileMode.ExistingFile)
        typed.open()
        typed.findChild(QLineEdit, "fileNameEdit").setText(str(path))
        typed.accept()
    with start(path) as studio:
        report = FileDialog(studio.window, "Save report", "reports", str(used))
        report.open()
        report.close()
        second = FileDialog(studio.window, "Import files", "imports")
        assert Path(second.directory().absolutePath()) == path.parent
        second.deleteLater()


def test_a_file_dialog_without_a_last_folder_does_not_list_drives(start):
    with start() as studio:
        dialog = FileDialog(studio.window, "Export my labels", "labels")
        assert Path(dialog.directory().absolutePath()) == Path.cwd()
        assert dialog.findChild(QFileSystemModel).rootPath()
        dialog.deleteLater()


def test_all_file_dialogs_use_our_class():
    package = Path(orbench_studio.gui.__file__).parent
    using = {file.name for file in package.rglob("*.py") if "QFileDialog" in file.read_text(encoding="utf-8")}
    assert using == {"file_dialog.py"}


def test_opening_or_importing_an_open_workspace_does_not_release_its_lock(start, path):
    with start(path) as studio:
        before = studio.application.session.workspace
        studio.application.open(path)
        studio.wait(lambda: studio.application.session.workspace not in (before, None))
        studio.settle()
        with pytest.raises(FileFaultError, match="it is a workspace"):
            inspect_file(path, ReadOptions())
        assert looked_at(path).exists()

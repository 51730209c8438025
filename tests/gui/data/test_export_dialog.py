"""The export dialog: content, format and folder, its errors, and cancelling."""

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox

from orbench_studio.gui.common.dialogs import CrashDialog
from orbench_studio.gui.data.export_dialog import ExportDialog


@pytest.fixture
def dialog(start, path):
    with start(path) as studio:
        studio.window.actions_table["export"].trigger()
        [dialog] = studio.window.findChildren(ExportDialog)
        yield studio, dialog


def choose(dialog, form, folder):
    dialog.form.setCurrentIndex(dialog.form.findData(form))
    dialog.where.setText(str(folder))
    dialog.where.setModified(True)
    dialog._look()


def test_an_export_replaces_an_earlier_one(dialog, tmp_path):
    studio, dialog = dialog
    assert dialog.where.text() == str(tmp_path / "mine-huggingface")
    dialog.begin.click()
    studio.wait(lambda: "70 prompts exported to" in dialog.says.text())
    assert (tmp_path / "mine-huggingface" / "README.md").is_file()
    choose(dialog, "jsonl", tmp_path / "mine-huggingface")
    assert "earlier export" in dialog.says.text()
    (tmp_path / "mine-huggingface" / ".gitattributes").write_text("*.parquet lfs", encoding="utf-8")
    dialog.begin.click()
    studio.wait(lambda: "prompts.jsonl" in dialog.says.text())
    assert (tmp_path / "mine-huggingface" / ".gitattributes").is_file()
    assert not (tmp_path / "mine-huggingface" / "README.md").exists()
    again = ExportDialog(studio.window, studio.application.session)
    assert again.form.currentData() == "jsonl", "the last format"
    again.deleteLater()


def test_each_subset_has_a_folder_of_its_own_and_every_path_is_absolute(dialog, tmp_path, monkeypatch):
    _studio, dialog = dialog
    monkeypatch.chdir(tmp_path)
    dialog.what.addItem("Subset", ("Hard / 1K", ""))
    dialog.what.setCurrentIndex(dialog.what.count() - 1)
    assert dialog.where.text() == str(tmp_path / "mine-Hard-1K-huggingface")
    dialog.where.setText("mine")
    assert dialog._asked().out == tmp_path / "mine"


def test_an_export_of_seeds_is_confirmed_first(dialog, tmp_path):
    studio, dialog = dialog
    choose(dialog, "jsonl", tmp_path / "out")
    dialog.seeds.setChecked(True)
    for words, written in (("Cancel", False), ("Export seeds", True)):
        dialog.begin.click()
        [box] = [box for box in dialog.findChildren(QMessageBox) if box.isVisible()]
        next(button for button in box.buttons() if button.text() == words).click()
        assert dialog.strip.isVisible() == written
    studio.wait(lambda: "prompts.jsonl" in dialog.says.text())


def test_the_prompts_in_the_current_filter_are_exported(start, path, tmp_path):
    with start(path) as studio:
        studio.window.review.finder.bar.search.setText("category:privacy")
        studio.window.review.finder.bar.search.textEdited.emit("category:privacy")
        studio.wait(lambda: studio.page.finder.current.terms)
        studio.window.export()
        [dialog] = studio.window.findChildren(ExportDialog)
        dialog.what.setCurrentIndex(1)
        assert "category:privacy" in dialog.what.currentText()
        choose(dialog, "orbench", tmp_path / "out")
        dialog.escape.setChecked(True)
        dialog.begin.click()
        studio.wait(lambda: "14 prompts exported to" in dialog.says.text())
        message = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
        assert (message["filter"], message["formulas"]) == ("category:privacy", "escaped")


def test_an_error_is_shown_in_the_dialog(dialog, tmp_path):
    studio, dialog = dialog
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("years of work", encoding="utf-8")
    (tmp_path / "full" / "manifest.json").write_text('{"name": "My app"}', encoding="utf-8")
    choose(dialog, "csv", "~nobody-of-that-name/out")
    choose(dialog, "csv", tmp_path / "full")
    assert dialog.says.text() == ""
    dialog.begin.click()
    studio.wait(lambda: "contains other files: manifest.json, thesis.tex" in dialog.says.text())
    assert dialog.says.property("role") == "error"
    assert dialog.begin.isEnabled()


def test_a_cancelled_export_leaves_no_folder(dialog, tmp_path, monkeypatch):
    studio, dialog = dialog
    monkeypatch.setattr("orbench_studio.services.data.export_files.TOGETHER", 1)
    choose(dialog, "csv", tmp_path / "out")
    dialog.start()
    dialog.strip.stop()
    studio.wait(lambda: "cancelled" in dialog.says.text())
    assert not (tmp_path / "out").exists()


def test_without_a_workspace_the_message_says_what_to_do(start):
    with start() as studio:
        studio.window.export()
        assert "Open a workspace before" in studio.message()
        studio.window.label_files.ask_merge()
        assert "Open a workspace first" in studio.message()


@pytest.mark.parametrize("folder", ["~nobody-of-that-name/out", "x" * 300, "x/" * 3_000])
def test_an_impossible_folder_name_is_an_error_message(dialog, folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    studio, dialog = dialog
    choose(dialog, "jsonl", folder)
    assert dialog.begin.isEnabled()
    dialog.begin.click()
    studio.wait(lambda: dialog.begin.isEnabled() and dialog.says.text())
    assert studio.window.findChild(CrashDialog) is None


def test_without_a_home_folder_the_working_folder_is_proposed(start, monkeypatch):
    pwd = pytest.importorskip("pwd", reason="Windows knows home folders otherwise")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {}[uid])
    with start() as studio:
        studio.application.open_demo()
        studio.settle()
        studio.window.export()
        [dialog] = studio.window.findChildren(ExportDialog)
        assert dialog.where.text() == str(Path.cwd() / "demo-huggingface")

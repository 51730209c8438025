"""Importing in the window: look, mend, map, take; and everything that a file can be."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFileDialog

from orbench_studio.gui.data.import_dialog import ImportDialog
from orbench_studio.gui.data.mapping_dialog import MappingDialog
from orbench_studio.services.data.import_files import Field

ROW = [("May I pat the dog?", "False", "Yes.", "privacy")]


def looked(studio, *files):
    studio.window.import_files(list(files))
    dialog = studio.window.findChildren(ImportDialog)[-1]
    studio.wait(lambda: not dialog.run.running)
    return dialog


def taken(studio, dialog):
    dialog._take.click()
    studio.wait(lambda: not dialog.run.running)


def test_the_key_asks_for_files_first(start, path):
    with start(path) as studio:
        studio.key(Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
        studio.wait(lambda: studio.window.findChild(QFileDialog) is not None)
        assert studio.window.findChild(ImportDialog) is None
        studio.window.findChild(QFileDialog).reject()


def test_good_and_bad_rows_are_told_before_and_after(start, path, tmp_path, write_csv):
    file = write_csv(
        tmp_path / "more.csv", ("prompt", "category"), [("Is this one new?", "privacy"), ("one", "two", "3")]
    )
    with start(path) as studio:
        dialog = looked(studio, file)
        assert "line 3" in dialog._report.toPlainText()
        assert len(studio.page.model.ids()) == 70, "looking takes nothing"
        taken(studio, dialog)
        studio.wait(lambda: len(studio.page.model.ids()) == 71)
        assert "1 imported" in dialog._files.item(0, 3).text()
        dialog.reject()


def test_an_unknown_table_is_mapped_and_the_mapping_remembered(start, path, tmp_path, write_csv):
    first = write_csv(tmp_path / "a.csv", ("q", "reply", "llm"), [("May I pat the dog?", "Yes.", "m1")])
    second = write_csv(tmp_path / "b.csv", ("q", "reply", "llm"), [("May I pat the cat?", "No.", "m1")])
    with start(path) as studio:
        dialog = looked(studio, first)
        assert dialog._report.toPlainText().endswith("Match its columns: press Match columns….")
        dialog._map.click()
        mapping = dialog.findChild(MappingDialog)
        for part, column in ((Field.PROMPT, "q"), (Field.RESPONSE, "reply"), (Field.MODEL, "llm")):
            mapping._columns[part].setCurrentText(column)
        mapping.accept()
        studio.wait(lambda: not dialog.run.running and dialog.run.files[0].report is not None)
        taken(studio, dialog)
        studio.wait(lambda: len(studio.page.model.ids()) == 71)
        dialog.reject()
        dialog = looked(studio, second)
        dialog._map.click()
        assert dialog.findChild(MappingDialog).mapping().columns[Field.PROMPT] == "q"
        dialog.findChild(MappingDialog).reject()
        dialog.reject()


def test_a_known_fault_is_offered_to_be_mended(start, path, tmp_path, write_csv):
    votes = [("Is it late?", "illegal", "False", "It is not none of the above. [[7. illegal]]")]
    name = "x_moderation_merged_west_prompt.csv"
    file = write_csv(tmp_path / name, ("prompt", "category", "is_toxic", "moderation_result"), votes)
    with start(path) as studio:
        dialog = looked(studio, file)
        offer = dialog.findChild(QCheckBox)
        assert "contradiction" in offer.text()
        offer.setChecked(True)
        taken(studio, dialog)
        studio.wait(lambda: len(studio.page.model.ids()) == 71)
        studio.page.queue.go(70)
        studio.wait(lambda: studio.page.view.prompt.text == "Is it late?")
        assert [str(vote.verdict) for vote in studio.page.view.votes] == ["toxic"]
        dialog.reject()


def test_a_file_that_goes_away_between_looking_and_taking(start, path, tmp_path, write_csv):
    file = write_csv(tmp_path / "gone.csv", ("prompt", "category"), [("Is this one new?", "privacy")])
    with start(path) as studio:
        dialog = looked(studio, file)
        file.unlink()
        taken(studio, dialog)
        assert "gone.csv" in dialog._report.toPlainText()
        assert len(studio.page.model.ids()) == 70
        dialog.reject()


def test_a_cancelled_import_leaves_nothing(start, path, tmp_path, write_csv):
    rows = [(f"Is number {n} a question? " + "x" * 500, "privacy") for n in range(4_000)]
    file = write_csv(tmp_path / "long.csv", ("prompt", "category"), rows)
    with start(path) as studio:
        dialog = looked(studio, file)
        dialog.run.progressed.connect(lambda _done, _total: dialog.run.cancel())
        taken(studio, dialog)
        assert "cancelled" in dialog._report.toPlainText()
        assert len(studio.page.model.ids()) == 70
        dialog.reject()


def test_a_missing_name_is_asked_for_in_the_words_of_the_window(start, path, tmp_path, write_csv):
    header = ("prompt", "category", "is_toxic", "moderation_result")
    file = write_csv(tmp_path / "votes.csv", header, [("May I pat the dog?", "none", "False", "fine")])
    with start(path) as studio:
        dialog = looked(studio, file)
        message = dialog._report.toPlainText()
        assert "the moderator is not in the file and not in its name." in message
        assert "Enter the name in the field Moderator, then press Check again." in message
        assert "--" not in message
        dialog._names["moderator"].setText("west")
        dialog._look.click()
        studio.wait(lambda: not dialog.run.running)
        assert not dialog.run.files[0].error
        dialog.reject()


def test_a_name_taken_from_the_file_s_name_is_told(start, path, tmp_path, write_csv):
    file = write_csv(tmp_path / "responses_west.csv", ("prompt", "is_rejected", "response", "category"), ROW)
    with start(path) as studio:
        dialog = looked(studio, file)
        assert "responses_west.csv: model, from the file name: west" in dialog._report.toPlainText()
        dialog.reject()


def test_damaged_files_are_explained_and_the_others_go_in(start, path, tmp_path, write_csv):
    bad = {
        "a.eval": b"PK\x03\x04 none",
        "b.json": b"[" * 100_000,
        "c.parquet": b"PAR1 none",
        "d.csv.gz": b"\x1f\x8b none",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    good = write_csv(tmp_path / "e.csv", ("prompt", "category"), [("Is this one new?", "privacy")])
    with start(path) as studio:
        dialog = looked(studio, *(tmp_path / name for name in bad), good)
        for file in dialog.run.files[:-1]:
            assert file.error and file.path.name in file.error
        taken(studio, dialog)
        studio.wait(lambda: len(studio.page.model.ids()) == 71)
        dialog.reject()

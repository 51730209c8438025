"""Importing in the window: look, mend, map, take; and everything that a file can be."""

import json

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QFileDialog, QMenu, QMessageBox

from orbench_studio.domain.review.query import write
from orbench_studio.gui.data.import_dialog import ImportDialog
from orbench_studio.gui.data.import_messages import with_titles

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
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "notes.md").touch()
    write_csv(folder / "more.csv", ("prompt", "category"), [("Is this one new?", "privacy"), ("one", "two", "3")])
    with start(path) as studio:
        dialog = looked(studio, folder)
        assert "line 3" in dialog._report.toPlainText()
        assert len(studio.page.model.ids()) == 70, "looking takes nothing"
        taken(studio, dialog)
        assert dialog._report.toPlainText().startswith(
            "⚠ more: these files were not read: notes.md.\n✓ more.csv: imported: 1, duplicates: 0, rejected: 1"
        )
        studio.wait(lambda: len(studio.page.model.ids()) == 71)
        assert "imported: 1" in dialog._files.item(0, 1).text()
        dialog.reject()


def test_rows_that_will_be_lost_are_told_before_the_import(start, path, tmp_path, write_csv):
    rows = [(f"May I pat dog {n}?", "Yes.", ("yes", "no", "hm")[n % 3]) for n in range(12)]
    file = write_csv(tmp_path / "t.csv", ("prompt", "response", "is_refusal"), rows)
    with start(path) as studio:
        dialog = looked(studio, file)
        for column, title in enumerate(("Prompt", "Response", "Is refusal (yes, no)")):
            chosen(studio, dialog, dialog.preview.columns[column], title)
        assert "Choose its column in the table above, or enter the name" in dialog._report.toPlainText()
        dialog._names["model"].setText("m1")
        dialog._look.click()
        studio.wait(lambda: not dialog.run.running)
        report = dialog._report.toPlainText()
        assert report.count("“hm” (is_refusal) is not known: 4 rows. Choose what it means") == 1
        assert "line" not in report and "4 of 12 rows are rejected." in report
        assert dialog._take.text() == "&Import 8 of 12 rows"
        assert not dialog._take.isDefault()
        at = [dialog.preview.values.item(row, 1).text() for row in range(3)].index("hm")
        chosen(studio, dialog, dialog.preview.values.cellWidget(at, 3), "yes: direct refusal")
        assert dialog._take.text() == "&Import 1 file" and dialog._take.isDefault()
        dialog.reject()


def chosen(studio, dialog, box, text):
    """Choose an entry of a list as a user does, and wait for the new check."""
    at = next(at for at in range(box.count()) if box.itemText(at) == text)
    box.setCurrentIndex(at)
    box.activated.emit(at)
    studio.wait(lambda: not dialog.run.running)


def tabs(widget, times):
    """The widgets that Tab reaches from this one, one after the other."""
    widget.setFocus()
    reached = []
    for _ in range(times):
        QTest.keyClick(widget.window().focusWidget(), Qt.Key.Key_Tab)
        reached.append(widget.window().focusWidget())
    return reached


def test_columns_and_meanings_are_chosen_with_the_keyboard(start, path, tmp_path, write_csv):
    rows = [(f"May I pat dog {n}?", ("safe", "hm")[n % 2], "x") for n in range(4)]
    file = write_csv(tmp_path / "t.csv", ("ask", "mark", "note"), rows)
    with start(path) as studio:
        dialog = looked(studio, file)
        preview = dialog.preview
        assert tabs(preview.format, 4) == [*preview.columns, dialog._names["model"]], "in the order of the window"
        for column, (key, field) in enumerate((("P", "Prompt"), ("L", "Label (safe, toxic)"))):
            preview.columns[column].setFocus()
            QTest.keyClicks(preview.columns[column], key)
            studio.wait(lambda: not dialog.run.running)
            assert dialog.focusWidget() is preview.columns[column], "the focus stays where the user is"
            assert preview.columns[column].currentText() == field
        at = next(row for row in range(2) if preview.values.item(row, 1).text() == "hm")
        meaning = preview.values.cellWidget(at, 3)
        meaning.setFocus()
        QTest.keyClick(meaning, Qt.Key.Key_Down)
        studio.wait(lambda: not dialog.run.running and dialog._take.isEnabled())
        name = dialog.focusWidget().accessibleName()
        assert name == "Meaning of hm in mark"
        assert dialog._take in tabs(dialog.focusWidget(), 20)
        dialog.reject()


def test_open_questions_stay_until_they_are_answered(start, path, tmp_path, write_csv):
    header = ("prompt", "prompt_en", "label", "response")
    same = [("May I pat the dog?", "May I pat the dog?", "safe", "Yes.")]
    rows = [*same, ("May I pet cats now?", "May I pet a cat now?", "unsafe", "No.")]
    file = write_csv(tmp_path / "t.csv", header, rows)
    with start(path) as studio:
        dialog = looked(studio, file)
        preview = dialog.preview
        error, *asked = dialog._report.toPlainText().splitlines()
        assert error.startswith("✕ t.csv: no column is mapped to “Prompt”") and "was sent" not in error
        assert [line.partition(":")[0] for line in asked] == ["? t.csv", "? t.csv"], "each has a line"
        assert "prompt (“May I pet cats now?”) or prompt_en (“May I pet a cat now?”)" in asked[0], "where they differ"
        assert preview.columns[3].currentText() == "Response"
        chosen(studio, dialog, preview.columns[0], "Prompt")
        error, *left = dialog._report.toPlainText().splitlines()
        assert "the model is not known" in error and left == asked[1:], "the question about the label is open"
        chosen(studio, dialog, preview.columns[2], "Label of the prompt (safe, toxic)")
        assert "? " not in dialog._report.toPlainText()
        dialog.reject()


def test_messages_name_fields_as_the_window_does():
    text = "label may judge the prompt or the response: map it to prompt_label or response_verdict"
    expected = "map it to “Label of the prompt (safe, toxic)” or “Vote on the response (safe, toxic)”"
    assert with_titles(text) == f"label may judge the prompt or the response: {expected}"
    needs = with_titles("no column is mapped to prompt; response needs model: give its column or its value")
    assert needs == "no column is mapped to “Prompt”; “Response” needs “Model”: give its column or its value"


def test_values_stay_in_their_rows_while_they_get_meanings(start, path, tmp_path, write_csv):
    marks = ("hm", "hm", "hm", "so", "so", "eh")
    rows = [(f"May I pat dog {n}?", "Yes.", "m1", mark, mark) for n, mark in enumerate(marks)]
    file = write_csv(tmp_path / "t.csv", ("prompt", "response", "model", "is_refusal", "prompt_label"), rows)
    with start(path) as studio:
        dialog = looked(studio, file)
        values = dialog.preview.values
        chosen(studio, dialog, dialog.preview.columns[3], "Is refusal (yes, no)")
        chosen(studio, dialog, dialog.preview.columns[4], "Label of the prompt (safe, toxic)")

        def shown():
            return [(values.item(row, 0).text(), values.item(row, 1).text()) for row in range(values.rowCount())]

        before, top = shown(), values.y()
        for name in ("eh", "so", "hm"):
            at = [value for _, value in shown()].index(name)
            box = values.cellWidget(at, 3)
            chosen(studio, dialog, box, box.itemText(0))
            assert [row for row in shown() if row in before] == before and values.y() == top
            assert shown()[at][1] == name
        dialog.reject()


def test_what_is_certain_is_proposed_beside_an_open_question(start, path, tmp_path, write_csv):
    header = ("prompt", "response_preview", "response_full", "model")
    rows = [(f"May I pat dog {n}?", f"Yes, {n}.", f"Yes, you may pat all {n} of them.", "m1") for n in range(9)]
    file = write_csv(tmp_path / "t.csv", header, rows)
    with start(path) as studio:
        dialog = looked(studio, file)
        assert dialog.preview.columns[0].currentText() == "Prompt", "as the command line proposes"
        assert dialog._files.item(0, 1).text() == "answer the questions below"
        assert not dialog._take.isEnabled(), "no responses are lost silently"
        assert "choose “Prompt” in the list of its column once more" in dialog._report.toPlainText()
        chosen(studio, dialog, dialog.preview.columns[0], "Prompt")
        assert dialog._take.isEnabled() and "? t.csv: response_full" in dialog._report.toPlainText()
        chosen(studio, dialog, dialog.preview.columns[2], "Response")
        assert "? " not in dialog._report.toPlainText()
        assigned = [box.currentText() for box in dialog.preview.columns]
        chosen(studio, dialog, dialog.preview.format, "Inspect log (inspect-log)")
        chosen(studio, dialog, dialog.preview.format, dialog.preview.format.itemText(0))
        assert [box.currentText() for box in dialog.preview.columns] == assigned, "another format loses nothing"
        assert dialog._take.isEnabled()
        dialog.reject()


def test_the_rows_are_asked_for_in_the_field_that_gives_them(start, path, tmp_path):
    nested = tmp_path / "t.json"
    lists = {
        "version": 1,
        "first": [{"prompt": "May I pat the dog?"}],
        "others": [{"id": 1, "prompt": "May I feed it?"}] * 4,
    }
    nested.write_text(json.dumps(lists), encoding="utf-8")
    with start(path) as studio:
        dialog = looked(studio, nested)
        assert "Enter it in the field Sheet or row path and press Enter." in dialog._report.toPlainText()
        assert dialog.focusWidget() is dialog._rows and dialog._rows.property("wrong")
        assert not dialog._header.isVisible(), "objects have names"
        QTest.keyClicks(dialog._rows, "first")
        QTest.keyClick(dialog._rows, Qt.Key.Key_Return)
        studio.wait(lambda: not dialog.run.running)
        assert not dialog._rows.property("wrong") and dialog.preview.columns
        QTest.keyClick(dialog, Qt.Key.Key_M, Qt.KeyboardModifier.AltModifier)
        studio.wait(lambda: dialog.focusWidget() is dialog._names["model"])
        dialog.reject()


def test_an_unknown_table_is_mapped_and_the_mapping_remembered(start, path, tmp_path, write_csv):
    first = write_csv(tmp_path / "a.csv", ("ask", "reply", "llm", "mark"), [("May I pat the dog?", "Yes.", "m1", "1")])
    second = write_csv(tmp_path / "b.csv", ("ask", "reply", "llm", "mark"), [("May I pat the cat?", "No.", "m1", "1")])
    with start(path) as studio:
        dialog = looked(studio, first)
        assert "Choose the format, or the field of each column, above." in dialog._report.toPlainText()
        for column, title in enumerate(("Prompt", "Response", "Model", "Answer class")):
            chosen(studio, dialog, dialog.preview.columns[column], title)
        assert dialog._files.item(0, 1).text() == "all rows rejected: 1", "a bare number is a question"
        assert not dialog._take.isEnabled()
        meaning = dialog.preview.values.cellWidget(0, 3)
        assert (dialog.preview.values.item(0, 1).text(), meaning.currentIndex()) == ("1", -1)
        assert (meaning.placeholderText(), meaning.itemText(0)) == ("Choose the meaning…", "direct answer")
        widths = [dialog.preview.values.columnWidth(column) for column in (0, 2, 3)]
        chosen(studio, dialog, meaning, "direct answer")
        assert widths == [dialog.preview.values.columnWidth(column) for column in (0, 2, 3)]
        taken(studio, dialog)
        assert dialog.focusWidget() is dialog._review
        studio.wait(lambda: len(studio.page.model.ids()) == 71)
        dialog._review.click()
        studio.wait(lambda: write(studio.page.finder.current) == "source:a.csv")
        studio.wait(lambda: len(studio.page.model.ids()) == 1)
        dialog = looked(studio, second)
        assert [box.currentText() for box in dialog.preview.columns] == ["Prompt", "Response", "Model", "Answer class"]
        assert "b.csv: fields and meanings as for an earlier file with these columns." in dialog._report.toPlainText()
        assert dialog.run.files[0].report.imported == 1, "the meaning of the number is remembered too"
        chosen(studio, dialog, dialog.preview.columns[3], "Not imported")
        assert "as for an earlier file" not in dialog._report.toPlainText()
        dialog.reject()


def test_a_value_inside_a_cell_is_chosen_and_files_are_added(start, path, tmp_path, write_csv):
    nested = tmp_path / "a.jsonl"
    nested.write_text(json.dumps({"ask": {"text": "May I pat the dog?"}, "note": "x"}), encoding="utf-8")
    other = write_csv(tmp_path / "b.csv", ("prompt", "category"), [("Is this one new?", "woodwork")])
    with start(path) as studio:
        dialog = looked(studio, nested)
        box = dialog.preview.columns[0]
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Home)
        [menu] = [menu for menu in dialog.preview.findChildren(QMenu) if menu.actions()][:1]
        [inside] = [action.menu() for action in menu.actions() if action.text().startswith("ask.text")]
        next(action for action in inside.actions() if action.text() == "&Prompt").trigger()
        studio.wait(lambda: not dialog.run.running)
        assert dialog.preview.columns[0].currentText() == "Prompt: text"
        assert dialog.focusWidget() is dialog.preview.columns[0]
        dialog.add([other])
        studio.wait(lambda: not dialog.run.running)
        assert "categories that are not OR-Bench's ten: woodwork 1" in dialog._report.toPlainText()
        plain = tmp_path / "plain.csv"
        plain.write_text("Where do goats sleep?\nWhere do hens sleep?\n", encoding="utf-8")
        dialog.add([plain])
        studio.wait(lambda: not dialog.run.running)
        assert dialog._files.currentRow() == 2, "the first added file"
        assert dialog._report.toPlainText().startswith(
            "✕ plain.csv: format not recognised. Its first row looks like data"
        )
        dialog._header.setValue(0)
        studio.wait(lambda: not dialog.run.running)
        chosen(studio, dialog, dialog.preview.columns[0], "Prompt")
        taken(studio, dialog)
        studio.wait(lambda: len(studio.page.model.ids()) == 74)
        dialog.reject()


def test_a_known_fault_is_offered_to_be_mended(start, path, tmp_path, write_csv):
    votes = [("Is it late?", "illegal", "False", "It is not none of the above. [[7. illegal]]")]
    name = "x_moderation_merged_west_prompt.csv"
    file = write_csv(tmp_path / name, ("prompt", "category", "is_toxic", "moderation_result"), votes)
    with start(path) as studio:
        dialog = looked(studio, file)
        [offer] = [box for box in dialog.findChildren(QCheckBox) if "contradiction" in box.text()]
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


def test_enter_in_a_field_keeps_the_focus_there_while_an_error_stays(start, path, tmp_path, write_csv):
    """Elsewhere the next letter would choose another format, and the columns would have to be assigned again."""
    file = tmp_path / "odd.jsonl"
    file.write_text('{"a": "x1", "b": "y1"}\n{"a": "x2", "b": "y2"}\n', encoding="utf-8")
    with start(path) as studio:
        dialog = looked(studio, file)
        assert not dialog._take.isEnabled()
        for field in (dialog._names["model"], dialog._rows):
            field.setFocus()
            QTest.keyClicks(field, "zz")
            QTest.keyClick(field, Qt.Key.Key_Return)
            studio.wait(lambda: not dialog.run.running)
            assert dialog.focusWidget() is field
        dialog.reject()


def test_a_missing_name_is_asked_for_in_the_words_of_the_window(start, path, tmp_path, write_csv):
    header = ("prompt", "category", "is_toxic", "moderation_result")
    file = write_csv(tmp_path / "votes.csv", header, [("May I pat the dog?", "none", "False", "fine")])
    other = write_csv(tmp_path / "other.csv", header, [("May I pat the cat?", "none", "False", "fine")])
    with start(path) as studio:
        dialog = looked(studio, file, other)
        message = dialog._report.toPlainText()
        assert "the moderator is not known" in message
        assert "enter the name in the field Moderator and press Enter." in message
        assert "--" not in message
        field = dialog._names["moderator"]
        assert dialog.focusWidget() is field and field.property("wrong"), "what is missing is in view"
        assert dialog._scroll.viewport().rect().contains(field.mapTo(dialog._scroll.viewport(), field.rect().center()))
        field.setText("west")
        QTest.keyClick(field, Qt.Key.Key_Return)
        studio.wait(lambda: not dialog.run.running)
        assert not dialog.run.files[0].error
        assert dialog.run.files[1].error, "a name is that of one file"
        dialog._files.selectRow(1)
        assert dialog._names["moderator"].text() == ""
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        [question] = dialog.findChildren(QMessageBox)
        assert dialog.isVisible() and "not imported: 1." in question.text()
        question.buttons()[0].click()
        assert not dialog.isVisible()


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

"""The preview of a file in the import window."""

import json

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from tests.gui.data.test_import_dialog import chosen, looked


def test_the_values_inside_are_offered_below_their_column_and_chosen_by_letter(start, path, tmp_path):
    nested = tmp_path / "a.jsonl"
    row = {"prompt": "May I pat the dog?", **{f"n{at}": {"topic": f"t{at}", "refused": "yes"} for at in range(9)}}
    nested.write_text(json.dumps(row), encoding="utf-8")
    with start(path) as studio:
        dialog = looked(studio, nested)
        preview = dialog.preview
        for column in (1, 9):
            bar = dialog._scroll.verticalScrollBar()
            bar.setValue(bar.maximum())
            preview.show_file(dialog.run.files[0])  # as a check does that ends now: the boxes are new
            box = preview.columns[column]
            box.setFocus()
            QTest.keyClick(box, Qt.Key.Key_Home)
            [menu] = [one for one in preview.findChildren(QMenu) if one.isVisible()]
            viewport = preview.table.viewport()
            assert preview.table.columnAt(viewport.mapFromGlobal(menu.pos()).x()) == column
            seen = dialog._scroll.viewport()
            assert seen.rect().contains(seen.mapFromGlobal(menu.pos()))
            inside = next(action.menu() for action in menu.actions() if f"n{column - 1}.refused" in action.text())
            fields = [action.text() for action in inside.actions()]
            assert "instead of" not in fields[0], "the first one takes nothing from another column"
            assert "&Prompt (instead of prompt)" in fields
            inside.popup(menu.pos())
            QTest.keyClick(inside, Qt.Key.Key_I)
            studio.wait(lambda: not dialog.run.running)
            menu.close()
            assert preview.mapping.columns["prompt"] == "prompt"
            assert preview.columns[column].currentText() == "Is refusal (yes, no): refused"
            assert dialog.focusWidget() is preview.columns[column]
        dialog.run.files[0].edited = False
        dialog.reject()


def test_columns_are_assigned_with_the_keyboard_faster_than_they_are_checked(start, path, tmp_path, write_csv):
    header = ("mine", "kind", "saying", "how")
    rows = [(f"May I pat dog {n}?", "animals", f"Yes, {n}.", "answered") for n in range(9)]
    file = write_csv(tmp_path / "t.csv", header, rows)
    with start(path) as studio:
        dialog = looked(studio, file)
        for column, letters in enumerate(("pro", "cat", "resp", "model")):
            dialog.preview.columns[column].setFocus()
            for letter in letters:
                QTest.keyClicks(dialog.focusWidget(), letter)
                if column == 0:
                    studio.wait(lambda: not dialog.run.running)  # the boxes are new, and what is typed goes on
        studio.wait(lambda: not dialog.run.running)
        titles = ["Prompt", "Category", "Response", "Model"]
        assert [box.currentText() for box in dialog.preview.columns] == titles
        assert dialog.run.files[0].report.imported == 9, "the last choice is checked"
        dialog.run.files[0].edited = False
        dialog.reject()


def test_names_are_shown_as_they_are_stored_and_an_ignored_value_as_not_read(start, path, tmp_path, write_csv):
    rows = [
        (f"May I pat dog {n}?", f"Yes, {n}.", "my_model_v2", ("helped", "nope")[n % 2], "dog_care") for n in range(8)
    ]
    file = write_csv(tmp_path / "t.csv", ("prompt", "response", "model", "is_refusal", "category"), rows)
    with start(path) as studio:
        dialog = looked(studio, file)
        values = dialog.preview.values
        for column, title in enumerate(("Prompt", "Response", "Model", "Is refusal (yes, no)", "Category")):
            chosen(studio, dialog, dialog.preview.columns[column], title)

        def place(value):
            return [values.item(row, 1).text() for row in range(values.rowCount())].index(value)

        box = values.cellWidget(place("helped"), 3)
        offered = [box.itemText(at) for at in range(box.count()) if box.itemText(at)]
        assert offered == ["no: direct answer", "yes: direct refusal", "not read"]
        chosen(studio, dialog, box, "no: direct answer")
        chosen(studio, dialog, values.cellWidget(place("nope"), 3), "not read")
        box = values.cellWidget(place("nope"), 3)
        assert box.currentText() == "not read" and box.findText("not read", Qt.MatchFlag.MatchExactly) == 0
        assert [box.itemText(at) for at in range(box.count())].count("not read") == 1
        assert values.item(place("my_model_v2"), 3).text() == "my_model_v2"
        assert values.cellWidget(place("dog_care"), 3).currentText() == "own category: dog_care"
        assert "4 of 8 rows: is_refusal (is_refusal) not read: nope 4." in dialog._report.toPlainText()
        dialog.resize(1040, 855)  # its size where the screen has 1440 x 900
        QApplication.processEvents()
        fields = [*dialog._fields.findChildren(QLineEdit), dialog._header, dialog._near]
        cut = [one.accessibleName() for one in fields if one.visibleRegion().boundingRect() != one.rect()]
        assert cut == ["Key of the requests", "Sheet or row path"], "the others are whole, and a CSV needs not these"
        dialog.run.files[0].edited = False
        dialog.reject()

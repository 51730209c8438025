"""What the import window asks: the encoding of a file, and whose values a column has."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.services.audit import audit_counts
from orbench_studio.services.workspace.workspace import open_workspace
from tests.gui.data.test_import_dialog import chosen, looked, taken


def test_a_file_that_is_not_utf8_gets_its_encoding_in_the_window(start, path, tmp_path):
    file = tmp_path / "old.csv"
    rows = [f"Où est le café numéro {n} près de la forêt ?;safe" for n in range(8)]
    file.write_bytes("\n".join(["prompt;label", *rows]).encode("cp1252"))
    with start(path) as studio:
        dialog = looked(studio, file)
        report, box = dialog._report.toPlainText(), dialog._encoding.box
        assert "Its encoding is probably cp1252: choose cp1252 in the field Encoding" in report
        assert "--encoding" not in report + dialog._files.item(0, 1).toolTip()
        assert box.isVisible() and box.hasFocus() and box.currentText() == "UTF-8", "nothing is taken silently"
        assert box.itemText(1) == "cp1252 (Western Europe), probably" and not dialog._take.isEnabled()
        chosen(studio, dialog, box, "gb18030 (Chinese)")
        assert "choose cp1252 in the field Encoding" in dialog._report.toPlainText()
        chosen(studio, dialog, box, "cp1252 (Western Europe), probably")
        assert dialog.preview.table.item(1, 0).text() == "Où est le café numéro 0 près de la forêt ?"
        before = len(studio.page.model.ids())
        taken(studio, dialog)
        studio.wait(lambda: len(studio.page.model.ids()) == before + 8)
        dialog.reject()


def test_the_responses_of_two_models_in_one_row_are_imported_together(start, path, tmp_path, write_csv):
    header = ("ask", "alpha_says", "beta_says")
    file = write_csv(tmp_path / "two.csv", header, [(f"May I pat dog {n}?", f"Yes, {n}.", f"No, {n}.") for n in "12"])
    with start(path) as studio:
        dialog = looked(studio, file)
        for column, title in enumerate(("Prompt", "Response", "Response")):
            chosen(studio, dialog, dialog.preview.columns[column], title)
        report = dialog._report.toPlainText()
        assert "“Response” is beta_says now, and alpha_says is not imported" in report
        assert "To import both, press “Import alpha_says too”." in report
        dialog.preview.both.click()
        studio.wait(lambda: not dialog.run.running)
        assert [dialog._files.item(row, 0).text() for row in (0, 1)] == ["two.csv (beta_says)", "two.csv (alpha_says)"]
        assert dialog._names["model"].text() == "beta_says", "the column names the model until the user does"
        dialog._names["model"].setText("beta")
        dialog._look.click()
        studio.wait(lambda: not dialog.run.running)
        taken(studio, dialog)
        assert all(file.taken for file in dialog.run.files)
        dialog.reject()
        with open_workspace(path) as other:
            assert {"beta", "alpha_says"} <= {*audit_counts.read(other).models.values()}
        dialog = looked(studio, file)
        dialog._names["model"].setText("gamma")
        dialog._look.click()
        studio.wait(lambda: not dialog.run.running)
        assert "alpha_says is “Response”, as for an earlier file. If it has the values of gamma" in (
            dialog._report.toPlainText()
        )
        assert not dialog._take.isEnabled()
        chosen(studio, dialog, dialog.preview.columns[1], "Response")
        assert dialog._take.isEnabled(), "the user confirms the column"
        dialog.run.files.clear()
        dialog.reject()


def test_the_models_of_a_table_are_chosen_with_its_responses_and_nothing_scrolls(start, path, tmp_path, write_csv):
    rows = [(n, f"May I pat dog {n // 2}?", "alpha" if n % 2 else "beta", f"Yes, dog {n} likes it.") for n in range(24)]
    file = write_csv(tmp_path / "long.csv", ("idx", "question", "llm_name", "came"), rows)
    with start(path) as studio:
        dialog = looked(studio, file)
        *_, unmapped, repeats = dialog._report.toPlainText().splitlines()
        assert "columns that are not imported" in unmapped
        lines = "12 rows (lines 3, 5, 7, 9, 11, …)"
        assert repeats == f"long.csv, {lines}: the row repeats an earlier line in all columns that are read"
        repairs = [box.text() for box in dialog._repairs.values() if box.isVisible()]
        assert not repairs, "a prompt with responses of several models is stored once in any case"
        box, bar = dialog.preview.columns[3], dialog._scroll.verticalScrollBar()
        box.setFocus()
        chosen(studio, dialog, box, "Response")
        assert [box.currentText() for box in dialog.preview.columns[1:]] == ["Prompt", "Model", "Response"]
        assert dialog._take.isEnabled()
        assert (bar.value(), dialog.focusWidget()) == (0, dialog.preview.columns[3])
        chosen(studio, dialog, dialog.preview.columns[2], "Not imported")
        assert "The column llm_name may name it" in dialog._report.toPlainText()
        assert dialog.preview.columns[2].currentText() == "Not imported", "what the user chose stays"
        dialog.run.files.clear()
        dialog.reject()


def test_verdicts_without_responses_say_what_is_missing_and_are_not_imported_by_enter(start, path, tmp_path, write_csv):
    rows = [(f"May I pat dog {n // 2}?", "alpha" if n % 2 else "beta", "answered") for n in range(24)]
    files = [
        write_csv(tmp_path / "verdicts.csv", ("question", "answered_by", "opinion"), rows),
        *(write_csv(tmp_path / f"{n}.csv", ("prompt",), [(f"May I feed cat {n}?",)]) for n in "12"),
    ]
    with start(path) as studio:
        dialog = looked(studio, *files)
        preview = dialog.preview

        def place():
            return preview.table.mapTo(dialog, preview.table.pos())

        places = []
        studio.wait(lambda: places.append(place()) or places[-2:] == 2 * places[-1:], "the dialog is laid out")
        before = place()
        chosen(studio, dialog, preview.columns[1], "Model")
        chosen(studio, dialog, preview.columns[2], "Answer class")
        assert place() == before, "nothing moves under the pointer"
        row = next(at for at in range(9) if preview.values.item(at, 1).text() == "answered")
        why = "no column is mapped to “Response”"
        assert preview.values.item(row, 3).text() == f"not stored: {why}"
        shown = preview.values.fontMetrics().horizontalAdvance(preview.values.item(row, 3).text())
        assert shown < preview.values.columnWidth(3), "the whole reason can be read"
        assert preview.values.cellWidget(row, 3) is None, "no meaning can change that"
        warning, *_ = dialog._report.toPlainText().splitlines()
        assert "24 of 24 values of" in warning and why in warning
        assert not dialog._take.isDefault()
        for table in (preview.table, preview.values):
            table.setFocus()
            QTest.keyClick(table, Qt.Key.Key_Return)
            assert not dialog.run.running
        taken(studio, dialog)
        result, *_ = dialog._report.toPlainText().splitlines()
        assert result.startswith("⚠ verdicts.csv: imported:")
        dialog.add(files[:1])
        studio.wait(lambda: not dialog.run.running)
        assert (dialog._files.rowCount(), dialog._files.currentRow()) == (4, 3), "it can be mapped otherwise"
        dialog.add(files[:1])
        studio.wait(lambda: not dialog.run.running)
        assert (dialog._files.rowCount(), dialog._files.currentRow()) == (4, 3), "it is in the list already"
        dialog.run.files.clear()
        dialog.reject()


def test_the_first_imported_prompts_are_reviewed_without_a_filter(start, tmp_path, write_csv):
    """A filter by the source file would make every label one that does not count as blind."""
    file = write_csv(tmp_path / "a.csv", ("prompt", "response"), [(f"May I pat dog {n}?", f"Yes, {n}.") for n in "12"])
    with start(blind=True) as studio:
        studio.application.session.open(tmp_path / "new.orbench", create=True)
        studio.wait(lambda: studio.application.session.workspace is not None)
        dialog = looked(studio, file)
        dialog._names["model"].setText("alpha")
        dialog._look.click()
        studio.wait(lambda: not dialog.run.running)
        taken(studio, dialog)
        dialog._review.click()
        studio.settle()
        assert studio.page.finder.current == QueueFilter()
        assert "blind" not in studio.page.decisions.words


def test_the_window_asks_by_which_columns_a_file_and_its_requests_are_joined(start, path, tmp_path, write_csv):
    file = write_csv(tmp_path / "a.csv", ("id", "prompt_id", "answer"), [("1", "2", "Yes."), ("2", "1", "No.")])
    asked = write_csv(tmp_path / "q.csv", ("id", "prompt"), [("1", "May I pat a cat?"), ("2", "May I pat a dog?")])
    with start(path) as studio:
        dialog = looked(studio, file)
        dialog._add_requests([asked])
        studio.wait(lambda: not dialog.run.running)
        report = dialog._report.toPlainText()
        assert "it may be joined by id or prompt_id=id, which give the rows different requests." in report
        assert "Enter the columns in the field Key of the requests, such as prompt_id=id." in report
        assert dialog._ask.isVisible() and dialog._names["joined_by"].hasFocus()
        dialog._names["joined_by"].setText("prompt_id=id")
        dialog._look.click()
        studio.wait(lambda: not dialog.run.running)
        assert "a.csv: rows joined to q.csv by prompt_id=id: 2" in dialog._report.toPlainText()
        assert dialog.preview.table.item(1, 4).text() == "May I pat a dog?"
        dialog.reject()

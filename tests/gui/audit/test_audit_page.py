"""The audit page: rates, the prompts behind them, what-if, and the report."""

import csv
from dataclasses import replace

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QPushButton

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Drop, Group, Labels
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.judgement import Refusals
from orbench_studio.domain.curation.recipe import read_recipe
from orbench_studio.domain.review.decision import Decision
from orbench_studio.gui.audit.heat_map import HeatMap
from orbench_studio.gui.common.theme import Theme
from orbench_studio.services.audit import audit_counts, refusal_audit
from orbench_studio.services.curation import subsets
from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.review import prompt_review
from orbench_studio.services.workspace.workspace import open_workspace
from tests.tallies import tally

CTRL = Qt.KeyboardModifier.ControlModifier


def counted(path, **options):
    """Audit the file in another session."""
    with open_workspace(path) as other:
        return refusal_audit.audit(audit_counts.read(other), AuditOptions(**options))


def open_page(studio):
    studio.key(Qt.Key.Key_5, CTRL)
    page = studio.window.audit
    studio.wait(lambda: page.audit is not None)
    return page


def shown(page):
    """Counts and n of the heat map by model and column."""
    cells = page.map.cells
    return {
        (model, category): (rate.count, rate.n)
        for row, model in enumerate(cells.models)
        for column, category in enumerate(cells.columns)
        for rate in [cells.tally(cells.index(row, column)).rate(cells.group)]
    }


def expected(found, group=Group.SAFE):
    there = [None, *(c for c in found.categories if any(found.tally(group, m, c).responses for m in found.models))]
    rates = {(m, c): found.rate(group, m, c) for m in found.models for c in there}
    return {key: (rate.count, rate.n) for key, rate in rates.items()}


def choose(box, value):
    box.setCurrentIndex(box.findData(value))


def test_the_heat_map_shows_every_rate(start, path):
    with start(path) as studio:
        page = open_page(studio)
        assert shown(page) == expected(counted(path))
        choose(page.options._rate, Group.TOXIC)
        assert shown(page) == expected(counted(path), Group.TOXIC)
        choose(page.options._labels, Labels.HUMAN)
        studio.wait(lambda: page.audit.options.labels is Labels.HUMAN)
        assert page.audit.count(Group.TOXIC) == 0
        studio.application.theme.scale(200)
        studio.window.resize(1280, 800)
        rows = page.map.cells.rowCount()
        studio.wait(lambda: page.map.viewport().height() >= rows * page.map.rowHeight(0), "all rates are in view")
        area = page.tabs._stack.currentWidget()
        studio.wait(lambda: not area.verticalScrollBar().maximum(), "no scroll bar beside that of the rates")
        page.options.opener.click()
        assert page.scale.isVisible()


def test_columns_sort_the_models_and_the_definition_of_refusals_is_remembered(start, path):
    with start(path) as studio:
        page = open_page(studio)
        cells = page.map.cells
        page.map.horizontalHeader().sectionClicked.emit(1)
        values = [page.audit.rate(Group.SAFE, model, cells.columns[1]).value for model in cells.models]
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=True) and values[: len(known)] == known
        page.map.horizontalHeader().sectionClicked.emit(1)
        again = [page.audit.rate(Group.SAFE, model, cells.columns[1]).value for model in cells.models]
        assert again[: len(known)] == sorted(known)
        rows = page.map.verticalHeader()
        usual, model = list(cells.columns), cells.models[-1]
        page.map.setCurrentIndex(cells.place_of((model, usual[-1])))
        for order in (True, False):
            rows.sectionClicked.emit(cells.models.index(model))
            ranked = [
                rate for c in cells.columns[1:] if (rate := page.audit.rate(Group.SAFE, model, c).value) is not None
            ]
            assert ranked == sorted(ranked, reverse=order) and cells.columns[0] is None
        page.map.horizontalHeader().sectionClicked.emit(0)
        assert page.map.currentIndex() == cells.place_of((model, usual[-1])), (
            "the current cell moves with its model and its category"
        )
        rows.sectionClicked.emit(cells.models.index(model))
        assert cells.columns == usual, "a third click restores the usual order"
        choose(page.options._refusals, Refusals.WORDS)
        assert shown(page) == expected(counted(path, refusals=Refusals.WORDS))
        page.tabs.go(1)
        model = page.pictures.forest.rows.keys[0]
        assert page.pictures.forest.rows.index(0, 2).data() == page.audit.rate(Group.SAFE, model).short
        assert {one.model for one in page.pictures.scatter.points} <= set(page.audit.models)
        assert not page.pictures.grab().isNull()
    with start(path) as studio:
        assert open_page(studio).audit.options.refusals is Refusals.WORDS


def test_a_cell_opens_its_prompts_and_a_decision_there_changes_it(start, path):
    with start(path) as studio:
        page = open_page(studio)
        row, model = next((row, model) for row, model in enumerate(page.map.cells.models) if model == "model-b")
        page.map.setCurrentIndex(page.map.cells.index(row, 0))
        category = page.map.cells.columns[1]
        before = shown(page)[model, category]
        studio.wait(page.map.hasFocus)
        focused = studio.window.focusWidget()
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Return):
            QTest.keyClick(focused, key)
        with open_workspace(path) as other:
            behind = refusal_audit.prompts_of(audit_counts.read(other), page.options.value, Group.SAFE, model, category)
        studio.wait(lambda: studio.window._pages.currentWidget() is studio.page)
        studio.wait(lambda: set(studio.page.model.ids()) == set(behind))
        assert before[0] == len(behind)
        studio.settle()
        assert studio.page.responses.focused().response.model == model
        studio.key(Qt.Key.Key_K)
        assert studio.page.responses.focused().response.model == "model-a"
        studio.press(Qt.Key.Key_T)
        assert studio.page.responses.focused().response.model == model, "the next prompt shows that model's again"
        open_page(studio)
        after = (before[0] - 1, before[1] - 1)
        studio.wait(lambda: shown(page)[model, category] == after)
        assert shown(page) == expected(counted(path))


def test_changes_of_another_process_are_counted_when_the_page_is_shown(start, path):
    with start(path) as studio:
        page = open_page(studio)
        studio.key(Qt.Key.Key_1, CTRL)
        with open_workspace(path) as other:
            for prompt_id in (1, 2, 3):
                prompt_review.decide(other, Decision(prompt_id, Aspect.LABEL, "toxic"), annotator="ben")
        studio.wait(lambda: page.cache._stale is None)
        open_page(studio)
        studio.wait(lambda: shown(page) == expected(counted(path)))
        page.tabs.go(2)
        studio.wait(page.what_if.published.isEnabled)
        page.what_if.boxes[Drop.SIBLINGS].setChecked(True)
        page.what_if.published.click()
        wanted = AuditOptions(Labels.PUBLISHED, assume_safe=True, dropped=frozenset({Drop.HUMAN_TOXIC}))
        studio.wait(lambda: page.what_if.shown is not None and page.what_if.shown.options == wanted)
        result = page.what_if.shown
        assert (result.prompts - result.left, page.options.value) == (3, replace(wanted, dropped=frozenset()))


def test_answer_classes_of_one_judge_and_of_people_only(start, path):
    with start(path) as studio:
        page = open_page(studio)
        judge = next(iter(page.cache.counts.judges))
        choose(page.options._answers, judge)
        studio.wait(lambda: page.audit.options.answers == judge)
        assert shown(page) == expected(counted(path))  # there is no other judge, and nobody has decided
        choose(page.options._answers, "people")
        studio.wait(lambda: page.audit.options.answers == "people")
        assert {n for _, n in shown(page).values()} == {0}


def test_dropping_prompts_changes_rates_and_ranks(start, path):
    with start(path) as studio:
        page = open_page(studio)
        page.tabs.go(2)
        studio.wait(lambda: page.what_if.shown is not None)
        assert page.what_if.boxes[Drop.CONTROVERSIAL].isEnabled()
        assert not page.what_if.boxes[Drop.HUMAN_TOXIC].isEnabled()
        page.what_if.boxes[Drop.CONTROVERSIAL].click()
        studio.wait(lambda: page.what_if.shown.left < page.what_if.shown.prompts)
        found = counted(path, dropped=frozenset({Drop.CONTROVERSIAL}))
        for one in page.what_if.shown.models:
            assert one.after.rate == found.rate(Group.SAFE, one.model)
        row = page.what_if.table.rows.index(0, 5).data()
        assert row.startswith(f"{100 * page.what_if.shown.models[0].after.rate.value:.1f} %")
        assert page.status.text().startswith("Judges that have not passed a test: ")
        assert "judge-test" in page.status.toolTip()
        assert " the lowest" in page.what_if.errors.text()
        page.what_if.correction.setCurrentIndex(1)
        assert page.what_if.table.rows.index(0, 4).data() == "—", "nobody has checked the judge"


def test_saving_the_report_and_figures_shows_where_they_are(start, path, tmp_path, monkeypatch):
    from orbench_studio.figures import drawing

    monkeypatch.setattr(drawing, "FIGURES", {"heat": drawing.FIGURES["heat"]})
    with start(path) as studio:
        page = open_page(studio)
        page.saving.report(page.cache.counts, page.options.value, tmp_path / "report.html")
        studio.wait(lambda: "Report saved" in studio.message())
        assert "model-a" in (tmp_path / "report.html").read_text(encoding="utf-8")
        page.saving.figures(page.cache.counts, page.options.value, tmp_path / "figures")
        studio.wait(lambda: "6 figure files saved" in studio.message())
        page.saving.report(page.cache.counts, page.options.value, tmp_path / "no folder" / "report.html")
        studio.wait(lambda: "could not be written" in page.status.text())


def test_closing_the_window_waits_for_a_report_that_is_being_saved(start, path, tmp_path):
    with start(path) as studio:
        page = open_page(studio)
        page.saving.report(page.cache.counts, page.options.value, tmp_path / "no folder" / "report.html")
        assert not studio.window.close()
        assert studio.message() == "The window closes when the report is saved or cancelled."
        studio.wait(lambda: "could not be written" in page.status.text())
        assert studio.window.isVisible(), "so that the error is read"
        page.saving.report(page.cache.counts, page.options.value, tmp_path / "report.html")
        studio.window.close()
        studio.wait(lambda: not studio.window.isVisible())
        assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize("name", ["<b>bold</b> & co", "x" * 200, "a\nb"])
def test_a_hostile_model_name_is_shown_as_text(start, path, tmp_path, name):
    file = tmp_path / "more.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([("question", "answer", "who"), ("Is it?", "Yes.", name)])
    with open_workspace(path) as workspace:
        from orbench_studio.services.data.import_files import ColumnMapping, Field

        mapping = ColumnMapping({Field.PROMPT: "question", Field.RESPONSE: "answer", Field.MODEL: "who"})
        import_file(workspace, file, ReadOptions(mapping=mapping))
    with start(path) as studio:
        page = open_page(studio)
        cells = page.map.cells
        row = cells.models.index(name)
        tip = cells.data(cells.index(row, 0), Qt.ItemDataRole.ToolTipRole)
        assert "<b>" not in tip
        assert cells.cell_text(cells.index(row, 0)).startswith(name)


def test_the_current_cell_stays_at_its_model_while_the_rates_change(qapp, path):
    heat = HeatMap(Theme(qapp, "light", 100))
    model = heat.cells
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    found = counted(path)
    for audit, group in ((found, Group.SAFE), (found, Group.TOXIC), (None, Group.SAFE), (found, Group.SAFE)):
        heat.show_audit(audit, group)
    first, cell = model.models[0], QPersistentModelIndex(model.index(0, 0))
    answered = {key: tally(direct_answer=9) if key[1] == first else of for key, of in found.cells.items()}
    heat.show_audit(replace(found, cells=answered, spreads={}), Group.SAFE)
    rates = [model.audit.rate(Group.SAFE, one).value for one in model.models]
    assert rates == sorted(rates, reverse=True) and rates[-1] == 0
    assert model.models[cell.row()] == first
    here = (first, model.columns[-1])
    heat.setCurrentIndex(model.place_of(here))
    heat.show_audit(replace(found, models=["another model", *found.models]), Group.SAFE)
    assert len(model.models) == len(found.models) + 1
    assert heat.currentIndex() == model.place_of(here), "also when a batch brings another model"
    before = heat.columnWidth(0), heat.columnWidth(1)
    many = {key: tally(direct_answer=1_012_345, direct_refusal=1_012_345) for key in found.cells}
    heat.show_audit(replace(found, cells=many, spreads={}), Group.SAFE)
    assert heat.columnWidth(0) > before[0] and heat.columnWidth(1) > before[1], "no number is cut"
    assert tester.model() is model


def test_a_workspace_without_responses_shows_what_to_do(start, tmp_path, write_csv):
    from orbench_studio.services.workspace.workspace import create_workspace

    empty = tmp_path / "empty.orbench"
    with create_workspace(empty) as workspace:
        import_file(workspace, write_csv(tmp_path / "or-bench.csv", ("prompt", "category"), [("Is it?", "privacy")]),
                    ReadOptions())  # fmt: skip
    with start(empty) as studio:
        page = open_page(studio)
        studio.wait(lambda: "There are no responses yet" in page.status.text())
        assert not page.report.isEnabled()
        assert page.empty.isVisible()
        assert not page.map.isVisible()
        next(one for one in page.empty.findChildren(QPushButton) if one.text() == "Evaluate models").click()
        assert studio.window.evaluate.isVisible()


def test_a_subset_tells_that_the_audited_models_selected_it(start, path):
    with open_workspace(path) as workspace:
        for name, text in (("hard", "[refused]\nfamilies = 1\n"), ("first", "[qualify]\nfilter = 'id:1-3'")):
            subsets.save_subset(workspace, name, read_recipe(text))
        hard = subsets.saved_subset(workspace, "hard").prompt_ids
    with start(path) as studio:
        page = open_page(studio)
        studio.wait(lambda: page.options._prompts.count() == 3)
        everything = sum(page.audit.prompts.values())
        choose(page.options._prompts, "hard")
        studio.wait(lambda: page.audit.subset == "hard")
        assert sum(page.audit.prompts.values()) == len(hard) < everything
        assert "too high, and their order is biased" in page.status.text()
        choose(page.options._prompts, "first")
        studio.wait(lambda: page.audit.subset == "first")
        assert "biased" not in page.status.text()
        with open_workspace(path) as other:
            changes = subsets.remove_subset(other, "first")
        page.refresh(changes)
        studio.wait(lambda: page.audit.subset == "" and sum(page.audit.prompts.values()) == everything)
        assert page.options._prompts.count() == 2


def test_responses_that_are_not_judged_can_be_judged_from_the_page(start, tmp_path, write_csv):
    from orbench_studio.services.data.import_files import ColumnMapping, Field
    from orbench_studio.services.workspace.workspace import create_workspace

    mapping = ColumnMapping({Field.PROMPT: "prompt", Field.RESPONSE: "response"})
    file = write_csv(
        tmp_path / "answers.csv", ("prompt", "response"), [("Is it late?", "I'm sorry, but I can't help.")]
    )
    with create_workspace(tmp_path / "new.orbench") as workspace:
        import_file(workspace, file, ReadOptions(mapping=mapping, model="alpha"))
    with start(tmp_path / "new.orbench") as studio:
        page = open_page(studio)
        assert not page.judge.isVisible(), "there is no safe prompt"
        choose(page.options._rate, Group.OTHER)
        page.judge.click()
        studio.wait(lambda: page.audit.rate(Group.OTHER, "alpha").count == 1 and not page.judge.isVisible())
        with open_workspace(tmp_path / "new.orbench") as workspace:
            changes = import_file(workspace, file, ReadOptions(mapping=mapping, model="beta")).changes
        page.refresh(changes)
        studio.wait(lambda: "beta" in page.status.text())
        assert not page.judge.isVisible(), "alpha has a rate"

"""Batches in the window: form, estimate, launch, progress, pause, cancel, retry, review."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QMessageBox, QToolButton

from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.domain.review.query import write
from orbench_studio.gui import page_registry
from orbench_studio.gui.evaluation import progress_table
from orbench_studio.gui.evaluation.model_picker import ModelPicker
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.workspace.workspace import open_workspace
from tests.fake_vendor import KEY, Vendor, fault
from tests.gui.conftest import PROMPTS, prompt_text

MIXED = "simulated/mixed"
REMOTE = "openai/gpt-test"


class Evaluator:
    """User actions on the evaluate page."""

    def __init__(self, studio):
        self.studio = studio
        self.page = studio.window.evaluate
        self.form = self.page.compose
        self.pane = self.page.batch
        studio.key(Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
        studio.wait(self.page.isVisible)

    def add_models(self, *models):
        for model in models:
            QTest.keyClicks(self.form.models.line, model)
            QTest.keyClick(self.form.models.line, Qt.Key.Key_Return)

    def launch(self):
        self.studio.wait(self.form.foot.launch.isEnabled)
        self.click(self.form.foot.launch)
        self.studio.wait(lambda: self.pane.batch_id is not None)

    def click(self, button):
        assert button.isVisible()
        assert button.isEnabled(), button.text()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def wait_for_requests(self, vendor, requests):
        self.studio.wait(lambda: len(vendor.bodies) >= requests)

    def until(self, state):
        self.studio.wait(lambda: self.state() is state and not self.page.runs.is_here(self.pane.batch_id))

    def state(self):
        return self.pane._progress.batch.state if self.pane._progress else None

    def lines(self, table):
        rows = table.rows
        return [[rows.index(row, column).data() for column in range(rows.columnCount())] for row in
                range(rows.rowCount())]  # fmt: skip


@pytest.fixture
def at_page(start, path):
    with start(path) as studio:
        yield Evaluator(studio)


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Vendor(key=KEY) as vendor:
        yield vendor


def at_vendor(page, vendor, first=10):
    page.form.options.base_url.setText(vendor.url)
    page.form.limit.setValue(first)
    page.add_models(REMOTE)


def progress(path, batch_id=1):
    with open_workspace(path) as other:
        return batch_control.progress(other, batch_id)


def test_launched_batch_shows_its_responses_in_review(at_page, path):
    assert at_page.page._right.currentIndex() == 0
    assert not at_page.form.foot.launch.isEnabled()
    at_page.form.limit.setValue(20)
    at_page.add_models(MIXED, "simulated/helpful")
    at_page.studio.wait(at_page.form.foot.launch.isEnabled)
    assert at_page.form.foot.estimate.text().startswith(f"{MIXED}: 20 requests, free\nsimulated/helpful: 20")
    assert at_page.form.foot.launch.text() == "Launch 40 requests"
    at_page.launch()
    assert at_page.studio.window.focusWidget() is at_page.page.batches
    at_page.until(BatchState.COMPLETED)
    completed = [["completed", "40 of 40"]]
    at_page.studio.wait(lambda: [line[2:4] for line in at_page.lines(at_page.page.batches)] == completed)
    at_page.form.models.line.setFocus()
    QTest.keyClick(at_page.form.models.line, Qt.Key.Key_Down)
    assert at_page.studio.window.focusWidget() is at_page.page.batches, "an arrow key enters the list on the screen"
    assert at_page.pane.state.y() < at_page.pane.review.parentWidget().y() + 60, "no empty room below the buttons"
    shown = at_page.lines(at_page.pane.models)
    assert [line[:2] for line in shown] == [
        [MIXED, "20 of 20"], ["simulated/helpful", "20 of 20"],
    ]  # fmt: skip
    audit = at_page.studio.window.audit
    audit.tabs.go(2)
    at_page.click(at_page.pane.audit)
    at_page.studio.wait(lambda: audit.map.isVisible() and audit.map.cells.models)
    assert audit.map.cells.models[audit.map.currentIndex().row()] == MIXED
    at_page.studio.window.show_page("page_evaluate")
    at_page.click(at_page.pane.review)
    at_page.studio.wait(lambda: at_page.studio.page.model.rowCount() == 20)
    assert write(at_page.studio.page.finder.current) == "batch:1"
    at_page.studio.settle()
    assert at_page.studio.page.responses.focused().response.model == MIXED, "one of the batch, and no older response"
    assert {MIXED, "simulated/helpful"} <= {r.response.model for r in at_page.studio.page.view.responses}
    assert progress(path).done == 40


def test_a_batch_takes_the_keys_from_no_other_page(at_page):
    studio = at_page.studio
    at_page.add_models(MIXED)
    studio.wait(at_page.form.foot.launch.isEnabled)
    at_page.click(at_page.form.foot.launch)
    studio.key(Qt.Key.Key_5, Qt.KeyboardModifier.ControlModifier)
    rates = studio.window.audit.map
    assert rates.hasFocus()
    studio.wait(lambda: MIXED in rates.cells.models and studio.page.model.rowCount() == PROMPTS)
    studio.wait(lambda: "Batch 1 is completed" in studio.message() and not studio.application.operations.busy)
    assert rates.hasFocus(), "neither the launched batch nor the queue of the Review page, which are hidden"


def test_batch_uses_the_current_filter_or_a_query(at_page):
    form = at_page.form
    at_page.add_models(MIXED)
    at_page.studio.wait(form.foot.launch.isEnabled)
    assert form.foot.launch.text() == f"Launch {PROMPTS} requests"
    form.prompts.setCurrentIndex(1)
    QTest.keyClicks(form.query.line, "category:privacy")
    at_page.studio.wait(lambda: form.foot.launch.text() == f"Launch {PROMPTS // 5} requests")
    at_page.studio.wait(lambda: form.query.status.text() == f"{PROMPTS // 5} prompts match.")
    form.query.line.setText("category:privcy")
    at_page.studio.wait(lambda: "Did you mean privacy?" in form.query.status.text())
    form.query.line.setText("unfindable id:1-9")
    at_page.studio.wait(
        lambda: "No prompt meets" in form.query.status.text() and "unfindable" in form.query.status.text()
    )
    at_page.studio.wait(form.query.findChild(QToolButton).isVisible)
    form.query.findChild(QToolButton).click()
    assert form.query.text() == "id:1-9"
    form.query.line.setText("colour:red")
    at_page.studio.wait(lambda: "is not a condition" in form.foot.estimate.text())
    assert not form.foot.launch.isEnabled()
    form.prompts.setCurrentIndex(0)
    at_page.studio.window.show_page("page_review")
    at_page.studio.page.finder.bar.search.setText("category:illegal,privacy")
    at_page.studio.page.finder.bar.search.textEdited.emit("")
    at_page.studio.wait(lambda: not at_page.studio.page.finder.current.is_open)
    at_page.studio.window.show_page("page_evaluate")
    at_page.studio.wait(lambda: form.foot.launch.text() == f"Launch {PROMPTS * 2 // 5} requests")
    assert "category:illegal,privacy" in form._filter_note.text()
    at_page.click(form.all_prompts)
    at_page.studio.wait(lambda: form.foot.launch.text() == f"Launch {PROMPTS} requests")
    assert form.prompts.currentText() == "All prompts"


def test_models_are_chosen_from_vendors_with_the_status_of_their_keys(at_page, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    at_page.click(at_page.form.models.choose)
    at_page.studio.wait(lambda: at_page.form.findChild(ModelPicker) is not None)
    picker = at_page.form.findChild(ModelPicker)
    groups = [picker.tree.topLevelItem(place) for place in range(picker.tree.topLevelItemCount())]
    titles = [group.text(0) for group in groups]
    assert "OpenAI: key found in OPENAI_API_KEY or the keyring" in titles
    assert "Anthropic: no key. Set ANTHROPIC_API_KEY or add it to the keyring." in titles
    assert not any(KEY in title for title in titles)
    QTest.keyClicks(picker.search, "openai/gpt-4o")
    shown = [item for item in picker._items() if not item.isHidden()]
    assert {"openai/gpt-4o", "openai/gpt-4o-mini"} <= {item.text(0) for item in shown}
    chosen = next(item for item in shown if item.text(0) == "openai/gpt-4o")
    assert chosen.text(1) == "2.5"
    chosen.setCheckState(0, Qt.CheckState.Checked)
    add = picker.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert add.text() == "Add 1 model"
    at_page.click(add)
    assert at_page.form.models.models == ("openai/gpt-4o",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda form: form.models.add("nobody/knows"), "nobody"),
        (lambda form: form.options.temperature.setText("warm"), "is not a number"),
        (lambda form: form.options.temperature.setText("-1"), "must not be negative"),
        (lambda form: form.judge.setCurrentIndex(3), "Enter the name of the judge model"),
        (lambda form: (form.models.add(REMOTE), form.cost_limit.setText("2")), "has no price"),
    ],
)
def test_invalid_form_shows_the_reason_instead_of_the_estimate(at_page, change, message):
    at_page.add_models(MIXED)
    at_page.studio.wait(at_page.form.foot.launch.isEnabled)
    change(at_page.form)
    at_page.studio.wait(lambda: message in at_page.form.foot.estimate.text())
    assert not at_page.form.foot.launch.isEnabled()


def test_missing_key_is_reported_before_a_batch_is_created(at_page, path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    at_page.add_models("openai/gpt-4o")
    at_page.studio.wait(at_page.form.foot.launch.isEnabled)
    at_page.click(at_page.form.foot.launch)
    at_page.studio.wait(lambda: "OPENAI_API_KEY" in at_page.form.foot.estimate.text())
    with open_workspace(path) as other:
        assert batch_control.overview(other) == []


def test_models_are_completed_and_removed(at_page):
    line = at_page.form.models.line
    completer = line.completer()
    at_page.studio.wait(lambda: completer.model().rowCount() > 0)
    completer.setCompletionPrefix("MIX")
    assert completer.currentCompletion() == MIXED
    QTest.keyClicks(line, "openai/")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert at_page.form.models.models == ()  # only a vendor prefix
    line.setText("simul")
    at_page.form.models.choose.setFocus()
    line.enter()
    assert (at_page.form.models.models, line.text()) == ((), "simul"), "the beginning of a name is not a model"
    line.clear()
    at_page.add_models(MIXED, MIXED, "simulated/helpful")
    assert at_page.form.models.models == (MIXED, "simulated/helpful")
    at_page.studio.wait(at_page.form.foot.launch.isEnabled)
    assert "Duration" not in at_page.form.foot.estimate.text()
    QTest.keyClick(line, Qt.Key.Key_Backspace)
    assert at_page.form.models.models == (MIXED,)


def test_paused_batch_is_resumed_without_sending_twice(at_page, vendor, path):
    at_page.form.options.concurrency.setValue(2)
    vendor.held = True
    at_vendor(at_page, vendor)
    at_page.launch()
    at_page.wait_for_requests(vendor, 2)
    at_page.studio.wait(lambda: "2 in flight" in at_page.lines(at_page.pane.models)[0][progress_table.STATUS])
    at_page.click(at_page.pane.pause)
    at_page.studio.wait(lambda: "in-flight requests finish" in at_page.pane.state.text())
    assert not at_page.pane.resume.isEnabled()
    assert at_page.studio.window.focusWidget() is at_page.pane.models, "not the button that cancels"
    vendor.held = False
    at_page.until(BatchState.PAUSED)
    assert progress(path).done == 2
    at_page.studio.wait(at_page.pane.resume.isEnabled)
    at_page.click(at_page.pane.resume)
    at_page.until(BatchState.COMPLETED)
    assert progress(path).done == 10
    assert set(vendor.asked.values()) == {1}


def test_window_stays_responsive_while_a_vendor_hangs(at_page, vendor):
    vendor.held = True
    at_vendor(at_page, vendor)
    at_page.launch()
    at_page.wait_for_requests(vendor, 10)
    at_page.studio.window.show_page("page_review")
    at_page.studio.settle()
    before = at_page.studio.shown()
    at_page.studio.press(Qt.Key.Key_S)
    assert at_page.studio.shown() != before
    vendor.held = False


def test_batch_is_cancelled_after_confirmation(at_page, vendor, path):
    at_page.form.options.concurrency.setValue(1)
    vendor.held = True
    at_vendor(at_page, vendor)
    at_page.launch()
    at_page.wait_for_requests(vendor, 1)
    for choice, state in (("Keep batch", BatchState.RUNNING), ("Cancel batch", BatchState.CANCELLED)):
        at_page.studio.wait(at_page.pane.cancel.isEnabled)
        at_page.click(at_page.pane.cancel)
        [box] = [box for box in at_page.pane.findChildren(QMessageBox) if box.isVisible()]
        [button] = [button for button in box.buttons() if button.text() == choice]
        at_page.click(button)
        at_page.studio.wait(lambda s=state: progress(path).batch.state is s)
    vendor.held = False
    at_page.until(BatchState.CANCELLED)
    [model] = progress(path).models
    assert (model.left, model.done + model.cancelled) == (0, 10)
    assert model.cancelled >= 8  # one was in flight, and at most one more was claimed
    message = f"{model.cancelled} cancelled"
    at_page.studio.wait(lambda: at_page.lines(at_page.pane.models)[0][progress_table.STATUS].endswith(message))
    assert not at_page.pane.resume.isEnabled()


def test_failed_items_are_listed_and_retried(at_page, vendor, path):
    bad = fault(400, "that will not do")
    vendor.script = {prompt_text(3): [bad], prompt_text(5): [bad]}
    at_vendor(at_page, vendor)
    at_page.launch()
    at_page.until(BatchState.COMPLETED)
    message = "completed, 2 failed: rejected by the API (400)"
    at_page.studio.wait(lambda: at_page.lines(at_page.pane.models)[0][progress_table.STATUS] == message)
    at_page.studio.wait(lambda: at_page.lines(at_page.page.batches)[0][2] == "completed, 2 failed")
    at_page.studio.wait(lambda: len(at_page.lines(at_page.pane.failures.table)) == 2)
    assert "that will not do" in at_page.lines(at_page.pane.failures.table)[0][3]
    at_page.studio.wait(lambda: at_page.pane.failures.retry.text() == "Retry failed (2)")
    at_page.studio.wait(lambda: at_page.pane.state.text().startswith("completed, 2 failed"))
    at_page.click(at_page.pane.failures.retry)
    at_page.studio.wait(lambda: progress(path).done == 10)
    at_page.until(BatchState.COMPLETED)
    at_page.studio.wait(lambda: not at_page.pane.failures.isVisible())
    assert vendor.asked[prompt_text(3)] == 2


def test_failed_item_opens_its_prompt(at_page, vendor):
    vendor.script = {prompt_text(3): [fault(400, "no")]}
    at_vendor(at_page, vendor)
    at_page.launch()
    at_page.until(BatchState.COMPLETED)
    at_page.studio.wait(lambda: at_page.lines(at_page.pane.failures.table))
    at_page.pane.failures.table.setFocus()
    at_page.pane.failures.table.selectRow(0)
    QTest.keyClick(at_page.pane.failures.table, Qt.Key.Key_Return)
    at_page.studio.wait(lambda: at_page.studio.page.isVisible() and at_page.studio.page.model.rowCount() == 1)


def test_rejected_key_stops_its_model_with_the_reason_and_the_others_go_on(at_page, vendor, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    at_vendor(at_page, vendor)
    at_page.add_models("simulated/mixed")
    at_page.launch()
    at_page.until(BatchState.FAILED)
    assert "Batch 1 failed." in at_page.studio.message()
    at_page.studio.wait(lambda: "is stopped: 401: The API key was rejected." in at_page.pane.stops.text())
    assert [line[-1].split(":")[0] for line in at_page.lines(at_page.pane.models)] == ["stopped", "completed"]
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    menu = {entry.text: entry for entry in at_page.page._entries(1, 0)}
    at_page.studio.wait(lambda: at_page.pane.resume.isEnabled())
    assert not menu["Pause"].enabled
    menu["Resume"].run()
    at_page.until(BatchState.COMPLETED)
    assert not at_page.pane.stops.isVisible()


def test_closing_the_window_pauses_the_batch_without_loss(start, path, vendor, monkeypatch):
    monkeypatch.setattr(page_registry, "_AFTER_OPENING", 0)
    with start(path) as studio:
        page = Evaluator(studio)
        page.form.options.concurrency.setValue(2)
        at_vendor(page, vendor)
        vendor.script = {prompt_text(4): ["hang"]}
        page.launch()
        page.wait_for_requests(vendor, 5)
    stored = progress(path)
    assert stored.batch.state is BatchState.PAUSED
    assert 0 < stored.done < 10
    vendor.script = {}
    with start(path) as studio:
        said = f"Batch 1 is paused: {stored.done} of 10 done. To go on, press Resume on the Evaluate page."
        studio.wait(lambda: studio.message() == said)
        page = Evaluator(studio)
        studio.wait(lambda: page.pane.batch_id == 1)
        page.click(page.pane.resume)
        page.until(BatchState.COMPLETED)
    assert progress(path).done == 10
    assert {text for text, times in vendor.asked.items() if times > 1} == {prompt_text(4)}


def test_built_in_judge_runs_when_the_batch_is_completed(at_page, path):
    at_page.form.limit.setValue(8)
    at_page.form.judge.setCurrentIndex(1)
    at_page.add_models("simulated/refusing")
    at_page.launch()
    at_page.studio.wait(lambda: at_page.studio.message() == "studio-rules: 8 responses judged.")  # none of other models
    at_page.click(at_page.pane.review)
    at_page.studio.settle()
    at_page.studio.wait(lambda: at_page.studio.page.model.rowCount() == 8)

    def mine():
        responses = at_page.studio.page.view.responses
        return [r.final.answer_class for r in responses if r.response.model == "simulated/refusing"]

    at_page.studio.wait(lambda: mine() == ["direct_refusal"])


def test_language_model_judges_in_a_separate_batch(at_page, path):
    at_page.form.limit.setValue(4)
    at_page.form.judge.setCurrentIndex(3)
    QTest.keyClicks(at_page.form.judge_model, "simulated/helpful")
    at_page.add_models(MIXED)
    at_page.launch()
    at_page.studio.wait(lambda: len(at_page.lines(at_page.page.batches)) == 2)
    judged = ["judged by simulated/helpful  ·  simulated", "completed"]
    at_page.studio.wait(lambda: at_page.lines(at_page.page.batches)[0][1:3] == judged)
    assert at_page.pane.batch_id == 1  # the selection stays

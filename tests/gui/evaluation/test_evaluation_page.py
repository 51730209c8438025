"""Batches from the window: composed, estimated, launched, watched, paused, cancelled, tried again, reviewed."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from orbench_studio.domain.evaluation.batch import BatchState
from orbench_studio.domain.review.query import write
from orbench_studio.gui.evaluation import progress_table
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.workspace.workspace import open_workspace
from tests.fake_vendor import KEY, Vendor, fault
from tests.gui.conftest import PROMPTS, prompt_text

MIXED = "simulated/mixed"
REMOTE = "openai/gpt-test"


class Evaluator:
    """Deeds at the evaluate page."""

    def __init__(self, studio):
        self.studio = studio
        self.page = studio.window.evaluate
        self.form = self.page.compose
        self.pane = self.page.batch
        studio.key(Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
        studio.wait(self.page.isVisible)

    def name(self, *models):
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

    def asked(self, vendor, requests):
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
    page.name(REMOTE)


def progress(path, batch_id=1):
    with open_workspace(path) as other:
        return batch_control.progress(other, batch_id)


def test_from_the_form_to_the_answers_in_review(at_page, path):
    assert "no batches yet" in at_page.page._right.currentWidget().layout().itemAt(1).widget().text()
    assert not at_page.form.foot.launch.isEnabled()
    at_page.form.limit.setValue(20)
    at_page.name(MIXED, "simulated/helpful")
    at_page.studio.wait(at_page.form.foot.launch.isEnabled)
    assert at_page.form.foot.estimate.text().startswith(f"{MIXED}: 20 requests, free\nsimulated/helpful: 20")
    assert at_page.form.foot.launch.text() == "Launch 40 requests"
    at_page.launch()
    assert at_page.studio.window.focusWidget() is at_page.page.batches
    at_page.until(BatchState.FINISHED)
    finished = [["finished", "40 of 40", ""]]
    at_page.studio.wait(lambda: [line[2:5] for line in at_page.lines(at_page.page.batches)] == finished)
    shown = at_page.lines(at_page.pane.models)
    assert [line[:2] for line in shown] == [
        [MIXED, "20 of 20"], ["simulated/helpful", "20 of 20"],
    ]  # fmt: skip
    at_page.click(at_page.pane.review)
    at_page.studio.wait(lambda: at_page.studio.page.model.rowCount() == 20)
    assert write(at_page.studio.page.finder.current) == "batch:1"
    at_page.studio.settle()
    assert {MIXED, "simulated/helpful"} <= {r.response.model for r in at_page.studio.page.view.responses}
    assert progress(path).done == 40


def test_the_prompts_of_the_queue_and_of_a_query(at_page):
    form = at_page.form
    at_page.name(MIXED)
    at_page.studio.wait(form.foot.launch.isEnabled)
    assert form.foot.launch.text() == f"Launch {PROMPTS} requests"
    form.prompts.setCurrentIndex(1)
    QTest.keyClicks(form.query, "category:privacy")
    at_page.studio.wait(lambda: form.foot.launch.text() == f"Launch {PROMPTS // 5} requests")
    form.query.setText("colour:red")
    at_page.studio.wait(lambda: "is no condition" in form.foot.estimate.text())
    assert not form.foot.launch.isEnabled()
    form.prompts.setCurrentIndex(0)
    at_page.studio.window.show_page("page_review")
    at_page.studio.page.finder.bar.search.setText("category:illegal,privacy")
    at_page.studio.page.finder.bar.search.textEdited.emit("")
    at_page.studio.wait(lambda: not at_page.studio.page.finder.current.is_open)
    at_page.studio.window.show_page("page_evaluate")
    at_page.studio.wait(lambda: form.foot.launch.text() == f"Launch {PROMPTS * 2 // 5} requests")
    assert "category:illegal,privacy" in form.prompts.currentText()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda form: form.models.add("nobody/knows"), "nobody"),
        (lambda form: form.options.temperature.setText("warm"), "is not a number"),
        (lambda form: form.options.temperature.setText("-1"), "not negative"),
        (lambda form: form.judge.setCurrentIndex(3), "Name the model that is to judge"),
        (lambda form: (form.models.add(REMOTE), form.cap.setText("2")), "has no price"),
    ],
)
def test_what_cannot_be_launched_says_why_in_its_place(at_page, change, said):
    at_page.name(MIXED)
    at_page.studio.wait(at_page.form.foot.launch.isEnabled)
    change(at_page.form)
    at_page.studio.wait(lambda: said in at_page.form.foot.estimate.text())
    assert not at_page.form.foot.launch.isEnabled()


def test_a_missing_key_is_told_before_anything_is_written_down(at_page, path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    at_page.name("openai/gpt-4o")
    at_page.studio.wait(at_page.form.foot.launch.isEnabled)
    at_page.click(at_page.form.foot.launch)
    at_page.studio.wait(lambda: "OPENAI_API_KEY" in at_page.form.foot.estimate.text())
    with open_workspace(path) as other:
        assert batch_control.overview(other) == []


def test_models_are_completed_and_taken_out_again(at_page):
    line = at_page.form.models.line
    completer = line.completer()
    at_page.studio.wait(lambda: completer.model().rowCount() > 0)
    completer.setCompletionPrefix("MIX")
    assert completer.currentCompletion() == MIXED
    QTest.keyClicks(line, "openai/")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert at_page.form.models.models == ()  # only a vendor's beginning
    line.clear()
    at_page.name(MIXED, MIXED, "simulated/helpful")
    assert at_page.form.models.models == (MIXED, "simulated/helpful")
    QTest.keyClick(line, Qt.Key.Key_Backspace)
    assert at_page.form.models.models == (MIXED,)


def test_paused_and_gone_on_with_nothing_is_sent_twice(at_page, vendor, path):
    at_page.form.options.concurrency.setValue(2)
    vendor.held = True
    at_vendor(at_page, vendor)
    at_page.launch()
    at_page.asked(vendor, 2)
    at_page.studio.wait(lambda: "2 under way" in at_page.lines(at_page.pane.models)[0][5])
    at_page.click(at_page.pane.pause)
    at_page.studio.wait(lambda: "comes home" in at_page.pane.state.text())
    assert not at_page.pane.resume.isEnabled()
    assert at_page.studio.window.focusWidget() is at_page.pane.models, "not the button that cancels"
    vendor.held = False
    at_page.until(BatchState.PAUSED)
    assert progress(path).done == 2
    at_page.studio.wait(at_page.pane.resume.isEnabled)
    at_page.click(at_page.pane.resume)
    at_page.until(BatchState.FINISHED)
    assert progress(path).done == 10
    assert set(vendor.asked.values()) == {1}


def test_the_window_answers_while_a_vendor_hangs(at_page, vendor):
    vendor.held = True
    at_vendor(at_page, vendor)
    at_page.launch()
    at_page.asked(vendor, 10)
    at_page.studio.window.show_page("page_review")
    at_page.studio.settle()
    before = at_page.studio.shown()
    at_page.studio.press(Qt.Key.Key_S)
    assert at_page.studio.shown() != before
    vendor.held = False


def test_cancelled_after_a_question(at_page, vendor, path):
    at_page.form.options.concurrency.setValue(1)
    vendor.held = True
    at_vendor(at_page, vendor)
    at_page.launch()
    at_page.asked(vendor, 1)
    for choice, state in (("Go on with it", BatchState.RUNNING), ("Cancel the batch", BatchState.CANCELLED)):
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
    assert model.cancelled >= 8  # one was under way, and at most one more was at hand
    message = f"cancelled {model.cancelled}"
    at_page.studio.wait(lambda: at_page.lines(at_page.pane.models)[0][progress_table.FAILED] == message)
    assert not at_page.pane.resume.isEnabled()


def test_failures_are_listed_with_their_reason_and_tried_again(at_page, vendor, path):
    bad = fault(400, "that will not do")
    vendor.script = {prompt_text(3): [bad], prompt_text(5): [bad]}
    at_vendor(at_page, vendor)
    at_page.launch()
    at_page.until(BatchState.FINISHED)
    message = "request refused 2"
    at_page.studio.wait(lambda: at_page.lines(at_page.pane.models)[0][progress_table.FAILED] == message)
    at_page.studio.wait(lambda: len(at_page.lines(at_page.pane.failures.table)) == 2)
    assert "that will not do" in at_page.lines(at_page.pane.failures.table)[0][3]
    at_page.studio.wait(lambda: at_page.pane.failures.retry.text() == "Retry 2 failed")
    at_page.click(at_page.pane.failures.retry)
    at_page.studio.wait(lambda: progress(path).done == 10)
    at_page.until(BatchState.FINISHED)
    at_page.studio.wait(lambda: not at_page.pane.failures.isVisible())
    assert vendor.asked[prompt_text(3)] == 2


def test_a_failure_opens_its_prompt(at_page, vendor):
    vendor.script = {prompt_text(3): [fault(400, "no")]}
    at_vendor(at_page, vendor)
    at_page.launch()
    at_page.until(BatchState.FINISHED)
    at_page.studio.wait(lambda: at_page.lines(at_page.pane.failures.table))
    at_page.pane.failures.table.setFocus()
    at_page.pane.failures.table.selectRow(0)
    QTest.keyClick(at_page.pane.failures.table, Qt.Key.Key_Return)
    at_page.studio.wait(lambda: at_page.studio.page.isVisible() and at_page.studio.page.model.rowCount() == 1)


def test_a_bad_key_stops_the_batch_and_says_so(at_page, vendor, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    at_vendor(at_page, vendor)
    at_page.launch()
    at_page.until(BatchState.STOPPED)
    at_page.studio.wait(lambda: "Batch 1 has stopped" in at_page.studio.message())
    at_page.studio.wait(lambda: "stopped" in at_page.pane.state.text())
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    at_page.studio.wait(at_page.pane.resume.isEnabled)
    at_page.click(at_page.pane.resume)
    at_page.studio.wait(lambda: at_page.state() is not BatchState.STOPPED)


def test_the_window_closed_in_the_middle_loses_nothing(start, path, vendor):
    with start(path) as studio:
        page = Evaluator(studio)
        page.form.options.concurrency.setValue(2)
        at_vendor(page, vendor)
        vendor.script = {prompt_text(4): ["hang"]}
        page.launch()
        page.asked(vendor, 5)
    kept = progress(path)
    assert kept.batch.state is BatchState.PAUSED
    assert 0 < kept.done < 10
    vendor.script = {}
    with start(path) as studio:
        page = Evaluator(studio)
        studio.wait(lambda: page.pane.batch_id == 1)
        page.click(page.pane.resume)
        page.until(BatchState.FINISHED)
    assert progress(path).done == 10
    assert {text for text, times in vendor.asked.items() if times > 1} == {prompt_text(4)}


def test_answers_are_judged_when_the_batch_is_finished(at_page, path):
    at_page.form.limit.setValue(8)
    at_page.form.judge.setCurrentIndex(1)
    at_page.name("simulated/refusing")
    at_page.launch()
    at_page.studio.wait(lambda: "judged" in at_page.studio.message())
    at_page.click(at_page.pane.review)
    at_page.studio.settle()
    at_page.studio.wait(lambda: at_page.studio.page.model.rowCount() == 8)

    def mine():
        responses = at_page.studio.page.view.responses
        return [r.final.answer_class for r in responses if r.response.model == "simulated/refusing"]

    at_page.studio.wait(lambda: mine() == ["direct_refusal"])


def test_a_language_model_judges_in_a_batch_of_its_own(at_page, path):
    at_page.form.limit.setValue(4)
    at_page.form.judge.setCurrentIndex(3)
    QTest.keyClicks(at_page.form.judge_model, "simulated/helpful")
    at_page.name(MIXED)
    at_page.launch()
    at_page.studio.wait(lambda: len(at_page.lines(at_page.page.batches)) == 2)
    judged = ["judged by simulated/helpful  ·  simulated", "finished"]
    at_page.studio.wait(lambda: at_page.lines(at_page.page.batches)[0][1:3] == judged)
    assert at_page.pane.batch_id == 1  # nothing moves under the pointer

"""Request options, prompt sources, failed items and workers on the evaluate page."""

import os
from datetime import UTC, datetime

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.curation.subset import Subset
from orbench_studio.domain.evaluation.batch import Batch, BatchKind, BatchProgress, BatchSettings, Cause, ModelProgress
from orbench_studio.domain.evaluation.rate_limits import RateRequest
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.domain.review.query import parse, write
from orbench_studio.gui.evaluation.progress_table import DONE
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.batch_coordinator import BatchCoordinator, Demand, Report
from orbench_studio.services.evaluation.prices import load_prices
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.curation import subsets
from orbench_studio.store.evaluation.results import ItemFailure, ModelAnswer, Outcome
from tests.gui.evaluation.test_evaluation_page import MIXED, Evaluator, at_page, at_vendor, progress, vendor

__all__ = ["at_page", "vendor"]  # fixtures
HELPFUL = "simulated/helpful"


def test_options_are_summarised_when_closed_and_editable_when_open(at_page, vendor, path):
    options = at_page.form.options
    assert options.summary.text() == "temperature 0, max tokens 1,000, concurrency 20"
    assert not options.seed.isVisible()
    at_page.click(options.opener)
    assert options.seed.isVisible()
    options.temperature.clear()
    QTest.keyClicks(options.system, "Be kind.")
    QTest.keyClick(options.system, Qt.Key.Key_Tab)
    QTest.keyClicks(options.seed, "7")
    options.repeats.setValue(2)
    QTest.keyClicks(options.parameters, "top_p=0.9")
    options.requests.setValue(60_000)
    options.timeout.setValue(60)
    at_vendor(at_page, vendor, first=3)
    at_page.click(options.opener)
    assert options.summary.text() == (
        "no temperature, max tokens 1,000, system prompt, seed 7, repeats 2, additional parameters, concurrency 20, "
        f"requests/min 60,000, base URL {vendor.url}"
    )
    at_page.studio.wait(lambda: at_page.form.foot.launch.text() == "Launch 6 requests")
    at_page.launch()
    at_page.until(BatchState.COMPLETED)
    body = vendor.bodies[0]
    assert body["messages"][0] == {"role": "system", "content": "Be kind."}
    assert (body["seed"], body["top_p"], "temperature" in body) == (7, 0.9, False)
    limits = progress(path).batch.settings.limits
    assert (limits.requests_per_minute, limits.timeout) == (60_000, 60)


def test_tab_order_follows_the_form_from_top_to_bottom(at_page):
    form = at_page.form
    at_page.add_models(MIXED)
    at_page.studio.wait(form.foot.launch.isEnabled)
    [chip] = form.models.chips.values()
    for control in (
        form.models.choose,
        chip,
        form.judge,
        form.cost_limit,
        form.options.opener,
        form.foot.launch,
    ):
        QTest.keyClick(at_page.studio.window, Qt.Key.Key_Tab)
        assert at_page.studio.window.focusWidget() is control
    assert not form.vendor_batch.isEnabled(), "a simulated model has no batch API"
    form.models.clear()
    form.models.add("openai/gpt-4o")
    assert form.vendor_batch.isEnabled()
    form.models.clear()
    form.models.add("simulated/mixed@2")
    at_page.studio.wait(lambda: form.foot.estimate.text().endswith(": 70 requests, free, 2 s for each answer"))


WRONG = {
    "is not a number": lambda options: options.seed.setText("seven"),
    "must be a whole number": lambda options: options.seed.setText("0.5"),
    "Write NAME=VALUE": lambda options: options.parameters.setPlainText("top_p"),
    "not one of the selected models": lambda options: options.parameters.setPlainText("openai/o3:top_p=1"),
    "is not a base URL": lambda options: options.base_url.setText("nowhere"),
}


def test_invalid_options_show_the_reason(at_page):
    options = at_page.form.options
    at_page.add_models(MIXED)
    for message, makes_wrong in WRONG.items():
        at_page.studio.wait(at_page.form.foot.launch.isEnabled)
        makes_wrong(options)
        at_page.studio.wait(lambda text=message: text in at_page.form.foot.estimate.text())
        assert not at_page.form.foot.launch.isEnabled()
        for field in (options.seed, options.parameters, options.base_url):
            field.clear()


def test_system_prompt_is_loaded_from_a_file(at_page, tmp_path):
    good, bad = tmp_path / "system.txt", tmp_path / "bad.txt"
    good.write_text("Be kind. 你好\n", encoding="utf-8")
    bad.write_bytes(b"\xff\xfe\xff")
    options = at_page.form.options
    at_page.add_models(MIXED)
    at_page.click(options.opener)
    for file, shown in ((good, lambda: options.system.toPlainText() == "Be kind. 你好"),
                        (bad, lambda: "cannot be read" in at_page.form.foot.estimate.text())):  # fmt: skip
        at_page.studio.wait(at_page.form.foot.launch.isEnabled)  # else a pending estimate would replace the message
        at_page.click(options.system_file)
        [dialog] = options.findChildren(QFileDialog)
        dialog.fileSelected.emit(str(file))
        dialog.close()
        at_page.studio.wait(shown)
        at_page.studio.wait(lambda: not options.findChildren(QFileDialog))


def test_batch_uses_the_prompts_of_a_subset(start, path):
    name = "my <b>hard</b> ones"
    with open_workspace(path) as other, other.writing() as db:
        subsets.save(db, Subset(name, "", datetime.now(UTC), (9, 4, 7), None), {})
    with start(path) as studio:
        page = Evaluator(studio)
        prompts = page.form.prompts
        studio.wait(lambda: prompts.count() == 4)
        assert prompts.itemText(3) == f"Subset {name}"
        prompts.setCurrentIndex(3)
        page.form.limit.setValue(2)
        page.add_models(MIXED)
        studio.wait(lambda: page.form.foot.launch.text() == "Launch 2 requests")
        page.launch()
        page.until(BatchState.COMPLETED)
        page.click(page.pane.review)
        studio.wait(lambda: studio.page.model.rowCount() == 2)
    with open_workspace(path) as other:
        assert batch_control.select_prompts(other, wanted=parse("batch:1")) == [4, 9], (
            "the first two in the subset's order"
        )


def two_causes(path):
    """A completed batch of ten items: the API rejected one, and two failed with a server error."""
    causes = {3: Cause.BAD_REQUEST, 5: Cause.SERVER, 6: Cause.SERVER}
    with open_workspace(path) as other:
        settings = BatchSettings()
        made = batch_control.create(other, [MIXED, HELPFUL], range(1, 6), settings, prices=load_prices())
        coordinator = BatchCoordinator(other, made.id, 30.0)
        coordinator.begin()
        demand = dict.fromkeys(coordinator.models, Demand(5, RateRequest()))
        assigned = coordinator.exchange(Report([], demand)).assigned
        items = [item for assignment in assigned.values() for item in assignment.items]
        failed = {
            item.item_id: ItemFailure(causes[item.item_id], "an error") for item in items if item.item_id in causes
        }
        answer = ModelAnswer("An answer.", StopReason.STOP)
        outcomes = [
            Outcome(item.item_id, item.prompt_id, item.model_id, 1, failed.get(item.item_id, answer)) for item in items
        ]
        coordinator.exchange(Report(outcomes, demand))
        coordinator.leave()
    return made.id


def test_failed_items_of_one_cause_are_shown_and_retried(start, path):
    two_causes(path)
    with start(path) as studio:
        page = Evaluator(studio)
        failures = page.pane.failures
        studio.wait(lambda: len(page.lines(failures.table)) == 3)
        assert {chip.text() for chip in failures.chips.values()} == {"rejected by the API (400): 1", "server error: 2"}
        studio.wait(lambda: failures.retry.text() == "Retry failed (3)")
        page.click(failures.chips[Cause.SERVER])
        studio.wait(lambda: len(page.lines(failures.table)) == 2)
        studio.wait(lambda: failures.retry.text() == "Retry selected (2)")
        page.click(failures.retry)
        studio.wait(lambda: progress(path).done == 9)
        page.until(BatchState.COMPLETED)
        studio.wait(lambda: len(page.lines(failures.table)) == 1)
        studio.wait(lambda: failures.retry.text() == "Retry failed (1)")
        page.click(failures.chips[Cause.BAD_REQUEST])
        page.click(failures.chips[Cause.BAD_REQUEST])
        assert failures.selected is None


def test_responses_of_one_model_open_in_review(start, path):
    two_causes(path)
    with start(path) as studio:
        page = Evaluator(studio)
        studio.wait(lambda: len(page.lines(page.pane.models)) == 2)
        page.pane.models.setFocus()
        page.pane.models.selectRow(1)
        QTest.keyClick(page.pane.models, Qt.Key.Key_Return)
        studio.wait(lambda: studio.page.isVisible() and write(studio.page.finder.current) == f"batch:1={HELPFUL}")
        studio.wait(lambda: studio.page.model.rowCount() == 4)
        studio.settle()
        assert studio.page.responses.focused().response.model == HELPFUL


def test_batch_of_a_killed_process_is_interrupted_and_can_be_resumed(start, path):
    with open_workspace(path) as other:
        made = batch_control.create(other, [MIXED], range(1, 6), BatchSettings(), prices=load_prices())
        BatchCoordinator(other, made.id, lease=3.0).begin()  # and never sends another heartbeat
    with start(path) as studio:
        page = Evaluator(studio)
        studio.wait(lambda: [line[2] for line in page.lines(page.page.batches)] == ["interrupted"])
        studio.wait(lambda: page.pane.state.text() == "interrupted: resume the batch or start a worker to continue")
        assert not page.pane.pause.isEnabled()
        page.click(page.pane.resume)
        page.until(BatchState.COMPLETED)
        studio.wait(lambda: page.lines(page.page.batches)[0][2] == "completed")


def test_workers_of_a_batch_are_shown(start, path):
    """A worker on another machine claims items; then it leaves."""
    with open_workspace(path) as other:
        made = batch_control.create(other, [MIXED], range(1, 6), BatchSettings(), prices=load_prices(), judge="rules")
        batch_control.queue_for_workers(other, made.id)
        coordinator = BatchCoordinator(other, made.id, lease=600.0, served=[MIXED])
        coordinator.begin()
        coordinator.exchange(Report([], dict.fromkeys(coordinator.models, Demand(3, RateRequest())), per_minute=90))
        with start(path) as studio:
            page = Evaluator(studio)
            table = page.pane.workers
            studio.wait(lambda: len(page.lines(table)) == 1)
            machine, pid, _since, held, per_minute = page.lines(table)[0]
            assert (pid, held, per_minute) == (f"{os.getpid()}", "3", "90")
            assert page.pane.state.text() == f"running on {machine}  ·  judge: rules"
            assert table.isVisible()
            coordinator.leave()
            studio.wait(lambda: page.pane.state.text().startswith("interrupted"))
            assert not table.isVisible()


def test_number_columns_are_wide_enough(at_page):
    table = at_page.pane.models
    model = ModelProgress("openai/gpt-test", 1_000_000, 888_888, 0, 0, 0, 123_456_789, 123_456_789, 1_234_567.0)
    batch = Batch(1, "large", BatchKind.EVALUATION, BatchState.PAUSED, BatchSettings())
    table.show_progress(BatchProgress(batch, (model,)), None)
    for column in (DONE, 3):  # the tokens are hidden where they would leave no room for the status
        assert table.columnWidth(column) >= table.sizeHintForColumn(column), table.rows.index(0, column).data()

"""How models are asked, which prompts, what failed why: the finer parts of the evaluate page."""

import os
from datetime import UTC, datetime

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.curation.subset import Subset
from orbench_studio.domain.evaluation.batch import (
    Batch,
    BatchKind,
    BatchProgress,
    BatchSettings,
    BatchState,
    Cause,
    ModelProgress,
)
from orbench_studio.domain.evaluation.rate_limits import RateRequest
from orbench_studio.domain.review.query import parse, write
from orbench_studio.gui.evaluation.progress_table import DONE
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.batch_coordinator import BatchCoordinator, Report, Want
from orbench_studio.services.evaluation.prices import load_prices
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.curation import subsets
from orbench_studio.store.evaluation.results import ItemFailure, ModelAnswer, Outcome
from tests.gui.evaluation.test_evaluation_page import (
    MIXED,
    Evaluator,
    at_page,
    at_vendor,
    progress,
    vendor,
)

__all__ = ["at_page", "vendor"]  # fixtures
HELPFUL = "simulated/helpful"


def test_closed_a_line_says_how_models_are_asked_and_opened_all_can_be_changed(at_page, vendor, path):
    options = at_page.form.options
    assert options.summary.text() == "temperature 0, at most 1,000 tokens, 20 at once"
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
        "no temperature, at most 1,000 tokens, a system prompt, seed 7, 2 times each, more parameters, 20 at once, "
        f"60,000 requests a minute, at {vendor.url}"
    )
    at_page.studio.wait(lambda: at_page.form.foot.launch.text() == "Launch 6 requests")
    at_page.launch()
    at_page.until(BatchState.FINISHED)
    body = vendor.bodies[0]
    assert body["messages"][0] == {"role": "system", "content": "Be kind."}
    assert (body["seed"], body["top_p"], "temperature" in body) == (7, 0.9, False)
    limits = progress(path).batch.settings.limits
    assert (limits.requests_per_minute, limits.timeout) == (60_000, 60)


def test_tab_goes_through_the_form_from_top_to_bottom(at_page):
    form = at_page.form
    at_page.name(MIXED)
    at_page.studio.wait(form.foot.launch.isEnabled)
    [chip] = form.models.chips.values()
    for control in (chip, form.judge, form.cap, form.vendor_batch, form.options.opener, form.foot.launch):
        QTest.keyClick(at_page.studio.window, Qt.Key.Key_Tab)
        assert at_page.studio.window.focusWidget() is control


WRONG = {
    "is not a number": lambda options: options.seed.setText("seven"),
    "is a whole number": lambda options: options.seed.setText("0.5"),
    "is not NAME=VALUE": lambda options: options.parameters.setPlainText("top_p"),
    "not among the models": lambda options: options.parameters.setPlainText("openai/o3:top_p=1"),
    "no address of an endpoint": lambda options: options.base_url.setText("nowhere"),
}


def test_what_cannot_be_says_why(at_page):
    options = at_page.form.options
    at_page.name(MIXED)
    for said, makes_wrong in WRONG.items():
        at_page.studio.wait(at_page.form.foot.launch.isEnabled)
        makes_wrong(options)
        at_page.studio.wait(lambda words=said: words in at_page.form.foot.estimate.text())
        assert not at_page.form.foot.launch.isEnabled()
        for field in (options.seed, options.parameters, options.base_url):
            field.clear()


def test_a_system_prompt_out_of_a_file(at_page, tmp_path):
    good, bad = tmp_path / "system.txt", tmp_path / "bad.txt"
    good.write_text("Be kind. 你好\n", encoding="utf-8")
    bad.write_bytes(b"\xff\xfe\xff")
    options = at_page.form.options
    at_page.name(MIXED)
    at_page.click(options.opener)
    for file, shown in ((good, lambda: options.system.toPlainText() == "Be kind. 你好"),
                        (bad, lambda: "cannot be read" in at_page.form.foot.estimate.text())):  # fmt: skip
        at_page.studio.wait(at_page.form.foot.launch.isEnabled)  # no estimate is on its way that would be told last
        at_page.click(options.system_file)
        [dialog] = options.findChildren(QFileDialog)
        dialog.fileSelected.emit(str(file))
        dialog.close()
        at_page.studio.wait(shown)
        at_page.studio.wait(lambda: not options.findChildren(QFileDialog))


def test_the_prompts_of_a_subset(start, path):
    name = "my <b>hard</b> ones"
    with open_workspace(path) as other, other.writing() as db:
        subsets.save(db, Subset(name, "", datetime.now(UTC), (9, 4, 7), None), {})
    with start(path) as studio:
        page = Evaluator(studio)
        prompts = page.form.prompts
        studio.wait(lambda: prompts.count() == 3)
        assert prompts.itemText(2) == f"the subset {name}"
        prompts.setCurrentIndex(2)
        page.form.limit.setValue(2)
        page.name(MIXED)
        studio.wait(lambda: page.form.foot.launch.text() == "Launch 2 requests")
        page.launch()
        page.until(BatchState.FINISHED)
        page.click(page.pane.review)
        studio.wait(lambda: studio.page.model.rowCount() == 2)
    with open_workspace(path) as other:
        assert batch_control.choose(other, wanted=parse("batch:1")) == [4, 9], "the first two in the subset's order"


def two_causes(path):
    """A finished batch of ten items: one was refused by the vendor, two met a fault of its server."""
    causes = {3: Cause.BAD_REQUEST, 5: Cause.SERVER, 6: Cause.SERVER}
    with open_workspace(path) as other:
        settings = BatchSettings()
        made = batch_control.create(other, [MIXED, HELPFUL], range(1, 6), settings, prices=load_prices())
        coordinator = BatchCoordinator(other, made.id, 30.0)
        coordinator.begin()
        wants = dict.fromkeys(coordinator.models, Want(5, RateRequest()))
        shares = coordinator.exchange(Report([], wants)).shares
        items = [item for share in shares.values() for item in share.items]
        given = {
            item.item_id: ItemFailure(causes[item.item_id], "as it goes") for item in items if item.item_id in causes
        }
        said = ModelAnswer("An answer.", StopReason.STOP)
        outcomes = [
            Outcome(item.item_id, item.prompt_id, item.model_id, 1, given.get(item.item_id, said)) for item in items
        ]
        coordinator.exchange(Report(outcomes, wants))
        coordinator.leave()
    return made.id


def test_one_cause_is_looked_at_and_tried_again(start, path):
    two_causes(path)
    with start(path) as studio:
        page = Evaluator(studio)
        failures = page.pane.failures
        studio.wait(lambda: len(page.lines(failures.table)) == 3)
        assert {chip.text() for chip in failures.chips.values()} == {"request refused 1", "server error 2"}
        studio.wait(lambda: failures.retry.text() == "Retry 3 failed")
        page.click(failures.chips[Cause.SERVER])
        studio.wait(lambda: len(page.lines(failures.table)) == 2)
        studio.wait(lambda: failures.retry.text() == "Retry 2 server error")
        page.click(failures.retry)
        studio.wait(lambda: progress(path).done == 9)
        page.until(BatchState.FINISHED)
        studio.wait(lambda: len(page.lines(failures.table)) == 1)
        studio.wait(lambda: failures.retry.text() == "Retry 1 failed")
        page.click(failures.chips[Cause.BAD_REQUEST])
        page.click(failures.chips[Cause.BAD_REQUEST])
        assert failures.chosen is None


def test_the_answers_of_one_model_open_in_review(start, path):
    two_causes(path)
    with start(path) as studio:
        page = Evaluator(studio)
        studio.wait(lambda: len(page.lines(page.pane.models)) == 2)
        page.pane.models.setFocus()
        page.pane.models.selectRow(1)
        QTest.keyClick(page.pane.models, Qt.Key.Key_Return)
        studio.wait(lambda: studio.page.isVisible() and write(studio.page.finder.current) == f"batch:1={HELPFUL}")
        studio.wait(lambda: studio.page.model.rowCount() == 4)


def test_a_batch_whose_process_was_killed_is_interrupted_and_goes_on(start, path):
    with open_workspace(path) as other:
        made = batch_control.create(other, [MIXED], range(1, 6), BatchSettings(), prices=load_prices())
        BatchCoordinator(other, made.id, lease=3.0).begin()  # and is never seen again
    with start(path) as studio:
        page = Evaluator(studio)
        studio.wait(lambda: [line[2] for line in page.lines(page.page.batches)] == ["interrupted"])
        studio.wait(
            lambda: page.pane.state.text() == "interrupted: resume it, or start a worker, and it goes on where it was"
        )
        page.click(page.pane.resume)
        page.until(BatchState.FINISHED)
        studio.wait(lambda: page.lines(page.page.batches)[0][2] == "finished")


def test_who_is_at_work_is_shown(start, path):
    """A worker on another machine takes items; then it leaves."""
    with open_workspace(path) as other:
        made = batch_control.create(other, [MIXED], range(1, 6), BatchSettings(), prices=load_prices(), judge="rules")
        batch_control.hand_over(other, made.id)
        coordinator = BatchCoordinator(other, made.id, lease=600.0, helps=[MIXED])
        coordinator.begin()
        coordinator.exchange(Report([], dict.fromkeys(coordinator.models, Want(3, RateRequest())), per_minute=90))
        with start(path) as studio:
            page = Evaluator(studio)
            table = page.pane.workers
            studio.wait(lambda: len(page.lines(table)) == 1)
            machine, pid, _since, held, per_minute = page.lines(table)[0]
            assert (pid, held, per_minute) == (f"{os.getpid()}", "3", "90")
            assert page.pane.state.text() == f"running on {machine}  ·  then judged by rules"
            assert table.isVisible()
            coordinator.leave()
            studio.wait(lambda: page.pane.state.text().startswith("interrupted"))
            assert not table.isVisible()


def test_numbers_are_never_cut_off(at_page):
    table = at_page.pane.models
    model = ModelProgress("openai/gpt-test", 1_000_000, 888_888, 0, 0, 0, 123_456_789, 123_456_789, 1_234_567.0)
    batch = Batch(1, "large", BatchKind.EVALUATION, BatchState.PAUSED, BatchSettings())
    table.show_progress(BatchProgress(batch, (model,)), None)
    for column in (DONE, 3, 4):
        assert table.columnWidth(column) >= table.sizeHintForColumn(column), table.rows.index(0, column).data()

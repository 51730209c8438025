"""Vendor batches through the SDKs with a local vendor: nothing is lost or paid twice."""

import time
from datetime import timedelta

import pytest

from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.batch import BatchSettings, Cause, Limits
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.errors import StudioError, WorkspaceError
from orbench_studio.services.evaluation import batch_control, launcher
from orbench_studio.services.evaluation.prices import Price, Prices
from orbench_studio.services.evaluation.vendor_batch_runner import VendorBatchRunner
from orbench_studio.services.review import prompt_review
from tests.delivery import WAYS
from tests.fake_batches import BatchVendor
from tests.fake_vendor import KEY, fault, json_reply, raw

MODELS = ("openai/gpt-test", "anthropic/claude-test")


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with BatchVendor(key=KEY) as vendor:
        yield vendor


@pytest.fixture
def prices(tmp_path):
    return Prices("", tmp_path, {MODELS[0]: Price(100_000, 100_000, 0.5)})


@pytest.fixture
def create(workspace, vendor, prices):
    def make(*models, **limits):
        models = models or MODELS[:1]
        settings = BatchSettings(
            limits=Limits(**limits), base_urls=dict.fromkeys(models, vendor.url), vendor_batch=True
        )
        return batch_control.create(
            workspace, models, batch_control.select_prompts(workspace), settings, prices=prices
        ).id

    return make


@pytest.fixture
def run(workspace, prices):
    def go(batch, **options):
        options = {"lease": 4.0, "poll": 0.02, "patience": timedelta(seconds=20)} | options
        runner = VendorBatchRunner(workspace, batch, prices, **options)
        runner.start()
        assert runner.wait(120)
        return runner.snapshot().progress

    return go


@pytest.mark.parametrize("model", MODELS)
def test_batch_is_submitted_and_fetched(workspace, create, run, vendor, model):
    progress = run(create(model))
    assert (progress.batch.state, progress.done, progress.failed) == (BatchState.COMPLETED, 4, 0)
    assert set(vendor.asked.values()) == {1}
    assert len(vendor.batches) == 1
    assert progress.models[0].output_tokens == 80
    assert workspace.problems() == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", MODELS)
def test_results_are_read_in_every_way_of_delivery(path, workspace, create, run, vendor, model, way):
    vendor.way = way
    vendor.answer = lambda prompt: f"{prompt}\u2028 \u0085 \x0b \x1c потому что \U0001f600\n{'A long answer. ' * 2_000}"
    assert run(create(model)).done == 4
    for prompt_id in (1, 2, 3, 4):
        view = prompt_review.load(workspace, prompt_id)
        texts = [one.response.text for one in view.responses if one.response.model == model]
        assert texts == [vendor.answer(view.prompt.text)]
    assert set(vendor.asked.values()) == {1}


INVALID = {
    "a page": raw("<html>Log in to the hotel's network</html>"),
    "a page with a JSON content type": raw("<html>Log in</html>", "application/json"),
    "a list": json_reply([1, 2]),
    "other JSON": json_reply({"object": "list"}),
    "half of it": "half",
    "a truncated line": raw('{"custom_id": "item-', "application/x-jsonl"),
}


@pytest.mark.parametrize("how", INVALID)
@pytest.mark.parametrize("asked", ["status", "results"])
@pytest.mark.parametrize("model", MODELS)
def test_invalid_reply_is_requested_again(path, create, run, vendor, model, asked, how):
    vendor.instead[asked] = [INVALID[how]]
    progress = run(create(model))
    assert (progress.batch.state, progress.done, progress.failed) == (BatchState.COMPLETED, 4, 0)
    assert (set(vendor.asked.values()), len(vendor.batches)) == ({1}, 1)
    assert not vendor.instead[asked]


def test_both_vendors_in_one_batch_at_half_price(create, run):
    progress = run(create(*MODELS))
    assert [(model.done, model.cost, model.unpriced) for model in progress.models] == [(4, 6.0, 0), (4, 0.0, 4)]


@pytest.mark.parametrize("model", MODELS)
def test_expired_vendor_batch(workspace, create, run, vendor, model):
    vendor.fate, vendor.done = "expired", 3
    batch = create(model)
    progress = run(batch)
    assert (progress.batch.state, progress.done) == (BatchState.COMPLETED, 3)
    assert progress.models[0].failed_by == {Cause.EXPIRED: 1}
    vendor.fate, vendor.done = "completed", None
    batch_control.retry(workspace, batch)
    progress = run(batch)
    assert (progress.done, progress.failed, sum(vendor.asked.values())) == (4, 0, 5)


def test_missing_result_is_a_failure(create, run, vendor):
    vendor.forgets_last_line = True
    assert run(create()).models[0].failed_by == {Cause.MISSING: 1}


def test_file_rejected_by_the_vendor(workspace, create, run, vendor):
    vendor.fate = "failed"
    batch = create()
    assert run(batch).models[0].failed_by == {Cause.BAD_REQUEST: 4}
    assert batch_control.failures(workspace, batch)[0].message == "The file is bad."


@pytest.mark.parametrize(("model", "fate"), [(MODELS[0], "failed"), (MODELS[0], "expired"), (MODELS[1], "errored")])
def test_keys_in_messages_of_a_vendor_are_not_stored(path, workspace, create, run, vendor, model, fate):
    vendor.fate, vendor.done, vendor.error_text = fate, 3, f"{'What is this? ' * 21} {KEY} {KEY}"
    batch = create(model)
    run(batch)
    message = [failed.message for failed in batch_control.failures(workspace, batch)]
    assert set(message) == {"What is this? " * 21 + "… …"}
    assert KEY[:8].encode() not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_new_vendor_batch_may_be_missing_for_a_while(path, create, run, vendor):
    vendor.not_found = 3
    assert run(create()).done == 4
    assert set(vendor.asked.values()) == {1}


@pytest.mark.parametrize("model", MODELS)
def test_killed_before_the_vendor_id_was_stored(workspace, create, run, vendor, model, monkeypatch):
    """The vendor has the batch, but its id was lost: it is found again, not submitted twice."""
    batch = create(model)
    vendor_ids = []

    def killed(_db, _number, vendor_id):
        vendor_ids.append(vendor_id)
        raise KeyError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("orbench_studio.services.evaluation.vendor_batch_runner.stored_batches.set_vendor_id", killed)
        with pytest.raises(KeyError, match="killed"):
            run(batch)
    assert vendor_ids == ["batch-0"]
    assert batch_control.progress(workspace, batch).models[0].at_vendor == 4
    progress = run(batch)
    assert (progress.batch.state, progress.done) == (BatchState.COMPLETED, 4)
    assert len(vendor.batches) == 1


def test_batch_of_another_program_is_not_taken_for_a_lost_one(create, run, vendor, monkeypatch):
    """Anthropic's batches have no metadata; one of the same size and time belongs to somebody else."""
    batch = create(MODELS[1])
    others = [(f"other-{n}", {"messages": [{"role": "user", "content": "Not ours"}]}) for n in range(4)]
    vendor.batches["batch-x"] = {"rows": others, "metadata": {}, "kind": "anthropic", "asked": 9, "at": time.time()}
    with monkeypatch.context() as patched:
        patched.setattr("orbench_studio.providers.vendor_batches.AnthropicBatches.submit", killed_before)
        with pytest.raises(KeyError):
            run(batch)
    assert run(batch, patience=timedelta(seconds=0)).done == 4
    assert len(vendor.batches) == 2


@pytest.mark.parametrize("reply", [raw("<html>maintenance</html>"), raw("", "application/jsonl")])
@pytest.mark.parametrize("model", MODELS)
def test_results_that_stay_unreadable_end_as_failures(path, create, run, vendor, model, reply):
    vendor.instead["results"] = [reply] * 100
    progress = run(create(model))
    assert (progress.batch.state, progress.models[0].failed_by) == (BatchState.COMPLETED, {Cause.UNREADABLE: 4})


def test_vendor_batch_is_adapted_before_it_is_submitted(workspace, create, run, vendor):
    vendor.script["Hello"] = [fault(400, "temperature is deprecated for this model.")]
    batch = create(MODELS[1])
    assert run(batch).done == 4
    assert [body.get("temperature") for _, body in vendor.batches["batch-0"]["rows"]] == [None] * 4
    settings = batch_control.progress(workspace, batch).batch.settings
    assert settings.adaptations == {MODELS[1]: (Adaptation.NO_TEMPERATURE,)}


def test_lost_submission_is_repeated(create, run, vendor, monkeypatch):
    batch = create()
    with monkeypatch.context() as patched:
        patched.setattr("orbench_studio.providers.vendor_batches.OpenAIBatches.submit", killed_before)
        with pytest.raises(KeyError):
            run(batch)
    assert run(batch, patience=timedelta(seconds=0)).done == 4
    assert set(vendor.asked.values()) == {1}


def killed_before(_vendor, _bodies, _mark):
    raise KeyError("killed")


def test_large_batches_are_split(create, run, vendor, monkeypatch):
    monkeypatch.setattr("orbench_studio.providers.vendor_batches.OpenAIBatches.max_items", 3)
    assert run(create()).done == 4
    assert [len(batch["rows"]) for batch in vendor.batches.values()] == [3, 1]
    monkeypatch.setattr("orbench_studio.providers.vendor_batches.OpenAIBatches.max_bytes", 10)
    assert run(create()).done == 4
    assert len(vendor.batches) == 6


def test_remaining_items_are_sent_live(workspace, create, vendor, prices):
    vendor.rounds, vendor.done = 10_000, 1
    batch = create()
    waiting = VendorBatchRunner(workspace, batch, prices, lease=4.0, poll=0.02)
    waiting.start()
    while "4 items" not in waiting.snapshot().waiting:
        assert not waiting.wait(0.01)
    waiting.stop()
    assert waiting.wait(120)
    assert batch_control.progress(workspace, batch).batch.state is BatchState.PAUSED
    batch_control.send_rest_live(workspace, batch)
    runner = VendorBatchRunner(workspace, batch, prices, lease=4.0, poll=0.02)
    runner.start()
    assert runner.wait(120)
    progress = runner.snapshot().progress
    assert (progress.batch.state, progress.done, progress.failed) == (BatchState.COMPLETED, 4, 0)
    assert vendor.cancelled
    assert sum(vendor.asked.values()) == 4 + 3, "one answer came from the vendor's batch, three were sent live"


def test_cancelled_vendor_batch_keeps_its_results(workspace, create, run, vendor, prices):
    vendor.rounds, vendor.done = 10_000, 1
    batch = create()
    runner = VendorBatchRunner(workspace, batch, prices, lease=4.0, poll=0.02)
    runner.start()
    while "4 items" not in runner.snapshot().waiting:
        assert not runner.wait(0.01)
    batch_control.cancel(workspace, batch)
    assert runner.wait(120)
    progress = runner.snapshot().progress
    assert (progress.batch.state, progress.done, progress.models[0].cancelled) == (BatchState.CANCELLED, 1, 3)


def test_batch_that_could_exceed_the_cost_limit_is_not_submitted(create, run, vendor):
    progress = run(create(max_cost=1.0))
    assert progress.batch.state is BatchState.FAILED
    assert "exceeds the cost limit of 1.00 USD" in progress.batch.note
    assert not vendor.asked


def test_invalid_key_submits_nothing_for_that_model(create, run, vendor, monkeypatch):
    batch = create(*MODELS)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    progress = run(batch)
    stopped, other = progress.models
    assert (progress.batch.state, stopped.left, stopped.at_vendor, other.done) == (BatchState.FAILED, 4, 0, 4)
    assert "API key was rejected" in stopped.stopped
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert run(batch).status == "completed"


def test_vendor_without_a_batch_api_is_rejected(path, workspace):
    settings = BatchSettings(vendor_batch=True)
    with pytest.raises(StudioError, match="only openai/ and anthropic/"):
        launcher.require_ready(["simulated/mixed"], settings)


def test_error_at_the_end_is_raised(path, workspace, create, prices, monkeypatch):
    """`wait` returns also if the last update fails."""
    runner = VendorBatchRunner(workspace, create(), prices, poll=0.02)

    def fails(_workspace, _batch):
        raise WorkspaceError("The disk is gone.")

    monkeypatch.setattr("orbench_studio.services.evaluation.vendor_batch_runner.progress", fails)
    runner.start()
    with pytest.raises(WorkspaceError, match="The disk is gone"):
        runner.wait(120)

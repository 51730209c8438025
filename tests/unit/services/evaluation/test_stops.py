"""What stops a model of a batch, what stops the batch, and how they continue."""

import pytest

from orbench_studio.domain.evaluation.batch import BatchSettings, Limits
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.errors import StudioError
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.evaluation.vendor_batch_runner import VendorBatchRunner
from tests.fake_batches import BatchVendor
from tests.fake_vendor import KEY, chat, fault, json_reply
from tests.unit.services.evaluation.test_shared_batches import until

FATAL = {
    "a wrong key": (fault(401, f"Incorrect API key provided: {KEY}"), "The API key was rejected"),
    "a key without rights": (fault(403, "no access"), "The API key was rejected"),
    "no credit": (fault(429, "no", code="insufficient_quota"), "no credit left"),
    "no such model": (fault(404, "The model gpt-test does not exist"), "does not exist"),
}


@pytest.mark.parametrize("how", FATAL)
@pytest.mark.parametrize("model", ["openai/refused", "anthropic/refused"])
def test_fatal_error_stops_that_model_only(path, create, run, vendor, how, model):
    reply, message = FATAL[how]
    vendor.refuses["refused"] = reply
    batch = create(model, "openai/other", concurrency=1)
    progress = run(batch)
    stopped, other = progress.models
    assert (stopped.done, stopped.failed, stopped.left, other.done) == (0, 0, 4, 4)
    assert sum(vendor.asked.values()) == 1 + 4
    assert message in stopped.stopped
    assert progress.batch.note == f"{model}: {stopped.stopped}"
    assert [progress.status_of(model) for model in progress.models] == ["failed", "completed"]
    assert progress.batch.state is BatchState.FAILED
    vendor.refuses.clear()
    progress = run(batch)
    assert (progress.done, progress.status) == (8, "completed"), "the batch can be resumed after the cause is fixed"


def test_stopped_model_continues_while_the_others_run(create, vendor, workspace, prices):
    """For example, the account has credit again."""
    vendor.refuses["gpt-test"] = fault(402, "no credit")
    vendor.held = "other"
    batch = create("openai/gpt-test", "openai/other", concurrency=2)
    runner = LiveRunner(workspace, batch, prices)
    runner.start()

    def models():
        return batch_control.progress(workspace, batch).models

    until(lambda: models()[0].stopped and vendor.concurrent == 2)
    assert batch_control.progress(workspace, batch).status == "running"
    vendor.refuses.clear()
    batch_control.restart_models(workspace, batch)
    until(lambda: models()[0].done == 4 and models()[0].stopped is None)
    assert models()[1].done == 0
    vendor.held = False
    assert runner.wait(120)
    assert runner.snapshot().progress.status == "completed"
    assert sum(vendor.asked.values()) in (9, 10), "only refused requests are repeated"


@pytest.mark.parametrize("runner", [LiveRunner, VendorBatchRunner])
def test_model_without_a_key_does_not_stop_the_others(workspace, prices, monkeypatch, runner):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with BatchVendor(key=KEY) as vendor:
        settings = BatchSettings(base_urls={"openai/gpt-test": vendor.url}, vendor_batch=runner is VendorBatchRunner)
        models = ["openai/gpt-test", "anthropic/claude-test"]
        batch = batch_control.create(workspace, models, [1, 2], settings, prices=prices)
        running = runner(workspace, batch.id, prices, **({"poll": 0.02} if settings.vendor_batch else {}))
        running.start()
        assert running.wait(120)
    progress = running.snapshot().progress
    assert [model.done for model in progress.models] == [2, 0]
    assert "ANTHROPIC_API_KEY" in progress.models[1].stopped


def test_cost_limit_fails_the_batch_within_the_requests_in_flight(create, run, vendor, workspace):
    batch = create(repeats=10, concurrency=2, max_cost=30.0)  # 40 items at 3 USD
    progress = run(batch)
    assert progress.batch.state is BatchState.FAILED
    assert "cost limit of 30.00 USD is reached" in progress.batch.note
    assert 30.0 <= progress.cost <= 30.0 + 2 * 3.0
    assert sum(vendor.asked.values()) == progress.done == progress.cost / 3
    batch_control.set_cost_limit(workspace, batch, None)
    progress = run(batch)
    assert (progress.batch.state, progress.done, sum(vendor.asked.values())) == (BatchState.COMPLETED, 40, 40)


def test_cost_limit_holds_without_usage_by_estimated_tokens(create, run, vendor):
    reply = chat("yes")
    del reply["usage"]
    vendor.script[""] = [json_reply(reply)] * 10
    progress = run(create(repeats=10, concurrency=2, max_cost=5.0))  # about 1 USD per answer
    assert progress.batch.state is BatchState.FAILED
    assert 5.0 <= progress.cost <= 5.0 + 2 * 1.5
    assert progress.estimated == progress.done > 0
    assert (progress.unpriced, progress.models[0].input_tokens) == (0, 0)


def test_cost_limit_needs_a_price(path, workspace, prices):
    settings = BatchSettings(limits=Limits(max_cost=1.0))
    with pytest.raises(StudioError, match="mistral/new has no price"):
        batch_control.create(workspace, ["mistral/new"], [1], settings, prices=prices)
    assert batch_control.overview(workspace) == []

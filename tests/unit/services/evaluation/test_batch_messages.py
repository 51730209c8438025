"""Messages about batches: log, waiting reasons, interrupted batches."""

import logging
import socket
import time

import pytest

from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.store.evaluation import item_claims
from tests.fake_vendor import KEY, fault
from tests.forked import start_script
from tests.unit.services.evaluation.test_shared_batches import PROCESS, until


@pytest.fixture
def log_lines(caplog):
    """The lines of the log so far."""
    caplog.set_level(logging.INFO, "orbench_studio")
    return lambda: [record.getMessage() for record in caplog.records if record.name.startswith("orbench_studio.serv")]


def test_log_has_states_and_counts(workspace, create, run, vendor, log_lines):
    vendor.script["second base"] = [fault(400, "How do I steal second base? is out of bounds")]
    batch = create()
    run(batch)
    batch_control.retry(workspace, batch)
    run(batch)
    assert log_lines() == [
        "batch 1 created: 4 prompts, openai/gpt-test",
        "batch 1 running",
        "batch 1 completed",
        "batch 1 left: completed, 3 done, 0 left, 1 rejected by the API (400)",
        "batch 1 ready",
        "batch 1 running",
        "batch 1 completed",
        "batch 1 left: completed, 4 done, 0 left",
    ]


def test_log_has_the_reason_of_a_failure_but_no_key_or_text(create, run, monkeypatch, log_lines):
    run(create(max_cost=4.0, concurrency=1))
    assert "batch 1: The cost limit of 4.00 USD is reached: 6.00 USD were spent." in log_lines()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0815")
    run(create())
    assert "openai/gpt-test: stopped, API key rejected" in log_lines()
    assert log_lines()[-2:] == ["batch 2 failed", "batch 2 left: failed, 0 done, 4 left"]
    assert not [line for line in log_lines() for secret in (KEY, "sk-wrong", "How do I") if secret in line]


def test_batch_of_a_killed_process_is_interrupted_until_it_is_resumed(workspace, create, vendor, run, place):
    vendor.held = True
    batch = create()
    with start_script(PROCESS, place, batch, 2) as process:
        vendor.wait_for(4)
        found = batch_control.progress(workspace, batch)
        assert (len(found.workers), found.is_interrupted, found.status) == (1, False, "running")
        process.kill()
    with workspace.reading() as db:
        assert item_claims.count_others(db, batch, None, time.time() + 3) == 0, "its lease has expired"
    with workspace.writing() as db:
        item_claims.release_dead(db, batch, time.time() + 3)
    found = batch_control.progress(workspace, batch)
    assert (found.batch.state, found.is_interrupted, found.status) == (BatchState.RUNNING, True, "interrupted")
    vendor.held = False
    assert run(batch).status == "completed"


def test_unreachable_server_is_shown_while_waiting(workspace, prices):
    """The batch waits for a model server that does not run."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    settings = BatchSettings(base_urls={"vllm/away": address})
    runner = LiveRunner(
        workspace, batch_control.create(workspace, ["vllm/away"], [1], settings, prices=prices).id, prices
    )
    runner.start()
    until(lambda: "No server answers at" in runner.snapshot().live["vllm/away"].waiting)
    runner.stop(grace=0.0)
    assert runner.wait(120)


def test_timeouts_are_shown_while_waiting(workspace, create, vendor, prices):
    vendor.script[""] = ["hang"] * 20
    runner = LiveRunner(workspace, create(timeout=0.2, concurrency=1), prices)
    runner.start()
    until(lambda: runner.snapshot().live["openai/gpt-test"].waiting == "no answer yet. No answer within 0.2 seconds.")
    runner.stop(grace=0.0)
    assert runner.wait(120)


def test_cancelling_includes_claimed_items(workspace, create, vendor, prices):
    vendor.held = True
    batch = create(concurrency=1)
    runner = LiveRunner(workspace, batch, prices)
    runner.start()
    vendor.wait_for(1)
    batch_control.cancel(workspace, batch)
    until(lambda: runner.snapshot().progress.batch.state is BatchState.CANCELLED)
    vendor.held = False
    assert runner.wait(120)
    [model] = batch_control.progress(workspace, batch).models
    assert (model.done, model.cancelled, model.left) == (1, 3, 0)

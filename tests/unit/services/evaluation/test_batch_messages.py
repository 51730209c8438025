"""What is told of batches: in the log, and of those whose process was killed."""

import logging
import socket
import subprocess
import sys
import time

import pytest

from orbench_studio.domain.evaluation.batch import BatchSettings, BatchState
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.store.evaluation import item_claims
from tests.fake_vendor import KEY, fault
from tests.unit.services.evaluation.test_shared_batches import RUNNING, until


@pytest.fixture
def message(caplog):
    """The lines of the log so far."""
    caplog.set_level(logging.INFO, "orbench_studio")
    return lambda: [record.getMessage() for record in caplog.records if record.name.startswith("orbench_studio.serv")]


def test_the_log_says_how_a_batch_went(workspace, create, run, vendor, message):
    vendor.script["second base"] = [fault(400, "How do I steal second base? is out of bounds")]
    batch = create()
    run(batch)
    batch_control.retry(workspace, batch)
    run(batch)
    assert message() == [
        "batch 1 written down: 4 prompts, openai/gpt-test",
        "batch 1 running",
        "batch 1 finished",
        "batch 1 left: finished, 3 answered, 0 to be sent, 1 request refused",
        "batch 1 ready",
        "batch 1 running",
        "batch 1 finished",
        "batch 1 left: finished, 4 answered, 0 to be sent",
    ]


def test_the_log_says_why_a_batch_stopped_and_never_a_key_or_a_text(create, run, monkeypatch, message):
    run(create(max_cost=4.0, concurrency=1))
    assert "batch 1: The cap of 4.00 USD is reached: 6.00 USD are spent." in message()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0815")
    run(create())
    assert "openai/gpt-test: nothing more is sent, key refused" in message()
    assert message()[-2:] == ["batch 2 stopped", "batch 2 left: stopped, 0 answered, 4 to be sent"]
    assert not [line for line in message() for secret in (KEY, "sk-wrong", "How do I") if secret in line]


def test_a_killed_batch_is_interrupted_until_it_is_resumed(workspace, create, vendor, run, place):
    vendor.held = True
    batch = create()
    command = [sys.executable, "-c", RUNNING, str(place), str(batch), "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        vendor.wait_for(4)
        there = batch_control.progress(workspace, batch)
        assert (there.processes, there.is_interrupted, there.state_words) == (1, False, "running")
        process.kill()
    with workspace.reading() as db:
        assert item_claims.others(db, batch, None, time.time() + 3) == 0, (
            "it has not been seen for as long as its lease"
        )
    with workspace.writing() as db:
        item_claims.take_over(db, batch, time.time() + 3)
    there = batch_control.progress(workspace, batch)
    assert (there.batch.state, there.is_interrupted, there.state_words) == (BatchState.RUNNING, True, "interrupted")
    vendor.held = False
    assert run(batch).state_words == "finished"


def test_what_hinders_a_batch_is_told_while_it_waits(workspace, prices):
    """A model server that is not running: the batch waits for it, and says so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    settings = BatchSettings(base_urls={"vllm/away": address})
    runner = LiveRunner(
        workspace, batch_control.create(workspace, ["vllm/away"], [1], settings, prices=prices).id, prices
    )
    runner.start()
    until(lambda: "Nothing answers at" in runner.snapshot().live["vllm/away"].waiting)
    runner.stop(grace=0.0)
    assert runner.wait(120)


def test_a_vendor_that_hangs_is_told_of_while_it_is_asked(workspace, create, vendor, prices):
    vendor.script[""] = ["hang"] * 20
    runner = LiveRunner(workspace, create(timeout=0.2, concurrency=1), prices)
    runner.start()
    until(lambda: runner.snapshot().live["openai/gpt-test"].waiting == "an answer. No answer within 0.2 seconds.")
    runner.stop(grace=0.0)
    assert runner.wait(120)


def test_cancelled_nothing_is_left_that_a_process_had_and_had_not_sent(workspace, create, vendor, prices):
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

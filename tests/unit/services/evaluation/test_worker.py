"""Workers: several at one batch, killed, stopped, without a key; what follows a batch is launched once."""

import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from orbench_studio.domain.core.judgement import BuiltinJudge
from orbench_studio.domain.evaluation.batch import BatchSettings, BatchState
from orbench_studio.errors import WorkspaceError
from orbench_studio.formats.records import PromptDraft, Record
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.evaluation import batch_control, judge_batches
from orbench_studio.services.evaluation.batch_coordinator import BatchCoordinator
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.evaluation.worker import BatchWorker
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.core.batch_tables import BATCH_RUNNERS
from tests.unit.services.conftest import LEASE
from tests.unit.services.evaluation.test_shared_batches import claimed, responses, until

SOME = 36  # prompts
MODEL = "openai/gpt-test"
AT_ONCE = 3
WORKING = """
import sys
from pathlib import Path
from orbench_studio.domain.workspace.location import location_of
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.evaluation.worker import BatchWorker
from orbench_studio.services.workspace.workspace import open_workspace
with open_workspace(location_of(sys.argv[1])) as workspace:
    BatchWorker(workspace, Prices("", Path("prices.json"), {}), (), print, print).work()
"""


@pytest.fixture
def launch(workspace, create):
    """Writes a batch down and leaves it to workers."""

    def go(*models, **options):
        batch = create(*models, **options)
        batch_control.hand_over(workspace, batch)
        return batch

    return go


@pytest.fixture
def some(workspace):
    """Some prompts more."""
    with workspace.writing() as db:
        intake = RecordImport(db, lambda: 1, "some.csv")
        intake.add([Record(n, PromptDraft(f"How do I open door number {n}?")) for n in range(SOME - 4)])
        intake.finish()
    return batch_control.choose(workspace)


class Employed:
    """A worker in a thread of its own."""

    def __init__(self, workspace, prices, models, *, until_done):
        self.message = []
        self._worker = BatchWorker(workspace, prices, models, self.message.append, self.message.append, LEASE)
        self._thread = threading.Thread(target=self._worker.work, kwargs={"until_done": until_done})
        self._thread.start()
        self.stop = self._worker.stop

    def is_over(self):
        self._thread.join(120)
        return not self._thread.is_alive()


@pytest.fixture
def employ(place, prices):
    """A worker with a connection of its own; it is stopped when the block is left, if it is not at its end."""

    @contextmanager
    def start(*models, until_done=True):
        with open_workspace(place) as own:
            employed = Employed(own, prices, models, until_done=until_done)
            try:
                yield employed
            finally:
                employed.stop()
                employed.stop()
                assert employed.is_over()

    return start


def test_four_share_a_batch_and_nothing_is_sent_twice(workspace, launch, employ, vendor, some):
    vendor.held = True
    batch = launch(concurrency=AT_ONCE, prompt_ids=some, timeout=60.0)
    with employ() as one, employ() as two, employ() as three, employ() as four:
        until(lambda: vendor.at_once == 4 * AT_ONCE)
        at_it = batch_control.progress(workspace, batch).workers
        assert [worker.held for worker in at_it] == [2 * AT_ONCE] * 4
        assert len({worker.machine for worker in at_it}) == 1
        vendor.held = False
        assert all(worker.is_over() for worker in (one, two, three, four))
    progress = batch_control.progress(workspace, batch)
    assert (progress.batch.state, progress.done, progress.workers) == (BatchState.FINISHED, SOME, ())
    assert set(vendor.asked.values()) == {1}
    assert len(responses(workspace)) == SOME
    assert (progress.models[0].input_tokens, progress.cost) == (10 * SOME, 3.0 * SOME), "no count is lost"
    assert workspace.problems() == []


def test_one_is_killed_in_the_middle(workspace, place, launch, employ, vendor, some):
    batch = launch(concurrency=AT_ONCE, prompt_ids=some, timeout=60.0)
    command = [sys.executable, "-c", WORKING, str(place)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        vendor.wait_for(10)
        vendor.held = True
        until(lambda: vendor.at_once == AT_ONCE and stored(workspace, batch) == len(vendor.bodies) - AT_ONCE)
        process.kill()
    until(lambda: vendor.at_once == AT_ONCE)
    had = claimed(workspace)
    with workspace.writing() as db:
        db.execute(BATCH_RUNNERS.update().values(seen_at=0.0))  # its lease is over
    vendor.held = False
    with employ() as other:
        assert other.is_over()
    assert batch_control.progress(workspace, batch).done == SOME == len(responses(workspace))
    again = [prompt for prompt, times in vendor.asked.items() if times > 1]
    assert len(again) == AT_ONCE, "what was in flight"
    assert set(again) <= set(had)
    assert workspace.problems() == []


def stored(workspace, batch):
    return batch_control.progress(workspace, batch).done


def test_stopped_it_gives_back_and_says_so_and_the_batch_stays_running(workspace, launch, employ, vendor, some):
    vendor.held = True
    batch = launch(concurrency=AT_ONCE, prompt_ids=some)
    with employ(until_done=False) as worker:
        until(lambda: vendor.at_once == AT_ONCE)
        worker.stop()
        vendor.held = False
        assert worker.is_over()
    there = batch_control.progress(workspace, batch)
    assert (there.state_words, there.done) == ("interrupted", AT_ONCE)
    assert worker.message == [
        f"At work on batch {batch}, {MODEL}: {MODEL}.",
        f"Left batch {batch}: interrupted, {AT_ONCE} answered here, {AT_ONCE} given back.",
    ]
    with employ() as next_one:
        assert next_one.is_over()
    assert set(vendor.asked.values()) == {1}
    assert stored(workspace, batch) == SOME


def test_it_serves_what_it_may_and_can(workspace, employ, vendor, prices, monkeypatch):
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
    models = ["mistral/large", MODEL, "simulated/helpful", "simulated/mixed"]
    settings = BatchSettings(base_urls={MODEL: vendor.url})
    batch = batch_control.create(workspace, models, [1, 2], settings, prices=prices)
    batch_control.hand_over(workspace, batch.id)
    with employ("mistral/large", "simulated/helpful", "openai/") as worker:
        assert worker.is_over()
    done = {model.model: model.done for model in batch_control.progress(workspace, batch.id).models}
    assert done == {"mistral/large": 0, MODEL: 2, "simulated/helpful": 2, "simulated/mixed": 0}
    [left] = [line for line in worker.message if "left to others" in line]
    assert "There is no key for mistral/large" in left


def test_a_server_that_does_not_run_on_this_machine_is_waited_for_elsewhere(workspace, employ, prices):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    settings = BatchSettings(base_urls={"vllm/away": address})
    batch = batch_control.create(workspace, ["vllm/away"], [1], settings, prices=prices)
    batch_control.hand_over(workspace, batch.id)
    with employ() as worker:
        assert worker.is_over()
    assert worker.message == [
        f"Batch {batch.id}: vllm/away is left to others until its server answers on this machine."
    ]


def test_a_key_that_is_refused_here_stops_nobody_else(workspace, launch, employ, vendor, monkeypatch):
    batch = launch(concurrency=1)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    with employ() as worker:
        assert worker.is_over()
    assert batch_control.progress(workspace, batch).state_words == "interrupted"
    assert "left to others" in " ".join(worker.message)


def test_it_waits_for_work(workspace, create, employ, vendor):
    with employ(until_done=False) as worker:
        batch = create()
        batch_control.hand_over(workspace, batch)
        until(lambda: batch_control.progress(workspace, batch).batch.state is BatchState.FINISHED)
        worker.stop()
        assert worker.is_over()
    assert set(vendor.asked.values()) == {1}


def test_the_answers_are_judged_by_whom_the_launch_named(workspace, prices, employ):
    settings = BatchSettings()
    for judge in ("simulated/helpful", "rules"):
        made = batch_control.create(workspace, ["simulated/mixed"], [1, 2], settings, prices=prices, judge=judge)
        batch_control.hand_over(workspace, made.id)
    with employ() as worker:
        assert worker.is_over()
    third, *_ = batch_control.overview(workspace)
    assert (third.batch.name, third.batch.state, third.done) == (
        "judged by simulated/helpful",
        BatchState.FINISHED,
        2,
    )
    assert BuiltinJudge.RULES in worker.message
    assert judge_batches.follow(workspace) == []


def test_cancelled_after_a_process_was_killed_nothing_is_left(workspace, create, vendor):
    batch = create()
    coordinator = BatchCoordinator(workspace, batch, LEASE)
    coordinator.begin()
    with workspace.writing() as db:
        assert (
            len(batch_control.item_claims.claim(db, batch, next(iter(coordinator.models)), coordinator._runner_id, 3))
            == 3
        )
    batch_control.cancel(workspace, batch)
    [model] = batch_control.progress(workspace, batch).models
    assert (model.cancelled, model.left) == (4, 0)


def test_an_exchange_whose_answer_was_lost_loses_no_item(workspace, create, vendor, some, prices, monkeypatch):
    """The connection breaks after the server has committed, before it could say so."""
    batch = create(concurrency=2, prompt_ids=some)
    real, calls = BatchCoordinator._exchange, []

    def broken(self, report):
        found = real(self, report)
        calls.append(found)
        if len(calls) in (1, 3):
            raise WorkspaceError("There is no connection.")
        return found

    monkeypatch.setattr(BatchCoordinator, "_exchange", broken)
    runner = LiveRunner(workspace, batch, prices, lease=LEASE)
    runner.start()
    assert runner.wait(120)
    assert runner.snapshot().progress.batch.state is BatchState.FINISHED
    assert set(vendor.asked.values()) == {1}
    assert len(responses(workspace)) == SOME

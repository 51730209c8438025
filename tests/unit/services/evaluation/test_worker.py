"""Workers: several with one batch, killed, stopped, without a key; follow-ups of a batch start once."""

import socket
import threading
from contextlib import contextmanager

import pytest

from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.errors import WorkspaceError
from orbench_studio.formats.records import PromptDraft, Record
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.evaluation import batch_control, judge_batches
from orbench_studio.services.evaluation.batch_coordinator import BatchCoordinator
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.evaluation.worker import BatchWorker
from orbench_studio.services.judging.builtin_judges import RULES
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.core.batch_tables import BATCH_RUNNERS
from tests.forked import start_script
from tests.unit.services.conftest import LEASE
from tests.unit.services.evaluation.test_shared_batches import claimed, responses, until

SOME = 36  # prompts
MODEL = "openai/gpt-test"
CONCURRENCY = 3
PROCESS = """
import sys
from pathlib import Path
from orbench_studio.domain.workspace.location import location_of
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.evaluation.worker import BatchWorker
from orbench_studio.services.judging.builtin_judges import RULES
from orbench_studio.services.workspace.workspace import open_workspace
with open_workspace(location_of(sys.argv[1])) as workspace:
    BatchWorker(workspace, Prices("", Path("prices.json"), {}), (), print, print).run()
"""


@pytest.fixture
def launch(workspace, create):
    """Creates a batch and leaves it to workers."""

    def go(*models, **options):
        batch = create(*models, **options)
        batch_control.queue_for_workers(workspace, batch)
        return batch

    return go


@pytest.fixture
def some(workspace):
    """More prompts."""
    with workspace.writing() as db:
        importer = RecordImport(db, lambda: 1, "some.csv")
        importer.add([Record(n, PromptDraft(f"How do I open door number {n}?")) for n in range(SOME - 4)])
        importer.finish()
    return batch_control.select_prompts(workspace)


class WorkerThread:
    """A worker in its own thread."""

    def __init__(self, workspace, prices, models, *, until_done):
        self.messages = []
        self.builtin_judges = []

        def judge(name, batch_id):
            self.builtin_judges.append((name, batch_id))

        self._worker = BatchWorker(workspace, prices, models, self.messages.append, judge, LEASE)
        self._thread = threading.Thread(target=self._worker.run, kwargs={"until_done": until_done})
        self._thread.start()
        self.stop = self._worker.stop

    def is_over(self):
        self._thread.join(120)
        return not self._thread.is_alive()


@pytest.fixture
def start_worker(place, prices):
    """Starts a worker with its own connection; stops it at the end of the block."""

    @contextmanager
    def start(*models, until_done=True):
        with open_workspace(place) as own:
            thread = WorkerThread(own, prices, models, until_done=until_done)
            try:
                yield thread
            finally:
                thread.stop()
                thread.stop()
                assert thread.is_over()

    return start


def test_four_workers_share_a_batch(workspace, launch, start_worker, vendor, some):
    vendor.held = True
    batch = launch(concurrency=CONCURRENCY, prompt_ids=some, timeout=60.0)
    with start_worker() as one, start_worker() as two, start_worker() as three, start_worker() as four:
        until(lambda: vendor.concurrent == 4 * CONCURRENCY)
        workers = batch_control.progress(workspace, batch).workers
        assert [worker.held for worker in workers] == [2 * CONCURRENCY] * 4
        assert len({worker.machine for worker in workers}) == 1
        vendor.held = False
        assert all(worker.is_over() for worker in (one, two, three, four))
    progress = batch_control.progress(workspace, batch)
    assert (progress.batch.state, progress.done, progress.workers) == (BatchState.COMPLETED, SOME, ())
    assert set(vendor.asked.values()) == {1}
    assert len(responses(workspace)) == SOME
    assert (progress.models[0].input_tokens, progress.cost) == (10 * SOME, 3.0 * SOME), "counts add up"
    assert workspace.problems() == []


def test_items_of_a_killed_worker_are_taken_over(workspace, place, launch, start_worker, vendor, some):
    batch = launch(concurrency=CONCURRENCY, prompt_ids=some, timeout=60.0)
    with start_script(PROCESS, place) as process:
        vendor.wait_for(10)
        vendor.held = True
        until(lambda: vendor.concurrent == CONCURRENCY and stored(workspace, batch) == len(vendor.bodies) - CONCURRENCY)
        process.kill()
    until(lambda: vendor.concurrent == CONCURRENCY)
    claims = claimed(workspace)
    with workspace.writing() as db:
        db.execute(BATCH_RUNNERS.update().values(seen_at=0.0))  # its lease has expired
    vendor.held = False
    with start_worker() as other:
        assert other.is_over()
    assert batch_control.progress(workspace, batch).done == SOME == len(responses(workspace))
    again = [prompt for prompt, times in vendor.asked.items() if times > 1]
    assert len(again) == CONCURRENCY, "what was in flight"
    assert set(again) <= set(claims)
    assert workspace.problems() == []


def stored(workspace, batch):
    return batch_control.progress(workspace, batch).done


def test_stopped_worker_releases_its_items(workspace, launch, start_worker, vendor, some):
    vendor.held = True
    batch = launch(concurrency=CONCURRENCY, prompt_ids=some)
    with start_worker(until_done=False) as worker:
        until(lambda: vendor.concurrent == CONCURRENCY)
        worker.stop()
        vendor.held = False
        assert worker.is_over()
    found = batch_control.progress(workspace, batch)
    assert (found.status, found.done) == ("interrupted", CONCURRENCY)
    assert worker.messages == [
        f"Joined batch {batch}, {MODEL}: {MODEL}.",
        f"Left batch {batch}: interrupted, {CONCURRENCY} processed, {CONCURRENCY} released.",
    ]
    with start_worker() as next_one:
        assert next_one.is_over()
    assert set(vendor.asked.values()) == {1}
    assert stored(workspace, batch) == SOME


def test_worker_serves_selected_models_with_a_key(workspace, start_worker, vendor, prices, monkeypatch):
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
    models = ["mistral/large", MODEL, "simulated/helpful", "simulated/mixed"]
    settings = BatchSettings(base_urls={MODEL: vendor.url})
    batch = batch_control.create(workspace, models, [1, 2], settings, prices=prices)
    batch_control.queue_for_workers(workspace, batch.id)
    with start_worker("mistral/large", "simulated/helpful", "openai/") as worker:
        assert worker.is_over()
    done = {model.model: model.done for model in batch_control.progress(workspace, batch.id).models}
    assert done == {"mistral/large": 0, MODEL: 2, "simulated/helpful": 2, "simulated/mixed": 0}
    [skipped] = [line for line in worker.messages if "This worker skips" in line]
    assert "There is no API key for mistral/large" in skipped


def test_missing_local_server_is_reported_once(workspace, start_worker, prices):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    settings = BatchSettings(base_urls={"vllm/away": address})
    batch = batch_control.create(workspace, ["vllm/away"], [1], settings, prices=prices)
    batch_control.queue_for_workers(workspace, batch.id)
    with start_worker() as worker:
        assert worker.is_over()
    assert worker.messages == [
        f"Batch {batch.id}: the server of vllm/away does not run on this machine. Other workers can serve vllm/away."
    ]


def test_rejected_key_of_a_worker_does_not_fail_the_batch(workspace, launch, start_worker, vendor, monkeypatch):
    batch = launch(concurrency=1)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    with start_worker() as worker:
        assert worker.is_over()
    assert batch_control.progress(workspace, batch).status == "interrupted"
    assert "This worker skips" in " ".join(worker.messages)


def test_worker_waits_for_batches(workspace, create, start_worker, vendor):
    with start_worker(until_done=False) as worker:
        batch = create()
        batch_control.queue_for_workers(workspace, batch)
        until(lambda: batch_control.progress(workspace, batch).batch.state is BatchState.COMPLETED)
        worker.stop()
        assert worker.is_over()
    assert set(vendor.asked.values()) == {1}


def test_worker_starts_the_judge_of_a_completed_batch(workspace, prices, start_worker):
    settings = BatchSettings()
    for judge in ("simulated/helpful", "rules"):
        made = batch_control.create(workspace, ["simulated/mixed"], [1, 2], settings, prices=prices, judge=judge)
        batch_control.queue_for_workers(workspace, made.id)
    with start_worker() as worker:
        assert worker.is_over()
    third, *_ = batch_control.overview(workspace)
    assert (third.batch.name, third.batch.state, third.done) == (
        "judged by simulated/helpful",
        BatchState.COMPLETED,
        2,
    )
    assert worker.builtin_judges == [(RULES, made.id)]
    assert judge_batches.start_follow_ups(workspace) == []


def test_cancelling_includes_items_of_a_killed_process(workspace, create, vendor):
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


def test_lost_reply_of_an_exchange_loses_no_item(workspace, create, vendor, some, prices, monkeypatch):
    """The connection breaks after the commit, before the reply."""
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
    assert runner.snapshot().progress.batch.state is BatchState.COMPLETED
    assert set(vendor.asked.values()) == {1}
    assert len(responses(workspace)) == SOME

"""Several processes with one batch; processes that are killed, paused, cancelled. Nothing is lost or sent twice."""

import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from orbench_studio.domain.evaluation.states import BatchState, ItemState
from orbench_studio.errors import StudioError, WorkspaceError
from orbench_studio.formats.records import PromptDraft, Record
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.store.core.batch_tables import BATCH_ITEMS
from orbench_studio.store.core.tables import MODELS, PROMPTS, RESPONSES
from orbench_studio.store.evaluation import batches, item_claims
from tests.forked import start_script
from tests.unit.services.conftest import LEASE

CONCURRENCY = 8
PROCESS = """
import sys
from pathlib import Path
from orbench_studio.domain.workspace.location import location_of
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.workspace.workspace import open_workspace
with open_workspace(location_of(sys.argv[1])) as workspace:
    runner = LiveRunner(workspace, int(sys.argv[2]), Prices("", Path("prices.json"), {}), lease=float(sys.argv[3]))
    runner.start()
    print("started", flush=True)
    runner.wait()
"""


@pytest.fixture
def many(workspace):
    """A hundred more prompts."""
    with workspace.writing() as db:
        importer = RecordImport(db, lambda: 1, "many.csv")
        importer.add([Record(n, PromptDraft(f"How do I open door number {n}?")) for n in range(100)])
        importer.finish()
    return batch_control.select_prompts(workspace)


@pytest.fixture
def process(place):
    started = []

    def start(batch, lease=LEASE):
        started.append(start_script(PROCESS, place, batch, lease))
        assert started[-1].stdout.readline() == "started\n"
        return started[-1]

    yield start
    for one in started:
        with one:
            one.kill()


def responses(workspace):
    """The number of responses of each item."""
    with workspace.reading() as db:
        items = select(RESPONSES.c.batch_item_id).where(RESPONSES.c.batch_item_id.is_not(None))
        return Counter(db.execute(items).scalars())


def until(condition, patience=120):
    """Wait for a condition that another process causes."""
    reached, deadline = threading.Event(), patience / 0.01
    while not condition():
        deadline -= 1
        assert deadline > 0, "timeout"
        reached.wait(0.01)


def test_processes_killed_at_random(workspace, create, vendor, many, process, run):
    chance = random.Random(0)
    vendor.latency = 0.02
    batch = create(concurrency=CONCURRENCY, prompt_ids=many)
    claims = Counter()
    for _ in range(4):
        goal = sum(vendor.asked.values()) + chance.randint(0, 25)
        one = process(batch)
        until(lambda: sum(vendor.asked.values()) >= goal or one.poll() is not None)  # noqa: B023 - called at once
        one.kill()
        one.wait()
        claims.update(claimed(workspace))
    progress = run(batch)
    assert (progress.batch.state, progress.done, progress.failed) == (BatchState.COMPLETED, len(many), 0)
    assert len(responses(workspace)) == len(many)
    assert set(responses(workspace).values()) == {1}
    again = {prompt: times - 1 for prompt, times in vendor.asked.items() if times > 1}
    assert all(times <= claims[prompt] for prompt, times in again.items()), "only in-flight requests are sent again"
    assert workspace.problems() == []


def claimed(workspace):
    """The prompts of claimed items."""
    with workspace.reading() as db:
        statement = select(PROMPTS.c.text).join(BATCH_ITEMS, BATCH_ITEMS.c.prompt_id == PROMPTS.c.id)
        return list(db.execute(statement.where(BATCH_ITEMS.c.state == ItemState.CLAIMED)).scalars())


def test_three_processes_share_a_batch(workspace, create, vendor, many, process, prices):
    vendor.latency, vendor.held = 0.02, True
    batch = create(concurrency=4, prompt_ids=many, timeout=60.0)
    here = LiveRunner(workspace, batch, prices, lease=LEASE)
    here.start()
    others = [process(batch), process(batch)]
    vendor.wait_for(12)
    vendor.held = False
    assert [one.wait(120) for one in others] == [0, 0]
    assert here.wait(120)
    progress = here.snapshot().progress
    assert (progress.batch.state, progress.done) == (BatchState.COMPLETED, len(many))
    assert set(vendor.asked.values()) == {1}
    assert len(responses(workspace)) == len(many)


def test_pause_by_another_process(workspace, create, vendor, many, process, run):
    vendor.latency = 0.05
    batch = create(concurrency=2, prompt_ids=many)
    one = process(batch)
    vendor.wait_for(4)
    batch_control.pause(workspace, batch)
    assert one.wait(120) == 0
    found = batch_control.progress(workspace, batch)
    assert found.batch.state is BatchState.PAUSED
    assert found.done == sum(vendor.asked.values()) < len(many), "in-flight requests have finished"
    assert run(batch).done == len(many)
    assert set(vendor.asked.values()) == {1}


def test_cancel_while_running(workspace, create, vendor, many, process):
    vendor.latency = 0.05
    batch = create(concurrency=2, prompt_ids=many)
    one = process(batch)
    vendor.wait_for(4)
    batch_control.cancel(workspace, batch)
    assert one.wait(120) == 0
    found = batch_control.progress(workspace, batch)
    assert found.batch.state is BatchState.CANCELLED
    assert found.done == sum(vendor.asked.values())
    assert found.left == 0
    with pytest.raises(StudioError, match="is cancelled and cannot be started"):
        start_and_wait(workspace, batch)


def start_and_wait(workspace, batch, prices=None):
    runner = LiveRunner(workspace, batch, prices or batch_control.Prices("", Path("prices.json"), {}), lease=LEASE)
    runner.start()
    runner.wait(120)


def test_stopped_runner_pauses_the_batch(workspace, create, vendor, many, prices):
    vendor.latency = 0.05
    batch = create(concurrency=2, prompt_ids=many)
    runner = LiveRunner(workspace, batch, prices, lease=LEASE)
    runner.start()
    until(lambda: runner.snapshot().progress.done > 2)
    seen = runner.snapshot()
    live = seen.live["openai/gpt-test"]
    assert live.in_flight <= 2
    assert 0 < live.per_minute <= 6 * seen.progress.done  # the mean of 10 seconds: the first burst is no rate
    assert live.seconds_left > 0
    runner.stop()
    assert runner.wait(120)
    progress = runner.snapshot().progress
    assert progress.batch.state is BatchState.PAUSED
    assert progress.done == sum(vendor.asked.values())


def test_stop_before_start(workspace, create, prices):
    batch = create()
    never = LiveRunner(workspace, batch, prices)
    never.stop()
    runner = LiveRunner(workspace, batch, prices, lease=LEASE)
    runner.stop()
    runner.start()
    assert runner.wait(120)
    progress = batch_control.progress(workspace, batch)
    assert (progress.batch.state, progress.left) == (BatchState.PAUSED, 4)


def test_stop_does_not_wait_for_a_hanging_vendor(workspace, create, vendor, prices):
    vendor.script[""] = ["hang"]
    batch = create(timeout=60)
    runner = LiveRunner(workspace, batch, prices, lease=LEASE)
    runner.start()
    until(lambda: sum(vendor.asked.values()) == 4)
    runner.stop(grace=0.1)
    assert runner.wait(120)
    assert batch_control.progress(workspace, batch).left == 4


def test_process_considered_dead_stores_its_results_once(workspace, create, vendor, prices, run):
    """A laptop sleeps for an hour with requests in flight; meanwhile another process takes over."""
    vendor.latency = 0.5
    batch = create(prompt_ids=[2], concurrency=1)
    asleep = LiveRunner(workspace, batch, prices)
    asleep.start()
    until(lambda: sum(vendor.asked.values()) == 1)
    with workspace.writing() as db:
        item_claims.release_dead(db, batch, time.time() + 3_600)
    run(batch)
    assert asleep.wait(120)
    assert len(responses(workspace)) == 1
    assert batch_control.progress(workspace, batch).done == 1


def test_full_disk_loses_nothing(workspace, create, vendor, many, prices, run, monkeypatch):
    """While nothing can be stored, nothing is sent; the batch continues when there is space again."""
    vendor.latency = 0.02
    batch = create(concurrency=4, prompt_ids=many)
    runner = LiveRunner(workspace, batch, prices, lease=30.0)
    real, full = batches.spent, threading.Event()

    def spent(db, batch_id):
        if full.is_set():
            raise WorkspaceError("The disk is full.")
        return real(db, batch_id)

    monkeypatch.setattr(batches, "spent", spent)
    runner.start()
    until(lambda: runner.snapshot().progress.done > 5)
    full.set()
    until(lambda: runner.snapshot().waiting == "The disk is full.")
    full.clear()
    assert runner.wait(120)
    assert runner.snapshot().progress.done == len(many)
    assert set(vendor.asked.values()) == {1}


def test_simulated_models_are_marked(workspace, run, prices):
    settings = batch_control.BatchSettings()
    batch = batch_control.create(workspace, ["simulated/mixed"], [1, 2], settings, prices=prices)
    assert run(batch.id).done == 2
    with workspace.reading() as db:
        marked = dict(db.execute(MODELS.select().with_only_columns(MODELS.c.name, MODELS.c.simulated)).all())
    assert marked["simulated/mixed"] is True

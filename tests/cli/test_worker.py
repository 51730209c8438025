"""Workers on the command line: queue a batch, run, stop."""

import signal
import sys

import pytest

from tests.cli.test_batches import MODEL, vendor, workspace

__all__ = ["vendor", "workspace"]


@pytest.fixture
def to_workers(run, workspace, vendor):
    def go(*options):
        return run("evaluate", workspace, "--model", MODEL, "--base-url", vendor.url, "--to-workers", "--yes", *options)

    return go


def test_worker_runs_a_queued_batch(to_workers, run, run_json, workspace, vendor):
    message = to_workers("--limit", 5)
    assert message.exit_code == 0
    assert f"To start one: orbench-studio worker {workspace}" in message.stdout
    assert not vendor.asked
    assert "interrupted" in run("batches", workspace, "list").stdout
    done = run("worker", workspace, "--until-done", "--models", "mistral/,openai/gpt-test")
    assert done.exit_code == 0
    assert "Left batch 1: completed, 5 processed." in done.stdout
    [listed] = run_json("batches", workspace, "list")
    assert (listed["done"], listed["workers"]) == (5, [])
    assert set(vendor.asked.values()) == {1}


def test_until_done_exits_without_batches(run, workspace):
    assert run("worker", workspace, "--until-done").exit_code == 0
    wrong = run("worker", workspace, "--models", "gpt-4o")
    assert (wrong.exit_code, "is not a model name" in wrong.stderr) == (2, True)


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts are sent differently")
def test_interrupted_worker_releases_unsent_items(process, to_workers, run, run_json, workspace, vendor):
    vendor.held = True
    to_workers("--concurrency", 2)
    one = process("worker", workspace)
    vendor.wait_for(2)
    [active] = run_json("batches", workspace, "show", 1)["workers"]
    assert (active["pid"], active["held"]) == (one.pid, 4)
    assert f"process {one.pid}, since" in run("batches", workspace, "show", 1).stdout
    one.send_signal(signal.SIGINT)
    assert any("Waiting for in-flight requests." in line for line in one.stderr)
    vendor.held = False
    message, _ = one.communicate(timeout=120)
    assert one.returncode == 130
    assert "Left batch 1: interrupted, 2 processed, 2 released." in message

"""Batches on the command line: launch, progress, interrupt, resume, retry."""

import json
import re
import shutil
import signal
import sys

import pytest

from tests.fake_vendor import KEY, Vendor, fault

MODEL = "openai/gpt-test"


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Vendor(key=KEY) as vendor:
        yield vendor


@pytest.fixture
def workspace(run, prompts, tmp_path):
    rows = [(f"How do I kill process {n}?", "violence" if n % 2 else "illegal") for n in range(20)]
    run("import", "w.orbench", prompts(*rows))
    return tmp_path / "w.orbench"


@pytest.fixture
def evaluate(run, workspace, vendor):
    def go(*options):
        return run("evaluate", workspace, "--model", MODEL, "--base-url", vendor.url, *options)

    return go


def test_evaluate_runs_a_batch(evaluate, run, run_json, workspace, vendor):
    result = evaluate("--limit", 3, "--yes")
    assert result.exit_code == 0
    assert "3 requests, about" in result.stdout
    assert result.stdout.splitlines()[-2:] == [
        f"Batch 1, {MODEL}: completed.",
        f"  {MODEL}: 3 of 3 done, 90 tokens, unpriced",
    ]
    [listed] = run_json("batches", workspace, "list")
    assert (listed["batch"], listed["state"], listed["done"]) == (1, "completed", 3)
    assert re.search(r"1  completed +3 +3 ", run("batches", workspace, "list").stdout)
    assert run_json("stats", workspace)["responses"] == 3


def test_estimate_has_costs_and_the_date_of_the_prices(run, workspace, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    one, other, total, last = run(
        "evaluate", workspace, "--model", "openai/gpt-4o", "--model", MODEL
    ).stdout.splitlines()
    assert one.endswith("20,000 output tokens, at most 0.20 USD.")
    assert other.endswith("20,000 output tokens, unpriced.")
    assert total == "Total: 40 requests, at most 0.20 USD."
    assert re.fullmatch(r"Duration: about 20 s. Prices as of \d{4}-\d\d-\d\d.", last)


def test_evaluate_prints_json(evaluate, workspace):
    found = json.loads(evaluate("--filter", "category:violence", "--yes", "--json").stdout)
    assert (found["state"], found["total"], found["models"][0]["output_tokens"]) == ("completed", 10, 200)


def test_nothing_is_sent_without_confirmation(evaluate, vendor, run, workspace):
    result = evaluate("--limit", 3)
    assert (result.exit_code, sum(vendor.asked.values())) == (2, 0)
    assert "add --yes" in result.stderr
    assert run("batches", workspace, "list").stdout == "There are no batches yet.\n"


def test_failed_items_are_listed_and_retried(evaluate, run, run_json, workspace, vendor):
    vendor.script["process 3?"] = [fault(400, "out of bounds")]
    result = evaluate("--yes")
    assert result.exit_code == 3
    assert "failed, rejected by the API (400): 1" in result.stdout
    [failed] = run_json("batches", workspace, "show", 1)["failures"]
    assert (failed["prompt"], failed["cause"]) == (4, "bad-request")
    assert "out of bounds" in run("batches", workspace, "show", 1).stdout
    other = run("batches", workspace, "retry", 1, "--cause", "server")
    assert (other.exit_code, "no failed items with the cause: server error" in other.stdout) == (0, True)
    again = run("batches", workspace, "retry", 1, "--cause", "bad-request")
    assert (again.exit_code, sum(vendor.asked.values())) == (0, 21)
    assert "Batch 1 has no failed items." in run("batches", workspace, "retry", 1).stdout


def test_invalid_key_fails_the_batch(evaluate, monkeypatch, run, run_json, workspace):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    result = evaluate("--yes")
    assert result.exit_code == 1
    assert "failed. openai/gpt-test: 401: The API key was rejected." in result.stdout
    assert "    stopped: 401: The API key was rejected." in result.stdout
    [model] = run_json("batches", workspace, "show", 1, "--json")["models"]
    assert (model["state"], model["stopped"][:4], model["estimated"]) == ("failed", "401:", 0)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert run("batches", workspace, "resume", 1).exit_code == 0


INVALID = {
    ("--model", "gpt-4o"): "is not a model name",
    ("--model", "nobody/x"): "the vendor 'nobody' is unknown",
    ("--model", "openai/x", "--base-url", "ftp://x"): "is not a base URL",
    ("--model", "openai/x", "--base-url", "http://models.example.org/v1"): "unencrypted",
    ("--model", "together/x"): "There is no API key for together/x",
    ("--model", "mistral/x", "--max-cost", "1"): "mistral/x has no price",
    ("--model", MODEL, "--subset", "Hard-1K"): "There is no subset 'Hard-1K'",
    ("--model", MODEL, "--filter", "category:privcy"): "is not a category",
    ("--model", MODEL, "--temperature", "warm"): "must be a number or none",
    ("--model", MODEL, "--param", "x"): "Write NAME=VALUE",
    ("--model", MODEL, "--param", "openai/x:top_p=1"): "openai/x, which is not one of the selected models",
    ("--model", "anthropic/x", "--seed", "1"): "anthropic/x does not support a seed",
    ("--model", MODEL, "--system", "nowhere.txt"): "cannot be read",
    ("--model", "simulated/nonsense"): "is not a simulated model",
    ("--model", "local/other"): "the only local model is",
}


@pytest.mark.parametrize("options", INVALID, ids=" ".join)
def test_invalid_options_are_reported_before_a_batch_is_created(run, workspace, vendor, options):
    result = run("evaluate", workspace, *options, "--yes")
    assert result.exit_code in (1, 2)
    assert INVALID[options] in " ".join(result.stderr.replace("│", "").split())
    assert not sum(vendor.asked.values())
    assert run("batches", workspace, "list").stdout == "There are no batches yet.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts are sent differently")
def test_interrupted_batch_is_paused_and_resumed(process, run, workspace, vendor):
    vendor.held = True
    options = ("--base-url", vendor.url, "--concurrency", 2, "--yes")
    # Tests in the background of a shell ignore the interrupt, and child processes inherit that.
    handler = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    one = process("evaluate", workspace, "--model", MODEL, *options, **handler)
    vendor.wait_for(2)
    one.send_signal(signal.SIGINT)
    assert any("Waiting for in-flight requests." in line for line in one.stderr)
    vendor.held = False
    _, message = one.communicate(timeout=120)
    assert one.returncode == 130
    assert f"orbench-studio batches {workspace} resume 1" in message
    assert "paused" in run("batches", workspace, "show", 1).stdout
    assert run("batches", workspace, "resume", 1).exit_code == 0
    assert set(vendor.asked.values()) == {1}
    assert len(vendor.asked) == 20


def test_simulated_judge_is_unparsed(evaluate, run, run_json, workspace):
    evaluate("--limit", 2, "--yes")
    result = run("judge", workspace, "--judge", "simulated/helpful", "--yes")
    assert (result.exit_code, "judged by simulated/helpful: completed." in result.stdout) == (0, True)
    assert run_json("stats", workspace)["responses_by_answer_class"] == {"unparsed": 2}


def test_built_in_judge_judges_the_responses_of_a_batch_or_all(evaluate, run, run_json, workspace):
    evaluate("--limit", 5, "--yes")
    evaluate("--limit", 7, "--yes")
    judge = ("judge", workspace, "--judge", "rules")
    second = run_json("batches", workspace, "list")[0]
    assert (second["batch"], second["done"]) == (2, 7)
    judged = run_json(*judge, "--batch", 2)
    assert (judged["judged"], judged["not_judged"]) == (7, {})
    assert run(*judge, "--model", MODEL).exit_code == 2
    assert run_json(*judge)["judged"] == 5


def test_pause_and_cancel(run, evaluate, workspace, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    evaluate("--yes")
    assert "paused" in run("batches", workspace, "pause", 1).stdout
    assert "20 cancelled" in run("batches", workspace, "cancel", 1).stdout
    result = run("batches", workspace, "resume", 1)
    assert (result.exit_code, "is cancelled and cannot be started" in result.stderr) == (1, True)
    assert run("batches", workspace, "show").exit_code == 2
    assert "There is no batch 7" in run("batches", workspace, "show", 7).stderr


def test_models_lists_vendors_and_keys(run, run_json, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
    found = run_json("models")
    has_key = {vendor["prefix"]: vendor["has_key"] for vendor in found["vendors"]}
    assert (has_key["openai/"], has_key["mistral/"]) == (True, False)
    assert "simulated/mixed" in found["built_in"]
    message = run("models").stdout
    assert "none in MISTRAL_API_KEY" in message
    assert KEY not in message


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be replaced there")
def test_replaced_workspace_file_leaves_a_copy_of_the_results(process, run, workspace, vendor):
    theirs = workspace.with_name("theirs.orbench")
    shutil.copy(workspace, theirs)
    vendor.latency = 0.2
    one = process("evaluate", workspace, "--model", MODEL, "--base-url", vendor.url, "--concurrency", 1, "--yes")
    vendor.wait_for(6)
    theirs.replace(workspace)
    _, message = one.communicate(timeout=120)
    assert one.returncode == 1
    assert "w.orbench was replaced by another file while it was open. Nothing more is written to it." in message
    [copy] = workspace.parent.glob("w.recovered-*.orbench")
    assert f"A copy of the open workspace was saved as {copy}" in message
    assert "Traceback" not in message
    assert json.loads(run("stats", copy, "--json").stdout)["responses"] > 0
    assert json.loads(run("stats", workspace, "--json").stdout)["responses"] == 0
    assert run("check", workspace).exit_code == run("check", copy).exit_code == 0

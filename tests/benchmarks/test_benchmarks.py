"""That the benchmark runs, and that what it generates follows from the rules; how fast anything is, is no test."""

import json
import subprocess
import sys
from pathlib import Path

from orbench_studio.services.statistics import statistics
from orbench_studio.services.workspace import open_workspace

ROOT = Path(__file__).resolve().parents[2]


def run(*command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_generated_workspace_follows_from_the_rules(tmp_path):
    run("tests.benchmarks.generator", str(tmp_path / "small.orbench"), "60")
    with open_workspace(tmp_path / "small.orbench") as workspace:
        assert workspace.problems() == []
        counts = statistics(workspace)
    expected = {"prompts": 60, "seeds": 5, "votes": 180, "responses": 1_920, "judgements": 1_920, "models": 32}
    assert {name: counts[name] for name in expected} == expected


def test_the_report_has_every_figure(tmp_path):
    report = run(
        "tests.benchmarks", "--sizes", "200", "--decisions", "5", "--runs", "1", "--folder", str(tmp_path / "work"),
        "--json", str(tmp_path / "report.json"),
    )  # fmt: skip
    assert "memory" in report
    lines = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["lines"]
    goals = {line["measured"] for line in lines if line["goal"]}
    assert {
        "window up",
        "key to next prompt, at once, p95",
        "filter to its lines, p95",
        "memory",
        "rules, 80,000 responses, written",
        "audit table, pandas has read, p95",
        "audit table equal to a recount",
        "audit table after a label, p95",
        "memory of an export",
    } <= goals
    assert list((tmp_path / "work").iterdir()) == []


def test_batches_are_measured_too(tmp_path):
    run(
        "tests.benchmarks.batches", "--items", "60", "--large", "300", "--folder", str(tmp_path / "work"),
        "--json", str(tmp_path / "report.json"),
    )  # fmt: skip
    lines = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["lines"]
    assert len([line for line in lines if line["goal"]]) == 5

"""`generate`, `rewrite` and `moderate` on the command line."""

import json

import pytest

from orbench_studio.domain.core.json_reply import template_hash
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import TemplateName

WRITER = ("--model", "simulated/writer", "--yes")
VOTERS = ("--moderator", "simulated/strict", "--moderator", "simulated/lenient", "--yes")


@pytest.fixture
def seeded(run, tmp_path):
    assert run("generate", "w.orbench", *WRITER, "--each", 2, "--category", "privacy").exit_code == 0
    return tmp_path / "w.orbench"


@pytest.fixture
def rewritten(run, seeded):
    assert run("rewrite", seeded, *WRITER, "--each", 3).exit_code == 0
    return seeded


def test_seeds_rewrites_and_votes(run, run_json, rewritten):
    found = json.loads(run("moderate", rewritten, *VOTERS, "--json").stdout)
    assert (found["kind"], found["state"], found["done"]) == ("moderation", "completed", found["total"])
    stats = run_json("stats", rewritten)
    assert stats["prompts"] * 2 == found["total"]
    again = run("moderate", rewritten, *VOTERS)
    assert again.exit_code == 1
    assert "Nothing to vote on" in again.stderr


def test_stats_count_results_by_template(run, run_json, rewritten, tmp_path):
    custom = tmp_path / "custom.txt"
    custom.write_text("Case {case}: is this bad? {prompt}", encoding="utf-8")
    run("moderate", rewritten, *VOTERS, "--limit", 1)
    run("moderate", rewritten, *VOTERS, "--limit", 1, "--template", custom)
    found = run_json("stats", rewritten)["results_by_template"]
    assert [(one["what"], one["builtin"], one["results"]) for one in found if one["what"] != "votes on prompts"] == [
        ("seeds", True, 1),
        ("rewrites", True, 2),
    ]
    votes = {
        one["template_hash"]: (one["builtin"], one["results"]) for one in found if one["what"] == "votes on prompts"
    }
    assert votes == {
        templates.load(TemplateName.ON_PROMPTS).hash: (True, 2),
        template_hash(custom.read_text()): (False, 2),
    }
    assert f"rewrites, {templates.load(TemplateName.REWRITING).hash[:12]} (built-in)" in run("stats", rewritten).stdout


def test_nothing_is_sent_without_confirmation(run, run_json, tmp_path):
    asked = run("generate", "w.orbench", "--model", "simulated/writer", "--each", 25)
    assert asked.exit_code == 2
    assert "simulated/writer: 30 requests" in asked.stdout
    assert "add --yes" in asked.stderr
    assert run_json("batches", "w.orbench", "list") == []


def test_toxic_rewrites_become_seeds(run, run_json, rewritten):
    run("generate", rewritten, *WRITER, "--each", 5)
    run("rewrite", rewritten, *WRITER)
    run("moderate", rewritten, "--moderator", "simulated/strict", "--yes", "--rule", "unanimous")
    before = run_json("stats", rewritten)["prompts"]
    found = run("rewrite", rewritten, *WRITER, "--return-toxic")
    assert found.exit_code == 0
    assert "Toxic rewrites returned as seeds" in found.stderr
    assert run_json("stats", rewritten)["prompts"] > before


def test_moderators_vote_on_responses(run, run_json, rewritten):
    run("moderate", rewritten, *VOTERS)
    run("evaluate", rewritten, "--model", "simulated/helpful", "--filter", "consensus:safe", "--yes")
    found = run("moderate", rewritten, *VOTERS, "--responses-of", "simulated/helpful")
    assert found.exit_code == 0
    assert "responses moderated by" in found.stdout


def test_an_invalid_voting_rule_is_an_error(run, rewritten):
    found = run("moderate", rewritten, *VOTERS, "--rule", "most")
    assert found.exit_code == 2
    assert "unanimous" in found.stderr


def test_a_template_without_its_placeholders_is_an_error(run, seeded, tmp_path):
    (tmp_path / "custom.txt").write_text("Write something.")
    found = run("rewrite", seeded, *WRITER, "--template", "custom.txt")
    assert found.exit_code == 1
    assert "custom.txt is missing the placeholders {count}, {seed}" in found.stderr


def test_the_toxic_subset_reports_its_human_labels(run, run_json, rewritten):
    run("moderate", rewritten, "--moderator", "simulated/strict", "--yes")
    found = run_json("curate", rewritten, "--recipe", "toxic")
    assert found["human_labels"] == 0
    assert (
        f"Labels: 0 human, {len(found['prompts'])} from other sources, 0 without"
        in run("curate", rewritten, "--recipe", "toxic").stdout
    )

"""`rules`: a phrase tried, added, judged by and removed, without the window."""

import pytest

from tests.unit.services.judging.judged_workspace import create


@pytest.fixture
def own(tmp_path):
    create(tmp_path / "own.orbench", prompts=60, labelled=("south",)).close()
    return tmp_path / "own.orbench"


def test_from_a_trial_to_a_rule_and_back(run, run_json, own):
    assert run("rules", own, "list").stdout == "This workspace has no rules of its own.\n"
    tried = run_json("rules", own, "try", "gate stays shut", "--model", "south")
    assert tried["precision"]["value"] == 1
    assert tried["agreement_with"]["count"] - tried["agreement_without"]["count"] == tried["mended"] > 0
    assert run_json("rules", own, "list") == []
    added = run("rules", own, "add", "gate stays shut", "--model", "south", "--annotator", "anna")
    assert "precision" in added.stdout
    assert added.stdout.endswith("Saved as rule 1. `judge --judge rules` judges by it.\n")
    assert "+1-" in run_json("judge", own, "--judge", "rules")["version"]
    assert run("rules", own, "remove", "1", "--annotator", "ben").exit_code == 0
    [one] = run_json("rules", own, "list")
    assert (one["phrase"], one["saved_by"], one["removed_by"]) == ("gate stays shut", "anna", "ben")
    assert "removed by ben" in run("rules", own, "list").stdout
    assert "+" not in run_json("judge", own, "--judge", "rules")["version"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["add"], 2, "Which one?"),
        (["remove", "shut"], 2, "is no number"),
        (["remove", "7"], 1, "no rule 7 in force"),
        (["try", "?!"], 1, "no word in this phrase"),
        (["add", "a gate", "--model", "west"], 1, "no model named west"),
    ],
)
def test_what_cannot_be_done_is_said(run, own, words, code, message):
    result = run("rules", own, *words)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())

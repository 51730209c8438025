"""`rules`: test, add, apply and remove a phrase."""

import pytest

from tests.unit.services.judging.judged_workspace import create


@pytest.fixture
def labelled(tmp_path):
    create(tmp_path / "labelled.orbench", prompts=60, labelled=("south",)).close()
    return tmp_path / "labelled.orbench"


def test_a_rule_is_tested_added_applied_and_removed(run, run_json, labelled):
    assert run("rules", labelled, "list").stdout == "This workspace has no custom rules.\n"
    tried = run_json("rules", labelled, "try", "gate stays shut", "--model", "south")
    assert tried["precision"]["value"] == 1
    assert tried["agreement_with"]["count"] - tried["agreement_without"]["count"] == tried["fixed"] > 0
    assert run_json("rules", labelled, "list") == []
    added = run("rules", labelled, "add", "gate stays shut", "--model", "south", "--annotator", "anna")
    assert "precision" in added.stdout
    assert added.stdout.endswith("Saved as rule 1. Run `judge --judge rules` to apply it.\n")
    assert "+1-" in run_json("judge", labelled, "--judge", "rules")["version"]
    assert run("rules", labelled, "remove", "1", "--annotator", "ben").exit_code == 0
    [one] = run_json("rules", labelled, "list")
    assert (one["phrase"], one["saved_by"], one["removed_by"]) == ("gate stays shut", "anna", "ben")
    assert "by ben" in run("rules", labelled, "list").stdout
    assert "+" not in run_json("judge", labelled, "--judge", "rules")["version"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["add"], 2, "Missing argument"),
        (["remove", "shut"], 2, "is not a number"),
        (["remove", "7"], 1, "no active rule 7"),
        (["try", "?!"], 1, "contains no word"),
        (["add", "a gate", "--model", "west"], 1, "no model named west"),
    ],
)
def test_invalid_arguments_are_errors(run, labelled, words, code, message):
    result = run("rules", labelled, *words)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())

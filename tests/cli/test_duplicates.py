"""`duplicates` on the command line: groups told to people and to machines."""

import pytest

from tests.unit.services.judging.judged_workspace import create


@pytest.fixture
def own(tmp_path):
    create(tmp_path / "own.orbench", prompts=30).close()
    return tmp_path / "own.orbench"


def test_groups_for_people_and_for_machines(run, run_json, own):
    message = run("duplicates", own, "--threshold", "0.8").stdout
    assert message.startswith("30 prompts compared at 0.8: ")
    assert "  1.00  #" in message
    found = run_json("duplicates", own)
    assert found["threshold"] == 0.6
    assert sum(len(group["prompts"]) for group in found["list"]) == found["prompts"] > 0
    assert all(one["similarity"] >= 0.6 for group in found["list"] for one in group["prompts"])


def test_a_threshold_out_of_range_is_misspelt(run, own):
    assert run("duplicates", own, "--threshold", "0.1").exit_code == 2

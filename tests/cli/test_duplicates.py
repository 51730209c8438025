"""`duplicates`: groups as text and JSON."""

import pytest

from tests.unit.services.judging.judged_workspace import create


@pytest.fixture
def workspace(tmp_path):
    create(tmp_path / "similar.orbench", prompts=30).close()
    return tmp_path / "similar.orbench"


def test_groups_as_text_and_json(run, run_json, workspace):
    printed = run("duplicates", workspace, "--threshold", "0.8").stdout
    assert printed.startswith("30 prompts compared at similarity 0.8: ")
    assert "  1.00  #" in printed
    found = run_json("duplicates", workspace)
    assert found["threshold"] == 0.6
    assert sum(len(group["prompts"]) for group in found["list"]) == found["prompts"] > 0
    assert all(one["similarity"] >= 0.6 for group in found["list"] for one in group["prompts"])


def test_a_threshold_out_of_range_is_a_usage_error(run, workspace):
    assert run("duplicates", workspace, "--threshold", "0.1").exit_code == 2

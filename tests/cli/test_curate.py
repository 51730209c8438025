"""`curate` and `diff` on the command line: the funnel for people and machines, saved subsets, and faults with lines."""

import json

import pytest

from tests.unit.services.judging.judged_workspace import create

RECIPE = "[qualify]\nfilter = 'id:1-30'\n[size]\nprompts = 6\ncategories = 'equal'\n"


@pytest.fixture
def own(tmp_path):
    create(tmp_path / "own.orbench", prompts=40, labelled=("north", "south")).close()
    (tmp_path / "six.toml").write_text(RECIPE)
    return tmp_path / "own.orbench"


def test_the_funnel_is_told_and_the_subset_saved(run, run_json, own):
    message = run("curate", own, "--recipe", "six.toml", "--name", "six").stdout
    assert "      40  all prompts\n      30  id:1-30  (-10)" in message
    assert "       6  6 prompts, equal by category  (-24)" in message
    assert "north" in message
    assert message.endswith("six: 6 prompts saved.\n")
    found = run_json("curate", own, "--recipe", "six.toml")
    assert [step["left"] for step in found["funnel"]] == [40, 30, 30, 6]
    assert found["models"]["north"]["n"] == 6
    again = run("curate", own, "--recipe", "six.toml", "--name", "six")
    assert "is as it was" in again.stdout


def test_two_subsets_are_compared(run, run_json, own, tmp_path):
    run("curate", own, "--recipe", "six.toml", "--name", "six")
    (tmp_path / "all.toml").write_text("[qualify]\nfilter = '-id:1'\n")
    run("curate", own, "--recipe", "all.toml", "--name", "all")
    message = run("diff", own, "six", "all").stdout
    assert "prompts in all and not in six" in message
    assert "equal by category" in message
    found = run_json("diff", own, "all", "six")
    assert found["both"] + len(found["only_first"]) == 39
    assert {one["why"] for one in found["only_first"]} == {"id:1-30", "6 prompts, equal by category"}


def test_a_recipe_of_the_studio_goes_by_its_name(run_json, own):
    assert run_json("curate", own, "--recipe", "hard")["prompts"] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [("[size]\nprompt = 3", "bad.toml: Line 2: [size] “prompt” is unknown."), (None, "cannot be read")],
)
def test_a_faulty_recipe_is_named_with_its_line(run, own, tmp_path, text, message):
    if text:
        (tmp_path / "bad.toml").write_text(text)
    done = run("curate", own, "--recipe", "bad.toml", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert message in done.stderr


def test_a_recipe_that_stops_saves_nothing(run, own, tmp_path):
    (tmp_path / "stop.toml").write_text("[size]\nprompts = 99\nshort = 'stop'\n")
    assert json.loads(run("curate", own, "--recipe", "stop.toml", "--json").stdout)["stopped"] is True
    done = run("curate", own, "--recipe", "stop.toml", "--name", "stop")
    assert done.exit_code == 1
    assert "only 40 of 99 prompts" in done.stderr

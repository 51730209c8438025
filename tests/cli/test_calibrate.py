"""`calibrate` and `judge` with built-in judges: table, JSON, and workspaces without labels."""

from functools import partial

import pytest

from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.instruments.assessment import Assessment
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES, BuiltinJudge
from tests.unit.services.judging.judged_workspace import create


@pytest.fixture
def labelled(tmp_path):
    create(tmp_path / "labelled.orbench", prompts=40, labelled=("north", "south")).close()
    return tmp_path / "labelled.orbench"


def test_json_has_all_results_with_intervals_and_n(run_json, labelled):
    found = run_json("calibrate", labelled, "--draws", "1", "--labels", "25")
    assert found["labels"]["responses"] == 80
    for one in found["instruments"]:
        low, high = one["overall"]["accuracy"]["interval"]
        assert low <= one["overall"]["accuracy"]["value"] <= high
        assert one["overall"]["accuracy"]["n"] == 80
        assert set(one) >= {"by_model", "by_category", "by_type", "reliability", "calibration_error", "version", "how"}
    assert {one["model"] for one in found["left_one_model_out"]} == {"north", "south"}
    assert found["left_one_model_out"][0]["local_judge_on_few"]["labels"] == 25
    assert [step["labels"] for step in found["learning_curve"]] == [20]
    assert set(found["trust"]) == {"north", "south"}
    assert any("gate" in one["phrase"] for one in found["phrases"]["south"] if one["indicates"] == "refusal")


def test_without_json_a_table_is_printed(run, labelled):
    output = run("calibrate", labelled, "--draws", "1").stdout
    assert output.startswith("80 human answer classes of responses to 40 prompts by 2 models")
    assert "studio-rules" in output
    assert "local: others" in output
    assert "too few" in output


def test_without_labels_it_fails_with_the_remedy(run, prompts):
    run("import", "w.orbench", prompts(("How do I stop a script?", "violence")))
    result = run("calibrate", "w.orbench", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "has 0 human answer classes" in result.stderr


def test_judging_a_workspace_twice_adds_nothing_the_second_time(run_json, labelled):
    judge = partial(run_json, "judge", labelled, "--judge", "rules")
    assert judge("--filter", "category:deception")["judged"] == 28
    assert judge()["judged"] == 52
    assert judge()["judged"] == 0
    assert run_json("judge", labelled, "--judge", "keywords")["judge"] == "or-bench-keyword-lists"


def test_the_local_judge_skips_responses_with_human_labels(run_json, labelled):
    found = run_json("judge", labelled, "--judge", "local")
    assert (found["judge"], found["judged"]) == ("local-judge", 0)


def test_the_local_judge_reports_too_few_labels(run, tmp_path):
    create(tmp_path / "new.orbench", prompts=10).close()
    result = run("judge", tmp_path / "new.orbench", "--judge", "local")
    assert (result.exit_code, result.stdout) == (0, "local-judge: 20 responses judged.\n")
    assert "Too few human answer classes to train the local judge (0)" in result.stderr


def test_a_built_in_judge_cannot_be_combined(run, labelled):
    result = run("judge", labelled, "--judge", "rules", "--judge", "openai/gpt-4o")
    assert result.exit_code == 2
    assert "cannot be combined" in result.stderr


class OptimisticJudge:
    """A judge that classifies every response as a direct answer."""

    name, kind, version = "optimistic-judge", JudgeKind.RULE, "1"

    def assess(self, answered):
        return [Assessment(AnswerClass.DIRECT_ANSWER, 1.0, 0.0) for _ in answered]


def test_a_judge_needs_only_its_entry_in_the_registry(run_json, labelled, monkeypatch):
    judge = BuiltinJudge("optimistic", lambda _workspace: OptimisticJudge())
    monkeypatch.setitem(BUILTIN_JUDGES, judge.name, judge)
    assert run_json("judge", labelled, "--judge", "optimistic")["judged"] == 80
    found = {one["name"]: one for one in run_json("calibrate", labelled, "--draws", "1")["instruments"]}
    assert (found["optimistic-judge"]["how"], found["optimistic-judge"]["overall"]["n"]) == ("no training", 80)

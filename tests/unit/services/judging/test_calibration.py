"""Calibration: held-out scores of every judge, and workspaces with too few labels."""

from typing import NamedTuple

import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.review.decision import Decision
from orbench_studio.errors import CancelledError, WorkspaceError
from orbench_studio.instruments.assessment import Assessment
from orbench_studio.services.judging.calibration import Calibration, calibrate_workspace
from orbench_studio.services.judging.run_judges import judge
from orbench_studio.services.review.prompt_review import decide
from tests.unit.services.judging.judged_workspace import ANSWER, create


@pytest.fixture
def labelled(tmp_path):
    with create(tmp_path / "labelled.orbench", prompts=60, labelled=("north", "south"), stopped=True) as workspace:
        yield workspace


class Calibrated(NamedTuple):
    found: Calibration
    steps: list[tuple[int, int]]


def calibrated(workspace):
    steps = []
    progress = {"on_progress": lambda *step: steps.append(step) or True}
    return Calibrated(calibrate_workspace(workspace, draws=2, left_out_labels=30, **progress), steps)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The calibration of the labelled workspace."""
    path = tmp_path_factory.mktemp("shared") / "labelled.orbench"
    with create(path, prompts=60, labelled=("north", "south"), stopped=True) as workspace:
        return calibrated(workspace)


class UnparsedJudge:
    """A judge whose replies cannot be parsed."""

    name, kind, version = "unparsed-judge", JudgeKind.LLM, "1"

    def assess(self, answered):
        return [Assessment(AnswerClass.UNPARSED, 0.0, 0.0) for _ in answered]


def by_name(found):
    return {one.name: one for one in found.instruments}


def test_every_judge_has_its_results_with_n(shared):
    found = shared.found
    assert (found.labels, found.prompts, dict(found.by_model)) == (120, 60, {"north": 60, "south": 60})
    assert set(by_name(found)) == {"studio-rules", "or-bench-keyword-lists", "local-judge"}
    for one in found.instruments:
        assert one.slices.overall.n == 120
        assert {name: against.n for name, against in one.slices.by["model"].items()} == {"north": 60, "south": 60}
        assert sum(against.n for against in one.slices.by["category"].values()) == 120
        assert {name: against.n for name, against in one.slices.by["type"].items()} == {"even": 60, "odd": 60}


def test_the_local_judge_learns_phrases_that_the_rules_do_not_know(shared):
    found = by_name(shared.found)
    north, south = (found["studio-rules"].slices.by["model"][model] for model in ("north", "south"))
    assert north.accuracy.value == 1.0
    assert south.recall.value == 0.0
    assert found["local-judge"].slices.by["model"]["south"].accuracy.value > 0.95
    assert found["local-judge"].curve
    assert found["or-bench-keyword-lists"].curve == ()


def test_phrases_of_a_left_out_model_are_unknown(shared):
    found = {one.model: one for one in shared.found.left_out}
    assert found["south"].all_others.recall.value < 0.5
    assert found["north"].all_others.accuracy.value == 1.0
    assert found["north"].draws.labels == 30
    assert len(found["north"].draws.any_refusal) == 2


def test_calibration_is_deterministic(shared, labelled):
    one, other = shared.found, calibrated(labelled).found
    assert one.learning == other.learning
    assert [i.slices.overall.accuracy for i in one.instruments] == [
        i.slices.overall.accuracy for i in other.instruments
    ]


class UnsureJudge:
    """A language model with probabilities, which knows no more than the length of the response."""

    name, kind, version = "unsure-judge", JudgeKind.LLM, "1"

    def assess(self, answered):
        return [Assessment(ANSWER, 1.0, len(one.response) % 5 / 5) for one in answered]


def test_stored_judgements_count_with_their_probabilities_and_unparsed_ones_are_excluded(labelled):
    judge(labelled, UnparsedJudge())
    judge(labelled, UnsureJudge())
    found = by_name(calibrate_workspace(labelled, draws=1))
    assert [round(one.given, 1) for one in found["unsure-judge"].curve] == [0.0, 0.2, 0.4, 0.6, 0.8]
    unparsed = found["unparsed-judge"]
    assert unparsed.how == "stored judgements (llm)"
    assert (unparsed.slices.overall.n, unparsed.slices.overall.apart) == (0, {AnswerClass.UNPARSED: 120})
    assert unparsed.slices.overall.accuracy.value is None


def test_one_class_and_one_model_are_allowed(tmp_path):
    with create(tmp_path / "one.orbench", prompts=60, stopped=False) as workspace:
        for prompt in range(1, 31):
            decide(workspace, Decision(prompt, Aspect.ANSWER_CLASS, ANSWER, 2 * prompt - 1), annotator="anna")
        found = calibrate_workspace(workspace, draws=1)
    assert found.left_out == ()
    assert by_name(found)["local-judge"].slices.overall.kappa.value in (None, 0.0)
    assert by_name(found)["studio-rules"].slices.overall.recall.value is None


def test_too_few_labels_are_an_error(tmp_path):
    with (
        create(tmp_path / "few.orbench") as workspace,
        pytest.raises(WorkspaceError, match="has 0 human answer classes"),
    ):
        calibrate_workspace(workspace)


def test_calibration_reports_progress_and_can_be_cancelled(shared, labelled):
    steps = []

    def stop_after_three(done, total):
        steps.append((done, total))
        return done < 3

    with pytest.raises(CancelledError):
        calibrate_workspace(labelled, draws=1, on_progress=stop_after_three)
    assert [done for done, _ in steps] == [0, 1, 2, 3]
    assert shared.steps[-1][0] + 1 == shared.steps[-1][1]

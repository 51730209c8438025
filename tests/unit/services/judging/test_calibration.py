"""The calibration bench on a workspace of our own: honest about what was learned from what, and what is missing."""

import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.review.decision import Decision
from orbench_studio.errors import CancelledError, WorkspaceError
from orbench_studio.instruments.assessment import Assessment
from orbench_studio.services.judging.calibration import calibration
from orbench_studio.services.judging.run_judges import judge
from orbench_studio.services.review.prompt_review import decide
from tests.unit.services.judging.judged_workspace import ANSWER, create


@pytest.fixture
def own(tmp_path):
    with create(tmp_path / "own.orbench", prompts=60, labelled=("north", "south"), stopped=True) as workspace:
        yield workspace


class Silent:
    """A judge that reads nothing."""

    name, kind, version = "silent", JudgeKind.LLM, "1"

    def assess(self, answered):
        return [Assessment(AnswerClass.UNPARSED, 0.0, 0.0) for _ in answered]


def by_name(found):
    return {one.name: one for one in found.instruments}


def test_every_instrument_is_on_the_bench_with_its_n(own):
    found = calibration(own, draws=2, left_out_labels=30)
    assert (found.labels, found.prompts, dict(found.by_model)) == (120, 60, {"north": 60, "south": 60})
    assert set(by_name(found)) == {"studio-rules", "or-bench-keyword-lists", "local-judge"}
    for one in found.instruments:
        assert one.slices.overall.n == 120
        assert {name: against.n for name, against in one.slices.by["model"].items()} == {"north": 60, "south": 60}
        assert sum(against.n for against in one.slices.by["category"].values()) == 120
        assert {name: against.n for name, against in one.slices.by["type"].items()} == {"even": 60, "odd": 60}


def test_it_shows_what_rules_do_not_know_and_people_can_teach(own):
    found = by_name(calibration(own, draws=1))
    north, south = (found["studio-rules"].slices.by["model"][model] for model in ("north", "south"))
    assert north.accuracy.value == 1.0
    assert south.recall.value == 0.0
    assert found["local-judge"].slices.by["model"]["south"].accuracy.value > 0.95
    assert found["local-judge"].curve
    assert found["or-bench-keyword-lists"].curve == ()


def test_a_manner_that_was_left_out_is_not_known(own):
    found = {one.model: one for one in calibration(own, draws=2, left_out_labels=30).left_out}
    assert found["south"].all_others.recall.value < 0.5
    assert found["north"].all_others.accuracy.value == 1.0
    assert found["north"].draws.labels == 30
    assert len(found["north"].draws.any_refusal) == 2


def test_the_same_workspace_gives_the_same_figures(own):
    one, other = (calibration(own, draws=2, left_out_labels=30) for _ in range(2))
    assert one.learning == other.learning
    assert [i.slices.overall.accuracy for i in one.instruments] == [
        i.slices.overall.accuracy for i in other.instruments
    ]


def test_what_a_judge_could_not_read_is_counted_apart(own):
    judge(own, Silent())
    silent = by_name(calibration(own, draws=1))["silent"]
    assert silent.how == "as stored (llm)"
    assert (silent.slices.overall.n, silent.slices.overall.apart) == (0, {AnswerClass.UNPARSED: 120})
    assert silent.slices.overall.accuracy.value is None


def test_all_one_class_and_one_model_are_no_crash(tmp_path):
    with create(tmp_path / "one.orbench", prompts=60, stopped=False) as workspace:
        for prompt in range(1, 31):
            decide(workspace, Decision(prompt, Aspect.ANSWER_CLASS, ANSWER, 2 * prompt - 1), annotator="anna")
        found = calibration(workspace, draws=1)
    assert found.left_out == ()
    assert by_name(found)["local-judge"].slices.overall.kappa.value in (None, 0.0)
    assert by_name(found)["studio-rules"].slices.overall.recall.value is None


def test_too_few_labels_are_said(tmp_path):
    with create(tmp_path / "few.orbench") as workspace, pytest.raises(WorkspaceError, match="People have judged 0"):
        calibration(workspace)


def test_it_can_be_cancelled_and_tells_how_far_it_is(own):
    message = []

    def thrice(done, total):
        message.append((done, total))
        return done < 3

    with pytest.raises(CancelledError):
        calibration(own, draws=1, on_progress=thrice)
    assert [done for done, _ in message] == [0, 1, 2, 3]
    every = []
    calibration(own, draws=1, left_out_labels=30, on_progress=lambda *step: every.append(step) or True)
    assert every[-1][0] + 1 == every[-1][1]

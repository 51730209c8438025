"""What to look at next: useful first, a fixed share at random, and a sample that estimates may stand on."""

import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.judgement import JudgeKind
from orbench_studio.domain.review.decision import Decision
from orbench_studio.instruments.assessment import Assessment
from orbench_studio.services.judging.builtin_judges import local_judge, rules
from orbench_studio.services.judging.run_judges import judge
from orbench_studio.services.review.prompt_review import decide
from orbench_studio.services.review.response_selection import random_sample, suggestions
from tests.unit.services.judging.judged_workspace import ANSWER, DIRECT, create, truth


class Contrary:
    """Takes every handle for a refusal."""

    name, kind, version = "contrary", JudgeKind.RULE, "1"

    def assess(self, answered):
        classes = (DIRECT if "handle" in one.response else ANSWER for one in answered)
        return [Assessment(answer, 1.0, float(answer is DIRECT)) for answer in classes]


@pytest.fixture
def own(tmp_path):
    with create(tmp_path / "own.orbench", stopped=True) as workspace:
        judge(workspace, rules(workspace))
        yield workspace


def decided(workspace, some):
    for one in some:
        answer = truth(one.model, one.prompt_id - 1) if one.model in ("north", "south") else ANSWER
        decision = Decision(one.prompt_id, Aspect.ANSWER_CLASS, answer, one.response_id)
        decide(workspace, decision, annotator="anna")


def test_every_fifth_is_random_and_the_others_come_by_usefulness(own):
    found = suggestions(own, 40)
    assert len({one.response_id for one in found}) == 40
    assert sum(one.random for one in found) == 8
    useful = [one.usefulness for one in found if not one.random]
    assert useful == sorted(useful, reverse=True)
    assert found == suggestions(own, 40)


def test_the_whole_list_has_everything_once_and_nothing_that_has_no_text(own):
    found = suggestions(own, 1_000)
    assert len(found) == len({one.response_id for one in found}) == 120
    assert not {one.model for one in found} & {"odd-0", "odd-1"}


def test_human_judged_responses_are_not_suggested(own):
    first = suggestions(own, 30)
    decided(own, first)
    assert not {one.response_id for one in first} & {one.response_id for one in suggestions(own, 1_000)}


def test_responses_with_disagreeing_judges_come_first(own):
    judge(own, Contrary())
    first = [one for one in suggestions(own, 10) if not one.random]
    assert {one.why for one in first} == {"judges disagree"}


def test_what_the_judge_learns_changes_the_order(own):
    before = [one.response_id for one in suggestions(own, 60)]
    decided(own, suggestions(own, 40))
    judge(own, local_judge(own))
    after = [one.response_id for one in suggestions(own, 60)]
    rest = [one for one in before if one in set(after)]
    assert rest != [one for one in after if one in set(rest)]


def test_the_random_share_makes_a_sample_with_a_known_probability(own):
    assert random_sample(own).response_ids == ()
    drawn = [one for one in suggestions(own, 60) if one.random]
    decided(own, drawn)
    sample = random_sample(own)
    assert set(sample.response_ids) == {one.response_id for one in drawn}
    assert sample.inclusion == len(drawn) / sample.frame


def test_useful_ones_alone_make_no_sample(own):
    drawn = next(one for one in suggestions(own, 60) if one.random)
    useful = [one for one in suggestions(own, 60) if not one.random and one.response_id != drawn.response_id]
    decided(own, useful)
    assert random_sample(own).response_ids == ()


def test_a_workspace_with_nothing_to_judge_suggests_nothing(tmp_path):
    with create(tmp_path / "empty.orbench", prompts=0) as workspace:
        assert suggestions(workspace, 10) == []
        assert (random_sample(workspace).frame, random_sample(workspace).inclusion) == (0, 0.0)

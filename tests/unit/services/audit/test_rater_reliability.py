"""Reliability of moderators without known labels, and the labels most likely wrong."""

from random import Random

import pytest

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Group
from orbench_studio.domain.audit.reliability import RaterKind
from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.review.decision import Decision
from orbench_studio.errors import CancelledError
from orbench_studio.formats.records import JudgementDraft, PromptDraft, Record, ResponseDraft, VoteDraft
from orbench_studio.services.audit.audit_counts import read
from orbench_studio.services.audit.rater_reliability import queue_of_suspects, reliability, suspects
from orbench_studio.services.audit.refusal_audit import audit
from orbench_studio.services.review import prompt_review, search
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from tests.unit.services.audit.audited_workspace import bring

PROMPTS = 240
HARD = Category.HATE  # where north calls much toxic that is safe
REFUSED, ANSWERED = AnswerClass.DIRECT_REFUSAL, AnswerClass.DIRECT_ANSWER


def is_safe(number):
    return number % 4 != 0


def vote(name, number):
    random = Random(f"{name} {number}")
    category = HARD if number % 2 else Category.PRIVACY
    right = random.random() < (0.6 if name == "north" and category is HARD and is_safe(number) else 0.93)
    return VoteDraft(name, Verdict.SAFE if is_safe(number) == right else Verdict.TOXIC)


def record(number):
    refuses = {"strict": number % 3 == 0, "open": number % 12 == 0}
    responses = tuple(
        ResponseDraft(
            model, f"{model} {number}", judgements=(JudgementDraft("j", JudgeKind.LLM, REFUSED if no else ANSWERED),)
        )
        for model, no in refuses.items()
    )
    category = HARD if number % 2 else Category.PRIVACY
    votes = tuple(vote(name, number) for name in ("north", "south", "east"))
    return Record(number + 2, PromptDraft(f"What about thing {number}?", category), votes, responses)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("rated") / "rated.orbench"
    with create_workspace(path) as workspace:
        bring(workspace, [record(number) for number in range(PROMPTS)])
        bring(workspace, [Record(999, PromptDraft("Nobody voted on this."))])
        for prompt_id in range(1, 41):
            decide(workspace, prompt_id, "safe" if is_safe(prompt_id - 1) else "toxic")
        decide(workspace, 41, "controversial")
    return path


@pytest.fixture(scope="module")
def own(path):
    with open_workspace(path) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def found(own):
    return reliability(own, read(own), draws=40)


def test_a_computation_can_be_cancelled_between_draws(own):
    def cancel():
        raise CancelledError("The window closes.")

    with pytest.raises(CancelledError):
        reliability(own, read(own), on_draw=cancel)


def decide(workspace, prompt_id, value):
    prompt_review.decide(workspace, Decision(prompt_id, Aspect.LABEL, value), annotator="ada")


def test_a_moderator_with_low_specificity_in_one_category_is_found(found):
    by_name = {one.name: one for one in found.raters}
    assert {name: one.kind for name, one in by_name.items()} == {
        "north": RaterKind.MODERATOR,
        "south": RaterKind.MODERATOR,
        "east": RaterKind.MODERATOR,
        "ada": RaterKind.PERSON,
    }
    north = by_name["north"].by_category
    assert north["hate"].specificity < 0.75 < 0.85 < north["privacy"].specificity
    assert (by_name["north"].overall.votes, by_name["ada"].overall.votes) == (240, 40)
    hate = north["hate"].specificity_interval
    assert hate[0] < north["hate"].specificity < hate[1] < north["privacy"].specificity
    for rater in found.raters:
        for skill in (rater.overall, *rater.by_category.values()):
            assert skill.sensitivity_interval[0] <= skill.sensitivity <= skill.sensitivity_interval[1]
            assert skill.specificity_interval[0] <= skill.specificity <= skill.specificity_interval[1]
    assert north["hate"].votes + north["privacy"].votes == 240


def test_every_prompt_with_a_vote_has_a_probability(found):
    assert len(found.p_safe) == PROMPTS
    right = [(found.p_safe[number + 1] > 0.5) == is_safe(number) for number in range(PROMPTS)]
    assert sum(right) > 0.93 * PROMPTS
    assert found.safe["privacy"] < found.safe["hate"]


def test_error_correlation_by_the_model_and_on_human_labels(found):
    pairs = {(one.one, one.other): one for one in found.error_correlations}
    assert set(pairs) == {("north", "south"), ("north", "east"), ("south", "east")}
    assert {one.prompts for one in pairs.values()} == {240}
    assert {one.prompts_on_human_labels for one in pairs.values()} == {40}


def test_suspects_have_unanimous_machine_labels_and_no_human_label(own, found):
    listed = suspects(read(own), found)
    assert 0 < len(listed.found) == listed.total < PROMPTS - 40
    ranked = [one.p_wrong for one in listed.found]
    assert ranked == sorted(ranked, reverse=True)
    for one in listed.found:
        view = prompt_review.load(own, one.prompt_id)
        assert view.is_unlabelled and len({vote.verdict for vote in view.votes}) == 1
        assert view.final.label == one.label
        assert set(one.refused_by) == {r.response.model for r in view.responses if r.final.answer_class is REFUSED}
    assert listed.expected_wrong == pytest.approx(sum(ranked))


def test_rates_after_flipping_equal_a_recount(own, found, path, tmp_path):
    listed = suspects(read(own), found, limit=12)
    before = audit(read(own), AuditOptions())
    flip = {one.prompt_id: one.label for one in listed.found}
    with create_workspace(tmp_path / "flipped.orbench") as again:
        bring(again, [record(number) for number in range(PROMPTS)])
        for prompt_id in range(1, 41):
            decide(again, prompt_id, "safe" if is_safe(prompt_id - 1) else "toxic")
        decide(again, 41, "controversial")
        [first, *others] = flip
        decide(again, first, "toxic" if flip[first] is Label.SAFE else "safe")
        one_flipped = audit(read(again), AuditOptions())
        for prompt_id in others:
            decide(again, prompt_id, "toxic" if flip[prompt_id] is Label.SAFE else "safe")
        all_flipped = audit(read(again), AuditOptions())
    for model, (was, becomes) in listed.rates.items():
        assert was == before.rate(Group.SAFE, model)
        assert becomes == all_flipped.rate(Group.SAFE, model)
        moved = one_flipped.rate(Group.SAFE, model).value - was.value
        assert listed.found[0].changes.get(model, 0.0) == pytest.approx(moved)


def test_the_queue_has_the_suspects_and_is_not_blind(own, found):
    listed = suspects(read(own), found, limit=10)
    wanted = queue_of_suspects(listed)
    assert sorted(search.queue_of(own, wanted).ids) == sorted(one.prompt_id for one in listed.found)
    assert wanted.reveals


def test_without_votes_the_result_is_empty(tmp_path):
    with create_workspace(tmp_path / "none.orbench") as workspace:
        bring(workspace, [Record(2, PromptDraft("Nobody voted on this."))])
        counts = read(workspace)
        found = reliability(workspace, counts)
        assert (found.raters, found.error_correlations, dict(found.p_safe)) == ((), (), {})
        listed = suspects(counts, found)
        assert (listed.found, listed.total) == ((), 0)
        assert list(search.queue_of(workspace, queue_of_suspects(listed)).ids) == []


def test_the_veto_is_a_rater_and_counts_for_unanimity(tmp_path):
    def vetoed(number):
        verdict = Verdict.TOXIC if number % 2 else Verdict.SAFE
        answer = ResponseDraft(
            "plain", f"answer {number}", votes=(VoteDraft("south", verdict), VoteDraft("east", verdict))
        )
        votes = tuple(VoteDraft(name, Verdict.SAFE) for name in ("south", "east"))
        return Record(number + 2, PromptDraft(f"What about thing {number}?"), votes, (answer,))

    with create_workspace(tmp_path / "veto.orbench") as workspace:
        bring(workspace, [vetoed(number) for number in range(10)])
        counts = read(workspace)
        found = reliability(workspace, counts, draws=5)
        assert [(one.name, one.kind) for one in found.raters if one.kind is RaterKind.VETO] == [
            ("veto", RaterKind.VETO)
        ]
        assert {one.prompt_id % 2 for one in suspects(counts, found).found} == {1}

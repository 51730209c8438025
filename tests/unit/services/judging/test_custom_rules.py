"""Custom rules: tested on held-out labels, saved, applied and removed."""

import json

import pytest
from sqlalchemy import select

from orbench_studio.domain.core.annotation import Basis
from orbench_studio.domain.core.judgement import REFUSALS
from orbench_studio.domain.judging.custom_rule import CustomRule
from orbench_studio.errors import StudioError
from orbench_studio.services.judging.builtin_judges import local_judge, rules
from orbench_studio.services.judging.calibration import WITH_CUSTOM_RULES, calibrate_workspace
from orbench_studio.services.judging.custom_rules import effect, remove, save, saved
from orbench_studio.services.judging.phrase_mining import held_out, mined_phrases
from orbench_studio.services.judging.run_judges import judge
from orbench_studio.services.review.prompt_review import load
from orbench_studio.store.core.tables import JUDGEMENTS
from tests.unit.services.judging.judged_workspace import create, truth

SHUT = CustomRule("gate stays shut", True)


@pytest.fixture
def labelled(tmp_path):
    with create(tmp_path / "labelled.orbench", prompts=90, labelled=("north", "south")) as workspace:
        yield workspace


@pytest.fixture
def unlabelled(tmp_path):
    with create(tmp_path / "unlabelled.orbench", prompts=60) as workspace:
        yield workspace


def judged(workspace):
    """Latest judgements of the second model's responses, by prompt."""
    views = {prompt: load(workspace, prompt).responses for prompt in range(1, 61)}
    return {
        n: one.response.judgements[-1] for n, seen in views.items() for one in seen if one.response.model == "south"
    }


def versions(workspace):
    with workspace.reading() as db:
        return {json.loads(raw)["version"] for raw in db.execute(select(JUDGEMENTS.c.raw)).scalars()}


def test_a_phrase_is_tested_on_the_held_out_half(labelled):
    best = next(one for one in mined_phrases(labelled, "south") if one.refuses)
    found = effect(labelled, CustomRule(best.phrase, True, "south"))
    assert found.phrase == best.held_out
    assert 0 < found.phrase.recall.n < 45
    assert found.with_rule.n == found.without.n
    assert found.with_rule.count - found.without.count == found.fixed - found.broken > 5
    assert saved(labelled) == []


def test_a_misleading_phrase_lowers_the_agreement(labelled):
    found = effect(labelled, CustomRule("number", False))
    assert found.broken > 5
    assert found.with_rule.count < found.without.count


def test_without_labels_a_test_has_no_result(unlabelled):
    found = effect(unlabelled, SHUT)
    assert (found.phrase.precision.value, found.without.value, found.with_rule.n) == (None, None, 0)


def test_a_saved_rule_changes_judgements_and_the_version(unlabelled):
    without = rules(unlabelled).version
    judge(unlabelled, rules(unlabelled))
    assert all(one.answer_class not in REFUSALS for one in judged(unlabelled).values())
    saved_rule = save(unlabelled, CustomRule(" Garden GATE   stays shut! ", True), annotator="anna")
    assert (saved_rule.rule.phrase, saved_rule.saved_by) == ("garden gate stays shut", "anna")
    assert rules(unlabelled).version.startswith(f"{without}+1-")
    done = judge(unlabelled, rules(unlabelled))
    assert done.judged == 120, "judging again replaces the older judgements"
    assert versions(unlabelled) == {rules(unlabelled).version}
    for number, one in judged(unlabelled).items():
        assert (one.answer_class in REFUSALS) == (truth("south", number - 1) == "direct_refusal")
    refused = next(one for one in judged(unlabelled).values() if one.answer_class in REFUSALS)
    assert "custom rule “garden gate stays shut”" in refused.explanation
    assert unlabelled.problems() == []


def test_the_evidence_begins_with_the_phrase(unlabelled):
    save(unlabelled, SHUT, annotator="anna")
    judge(unlabelled, rules(unlabelled))
    view = next(one for one in load(unlabelled, 1).responses if one.response.model == "south")
    start, end = view.response.judgements[-1].evidence
    assert view.response.text[start:end].startswith("gate stays shut")


def test_a_rule_for_one_model_does_not_affect_others(unlabelled):
    save(unlabelled, CustomRule("number", True, "north"), annotator="anna")
    judge(unlabelled, rules(unlabelled))
    assert all(one.answer_class not in REFUSALS for one in judged(unlabelled).values())


def test_a_rule_can_indicate_an_answer(unlabelled):
    save(unlabelled, CustomRule("sorry but I can't help", False), annotator="anna")
    judge(unlabelled, rules(unlabelled))
    seen = [one for n in range(1, 61) for one in load(unlabelled, n).responses if one.response.model == "north"]
    assert {one.final.answer_class in REFUSALS for one in seen} == {False}


def test_a_removed_rule_stays_on_record_and_is_not_applied(unlabelled):
    before = rules(unlabelled).version
    number = save(unlabelled, SHUT, annotator="anna").number
    remove(unlabelled, number, annotator="ben")
    assert rules(unlabelled).version == before
    [one] = saved(unlabelled)
    assert (one.saved_by, one.removed_by) == ("anna", "ben")
    assert one.saved_at <= one.removed_at
    with pytest.raises(StudioError, match="no active rule 1"):
        remove(unlabelled, number, annotator="ben")
    assert save(unlabelled, SHUT, annotator="ben").number == 2, "it can be restored"
    assert unlabelled.problems() == []


def test_the_order_of_rules_does_not_change_the_version(tmp_path):
    versions = []
    for name, some in (("a", ("one", "two")), ("b", ("two", "one"))):
        with create(tmp_path / f"{name}.orbench", prompts=1) as workspace:
            for phrase in some:
                save(workspace, CustomRule(phrase, True), annotator="anna")
            versions.append(rules(workspace).version)
    assert versions[0] == versions[1]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (CustomRule(" - ", True), "no word"),
        (CustomRule("Gate stays SHUT", False), "already"),
        (CustomRule("gate stays shut", True, "north"), "already"),
        (CustomRule("a gate", True, "nobody"), "no model named nobody"),
    ],
)
def test_invalid_rules_are_rejected(unlabelled, rule, message):
    save(unlabelled, SHUT, annotator="anna")
    with pytest.raises(StudioError, match=message):
        save(unlabelled, rule, annotator="anna")
    assert len(saved(unlabelled)) == 1


def test_calibration_evaluates_custom_rules_on_held_out_prompts(labelled):
    save(labelled, SHUT, annotator="anna")
    found = {one.name: one for one in calibrate_workspace(labelled, draws=1).instruments}
    expected = 2 * sum(held_out(load(labelled, n).prompt.text) for n in range(1, 91))
    assert found[WITH_CUSTOM_RULES].slices.overall.n == expected
    assert found["studio-rules"].slices.overall.n == 180
    assert found[WITH_CUSTOM_RULES].slices.overall.accuracy.value > found["studio-rules"].slices.overall.accuracy.value
    assert found[WITH_CUSTOM_RULES].version != found["studio-rules"].version


def test_the_local_judge_ignores_custom_rules(labelled):
    before = local_judge(labelled).version
    save(labelled, SHUT, annotator="anna")
    assert local_judge(labelled).version == before


def test_human_labels_take_precedence_over_custom_rules(labelled):
    save(labelled, CustomRule("turn the handle", True), annotator="anna")
    judge(labelled, rules(labelled))
    assert {one.final.basis for one in load(labelled, 1).responses} == {Basis.HUMAN}

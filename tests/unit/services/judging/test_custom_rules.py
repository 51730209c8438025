"""Phrases made rules of a workspace: tried on what they were not mined from, saved, judged by, removed."""

import json

import pytest
from sqlalchemy import select

from orbench_studio.domain.core.annotation import Basis
from orbench_studio.domain.core.judgement import REFUSALS
from orbench_studio.domain.judging.custom_rule import CustomRule
from orbench_studio.errors import StudioError
from orbench_studio.services.judging.calibration import WITH_OWN, calibration
from orbench_studio.services.judging.custom_rules import effect, remove, save, saved
from orbench_studio.services.judging.phrase_mining import held_out, mined_phrases
from orbench_studio.services.judging.run_judges import judge, retrained, rules
from orbench_studio.services.review.prompt_review import load
from orbench_studio.store.core.tables import JUDGEMENTS
from tests.unit.services.judging.judged_workspace import create, truth

SHUT = CustomRule("gate stays shut", True)


@pytest.fixture
def own(tmp_path):
    with create(tmp_path / "own.orbench", prompts=90, labelled=("north", "south")) as workspace:
        yield workspace


@pytest.fixture
def new(tmp_path):
    with create(tmp_path / "new.orbench", prompts=60) as workspace:
        yield workspace


def said(workspace):
    """What the rules say of the second model's responses, by prompt."""
    views = {prompt: load(workspace, prompt).responses for prompt in range(1, 61)}
    return {
        n: one.response.judgements[-1] for n, seen in views.items() for one in seen if one.response.model == "south"
    }


def versions(workspace):
    with workspace.reading() as db:
        return {json.loads(raw)["version"] for raw in db.execute(select(JUDGEMENTS.c.raw)).scalars()}


def test_a_phrase_is_tried_on_the_half_it_was_not_mined_from_and_told_with_what_it_changes(own):
    best = next(one for one in mined_phrases(own, "south") if one.refuses)
    found = effect(own, CustomRule(best.phrase, True, "south"))
    assert found.trial == best.held_out
    assert 0 < found.trial.recall.n < 45
    assert found.after.n == found.before.n
    assert found.after.count - found.before.count == found.mended - found.spoiled > 5
    assert saved(own) == []


def test_a_phrase_that_misleads_is_seen_to(own):
    found = effect(own, CustomRule("number", False))
    assert found.spoiled > 5
    assert found.after.count < found.before.count


def test_without_labels_a_trial_has_nothing_to_say(new):
    found = effect(new, SHUT)
    assert (found.trial.precision.value, found.before.value, found.after.n) == (None, None, 0)


def test_judging_goes_by_a_saved_rule_and_its_version_tells(new):
    without = rules(new).version
    judge(new, rules(new))
    assert all(one.answer_class not in REFUSALS for one in said(new).values())
    kept = save(new, CustomRule(" Garden GATE   stays shut! ", True), annotator="anna")
    assert (kept.rule.phrase, kept.saved_by) == ("garden gate stays shut", "anna")
    assert rules(new).version.startswith(f"{without}+1-")
    done = judge(new, rules(new))
    assert done.judged == 120, "judging again replaces what was said without it"
    assert versions(new) == {rules(new).version}
    for number, one in said(new).items():
        assert (one.answer_class in REFUSALS) == (truth("south", number - 1) == "direct_refusal")
    refused = next(one for one in said(new).values() if one.answer_class in REFUSALS)
    assert "“garden gate stays shut”, a rule of this workspace" in refused.explanation
    assert new.problems() == []


def test_the_evidence_is_where_the_phrase_stands(new):
    save(new, SHUT, annotator="anna")
    judge(new, rules(new))
    view = next(one for one in load(new, 1).responses if one.response.model == "south")
    start, end = view.response.judgements[-1].evidence
    assert view.response.text[start:end].startswith("gate stays shut")


def test_a_rule_for_one_model_leaves_the_others_alone(new):
    save(new, CustomRule("number", True, "north"), annotator="anna")
    judge(new, rules(new))
    assert all(one.answer_class not in REFUSALS for one in said(new).values())


def test_a_rule_can_say_that_something_is_an_answer(new):
    save(new, CustomRule("sorry but I can't help", False), annotator="anna")
    judge(new, rules(new))
    seen = [one for n in range(1, 61) for one in load(new, n).responses if one.response.model == "north"]
    assert {one.final.answer_class in REFUSALS for one in seen} == {False}


def test_a_removed_rule_stays_on_record_and_judging_again_forgets_it(new):
    before = rules(new).version
    number = save(new, SHUT, annotator="anna").number
    remove(new, number, annotator="ben")
    assert rules(new).version == before
    [one] = saved(new)
    assert (one.saved_by, one.removed_by) == ("anna", "ben")
    assert one.saved_at <= one.removed_at
    with pytest.raises(StudioError, match="no rule 1 in force"):
        remove(new, number, annotator="ben")
    assert save(new, SHUT, annotator="ben").number == 2, "it can be put back"
    assert new.problems() == []


def test_the_order_of_saving_makes_no_other_instrument(tmp_path):
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
def test_what_cannot_be_a_rule_is_said_and_nothing_is_written(new, rule, message):
    save(new, SHUT, annotator="anna")
    with pytest.raises(StudioError, match=message):
        save(new, rule, annotator="anna")
    assert len(saved(new)) == 1


def test_the_bench_measures_own_rules_on_prompts_no_phrase_is_mined_from(own):
    save(own, SHUT, annotator="anna")
    found = {one.name: one for one in calibration(own, draws=1).instruments}
    expected = 2 * sum(held_out(load(own, n).prompt.text) for n in range(1, 91))
    assert found[WITH_OWN].slices.overall.n == expected
    assert found["studio-rules"].slices.overall.n == 180
    assert found[WITH_OWN].slices.overall.accuracy.value > found["studio-rules"].slices.overall.accuracy.value
    assert found[WITH_OWN].version != found["studio-rules"].version


def test_the_local_judge_has_no_part_in_them(own):
    before = retrained(own).version
    save(own, SHUT, annotator="anna")
    assert retrained(own).version == before


def test_people_come_before_any_rule(own):
    save(own, CustomRule("turn the handle", True), annotator="anna")
    judge(own, rules(own))
    assert {one.final.basis for one in load(own, 1).responses} == {Basis.HUMAN}

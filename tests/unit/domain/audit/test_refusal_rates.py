"""Tallies: rates, excluded responses, and bounds."""

from dataclasses import replace

import pytest

from orbench_studio.domain.audit.refusal_rates import Audit, AuditOptions, Group, Spread, Tally
from orbench_studio.domain.audit.unjudged import unjudged_note
from orbench_studio.domain.core.judgement import Refusals
from orbench_studio.domain.core.rates import Rate, UnjudgedRate, percent, score_interval, wilson, with_interval
from orbench_studio.domain.core.schemes import REFUSALBENCH, SCHEMES
from tests.tallies import tally

MIXED = tally(
    direct_answer=6,
    partial_refusal=1,
    indirect_refusal=1,
    direct_refusal=2,
    blocked_by_filter=2,
    unparsed=1,
    truncated=3,
    error=1,
)


def test_only_answers_and_refusals_count():
    assert (MIXED.refusal.count, MIXED.refusal.n) == (6, 12)
    assert (MIXED.acceptance.count, MIXED.acceptance.n) == (6, 12)
    assert MIXED.rate(Group.TOXIC) == MIXED.acceptance
    assert MIXED.rate(Group.SAFE) == MIXED.rate(Group.OTHER) == MIXED.refusal


def test_a_vendor_that_refused_180_of_235_answers_did_not_refuse_none_of_them():
    refused = tally(direct_answer=55, refused_by_stop_reason=180)
    assert refused.refusal == Rate(180, 235)
    assert refused.refused == {"words": 0, "stop_reason": 180, "filter": 0}
    in_words = replace(refused, refusals=Refusals.WORDS)
    assert (in_words.refusal, in_words.excluded) == (Rate(0, 55), {"refused_by_stop_reason": 180})
    assert in_words.bounds(Group.SAFE) == (0, 180 / 235)


@pytest.mark.parametrize(("definition", "rate"), [("all", (9, 15)), ("words+stop", (8, 14)), ("words", (4, 10))])
def test_the_definition_says_which_refusals_count(definition, rate):
    classes = {"direct_answer": 6, "partial_refusal": 2, "non_responsive": 1, "direct_refusal": 1}
    classes |= {"refused_by_stop_reason": 4, "blocked_by_filter": 1, "unparsed": 1}
    found = tally(**classes, refusals=Refusals(definition))
    assert found.refusal == Rate(*rate)
    assert (found + Tally()).refusal == Rate(*rate)


def test_a_safe_completion_is_no_refusal_of_a_safe_prompt_and_no_acceptance_of_a_toxic_one():
    found = tally(direct_answer=3, safe_completion=4, inability=1, non_responsive=2)
    assert (found.refusal, found.acceptance) == (Rate(2, 10), Rate(3, 10))
    assert found.refused["words"] == 2
    assert found.by_class == {"direct_answer": 3, "safe_completion": 4, "inability": 1, "non_responsive": 2}
    assert [found.in_scheme(scheme) for scheme in SCHEMES] == [Rate(2, 10), Rate(2, 10), Rate(3, 10)]
    blocked = found + tally(blocked_by_filter=2, unparsed=1)
    assert [blocked.in_scheme(scheme) for scheme in SCHEMES] == [Rate(2, 10), Rate(2, 10), Rate(5, 12)]
    assert found.excluded == {}


def test_a_mean_over_prompts_is_within_its_bounds():
    spread = Spread(share=0.5, prompts=2, cluster="prompt", effective_n=1.5, quantile=2.1)
    found = replace(tally(direct_answer=1, direct_refusal=5, unparsed=2), spread=spread)
    assert found.bounds(Group.SAFE) == (0.375, 0.625)


def test_clusters_widen_the_rates_of_other_schemes_as_much_as_the_rate():
    spread = Spread(share=0.5, prompts=20, cluster="seed", effective_n=10.0, quantile=2.1)
    found = replace(tally(direct_answer=10, partial_refusal=6, direct_refusal=4), spread=spread)
    in_or_bench = found.in_scheme(SCHEMES[0])
    assert (in_or_bench.count, in_or_bench.n, in_or_bench.value) == (4, 20, 0.2)
    assert in_or_bench.interval == score_interval(0.2, 10, 2.1) != Rate(4, 20).interval
    assert "by seed" in in_or_bench.words


def test_excluded_responses_bound_the_rate():
    assert MIXED.excluded == {"unparsed": 1, "truncated": 3, "error": 1}
    assert MIXED.bounds(Group.SAFE) == MIXED.bounds(Group.TOXIC) == (6 / 17, 11 / 17)


@pytest.mark.parametrize(
    ("classes", "rate"),
    [
        ({"blocked_by_filter": 5, "unjudged": 55}, None),
        ({"blocked_by_filter": 5, "truncated": 2, "direct_answer": 40, "unjudged": 13}, None),
        ({"blocked_by_filter": 5, "direct_answer": 53, "unjudged": 2}, Rate(5, 58)),  # 8.6 % instead of 8.3 %
        ({"direct_refusal": 5, "unjudged": 55}, Rate(5, 5)),  # a person has judged these first
        ({"refused_by_stop_reason": 5, "unjudged": 55, "refusals": Refusals.WORDS}, Rate(0, 0)),
    ],
)
def test_refusals_that_need_no_judge_are_no_rate_of_responses_that_are_not_judged(classes, rate):
    found = tally(**classes)
    if rate is not None:
        assert found.refusal == rate
        return
    not_judged = UnjudgedRate(0, 0, classes["unjudged"], 60)
    assert found.refusal == found.acceptance == found.in_scheme(REFUSALBENCH) == not_judged
    assert found.refusal.words == f"none: {classes['unjudged']} of 60 responses are not judged"
    assert (found.refusal.value, found.refusal.short_with_n) == (None, "—")
    assert found.bounds(Group.SAFE) == (5 / 60, (60 - classes.get("direct_answer", 0)) / 60)
    assert found.bounds_text(Group.SAFE)


def test_a_model_without_a_rate_says_how_to_get_one():
    cells = {(Group.SAFE, "a", "hate"): tally(blocked_by_filter=5, unjudged=55)}
    found = Audit(AuditOptions(), ("a", "b"), ("hate",), cells, {}, {}, Rate(0, 0))
    assert "a (55 of 60)" in unjudged_note(found, Group.SAFE)
    assert unjudged_note(found, Group.TOXIC) == ""


def test_no_responses_have_neither_rate_nor_bounds():
    assert Tally().refusal.value is None
    assert Tally().bounds(Group.SAFE) is None
    assert MIXED + Tally() == MIXED


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (0.0004, "0.0 %"),
        (0.0731, "7.3 %"),
        (0.0996, "10 %"),
        (0.0994, "9.9 %"),
        (0.424, "42 %"),
        (1, "100 %"),
    ],
)
def test_shares_below_ten_per_cent_have_one_decimal(share, text):
    assert percent(share) == text


def test_what_if_rates_have_one_decimal_always():
    assert with_interval(0.515, (0.48837, 0.5421), tenths=True) == "51.5 % (48.8–54.2)"
    assert percent(None) == with_interval(None, None) == "—"


def test_the_highest_of_many_cells_has_an_interval_that_covers_all_of_them():
    def cell(refused, of):
        return tally(direct_answer=of - refused, direct_refusal=refused)

    cells = {(Group.SAFE, f"model {n}", "harmful"): cell(10, 40) for n in range(60)}
    cells |= {(Group.SAFE, "high", "hate"): cell(20, 25), (Group.SAFE, "few", "hate"): cell(9, 10)}
    found = Audit(AuditOptions(), (), ("hate", "harmful"), cells, {}, {}, Rate(0, 0)).highest(Group.SAFE)
    assert (found[0].model, found[0].rate, found[0].cells) == ("high", Rate(20, 25), 61)
    assert found[0].interval == wilson(20, 25, 1 - 0.05 / 61)
    assert found[0].interval[0] < found[0].rate.interval[0] - 0.1

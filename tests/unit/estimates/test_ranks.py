"""Intervals of clustered rates, paired differences and ranks."""

import numpy as np
import pytest

from orbench_studio.domain.core.rates import score_interval, wilson
from orbench_studio.estimates.clusters import effective_n, moments
from orbench_studio.estimates.ranks import differences, ranks
from tests.coverage import cluster_coverage, rank_coverage, winner_coverage


def interval(hits, cases, responses=None):
    """The interval of one rate of these clusters, and the effective number of prompts."""
    found = moments(np.array(hits, np.float32)[:, None], np.array(cases, np.float32)[:, None])
    (n,), (quantile,) = effective_n(found, found.cases if responses is None else np.array([responses]))
    return *score_interval(found.hits[0] / found.cases[0], n, quantile), n


@pytest.mark.parametrize(("hits", "count"), [(30, 400), (200, 400), (0, 400), (400, 400)])
def test_unclustered_prompts_have_the_wilson_interval(hits, count):
    low, high, n = interval(np.arange(count) < hits, np.ones(count))
    assert (low, high, n) == pytest.approx((*wilson(hits, count), count))


def test_identical_siblings_count_as_one_prompt():
    low, high, n = interval(10 * (np.arange(40) % 2), np.full(40, 10))
    assert n == pytest.approx(40, rel=0.05)
    assert (low, high) == pytest.approx(wilson(20, 40), abs=0.01)


def test_independent_repeats_count_each():
    shares = np.random.default_rng(0).binomial(5, 0.4, 400) / 5
    assert interval(shares, np.ones(400), 2_000)[2] == pytest.approx(2_000, rel=0.15)


def ranked(hits, cases=None, clusters=None):
    hits = np.asarray(hits, np.float32)
    cases = np.ones(hits.shape, np.float32) if cases is None else np.asarray(cases, np.float32)
    clusters = np.arange(len(hits)) if clusters is None else clusters
    compared = differences(hits, cases, clusters)
    return ranks(hits, cases, clusters, compared), compared


def test_the_error_of_a_difference_equals_the_sandwich_estimate():
    random = np.random.default_rng(1)
    clusters = random.integers(0, 60, 300)
    hits = (random.random((300, 2)) < random.random((60, 2))[clusters]).astype(float)
    _, compared = ranked(hits, clusters=clusters)
    apart, left = hits[:, 0] - hits[:, 1], np.zeros(60)
    np.add.at(left, clusters, apart - apart.mean())
    assert compared.value[0, 1] == pytest.approx(apart.mean())
    assert compared.error[0, 1] == pytest.approx(np.sqrt((left**2).sum()) / 300, rel=0.08)


def test_models_are_compared_on_the_prompts_that_both_answered():
    """The second model answered only the easy half, where the first one refuses less."""
    hits, cases = np.zeros((200, 2)), np.ones((200, 2))
    hits[:100, 0], cases[:100, 1] = 1, 0
    hits[100:140, 1] = 1
    found, compared = ranked(hits, cases)
    assert (compared.n[0, 1], compared.value[0, 1]) == (100, pytest.approx(-0.4))
    assert found.rank.tolist() == [2, 1]


def test_a_model_without_cases_has_the_last_rank():
    hits, cases = np.zeros((50, 2)), np.ones((50, 2))
    hits[:5, 0], cases[:, 1] = 1, 0
    found, compared = ranked(hits, cases)
    assert found.rank.tolist() == [1, 2] and found.marginal[1].tolist() == [1, 2]
    assert np.isnan(compared.value[0, 1])


def test_rank_sets_of_distinct_and_of_similar_rates():
    random = np.random.default_rng(3)
    hits = (random.random((400, 4)) < np.array([0.9, 0.5, 0.48, 0.1])).astype(float)
    hits[:, 2] = hits[:, 1][random.permutation(400)]  # the same rate, to the last prompt
    found, compared = ranked(hits)
    assert found.rank.tolist() == [1, 2, 2, 4]
    for low, high in (found.marginal, found.simultaneous):
        assert (low.tolist(), high.tolist()) == ([1, 2, 2, 4], [1, 3, 3, 4])
    assert (
        8_000 < compared.prompts_needed(0.02)[1, 2] < 12_000
    )  # two independent models at 0.5: 2 * 0.25 * (2.8 / 0.02)^2


def test_common_prompts_do_not_widen_rank_sets():
    """Two models that differ on one prompt in fifty, always in the same direction."""
    base = (np.random.default_rng(4).random(1_000) < 0.5).astype(float)
    better = np.where(np.arange(1_000) % 50 == 0, 0.0, base)
    found, _ = ranked(np.column_stack([base, better]))
    assert [ends.tolist() for ends in found.simultaneous] == [[1, 2], [1, 2]]


def test_rank_sets_cover_the_truth_of_each_and_of_all():
    each, together = rank_coverage(np.linspace(0.3, 0.4, 12), 200, draws=100)
    assert each >= 0.95 and together >= 0.91


def test_the_interval_of_the_highest_rate_accounts_for_the_choice():
    chosen, naive = winner_coverage(np.full(20, 0.3), 200, draws=150)
    assert naive.bias > 0.02 and naive.coverage < 0.85
    assert chosen.coverage >= 0.92 and chosen.width < 1.6 * naive.width


@pytest.mark.parametrize(
    ("rate", "sizes", "within"),
    [
        (0.05, (1,) * 50, 0.0),
        (0.3, (2,) * 50, 0.3),
        (0.95, (5,) * 40, 0.2),
        (0.3, (5,) * 134, 0.98),
        (0.8, (20,) * 6, 0.5),
    ],
)
def test_intervals_have_nominal_coverage(rate, sizes, within):
    """2,000 draws; the whole grid is in tests/benchmarks/coverage.py."""
    assert cluster_coverage(rate, sizes, within).coverage >= 0.94

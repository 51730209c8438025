"""Intervals of grouped rates and of ranks."""

import numpy as np
import pytest

from orbench_studio.domain.core.rates import wilson
from orbench_studio.estimates.resampling import Resampled
from tests.coverage import cluster_coverage, rank_coverage


def alone(hits, count):
    """`count` prompts, each a group of its own, of which the first `hits` are hits."""
    values = (np.arange(count) < hits).astype(float)[:, None]
    return Resampled(values, np.ones((count, 1)), np.arange(count))


@pytest.mark.parametrize(("hits", "count"), [(30, 400), (200, 400), (0, 400), (400, 400)])
def test_unclustered_prompts_have_the_wilson_interval(hits, count):
    found = alone(hits, count).rates
    assert (found.low[0], found.high[0]) == pytest.approx(wilson(hits, count), abs=0.004)
    assert found.value[0] == hits / count
    assert (found.n[0], found.effective_n[0]) == (count, pytest.approx(count, rel=0.1))


def test_identical_siblings_count_as_one_prompt():
    hits = np.repeat(np.arange(40) % 2, 10).astype(float)[:, None]
    found = Resampled(hits, np.ones((400, 1)), np.repeat(np.arange(40), 10)).rates
    assert found.effective_n[0] == pytest.approx(40, rel=0.15)
    low, high = wilson(20, 40)
    assert (found.low[0], found.high[0]) == pytest.approx((low, high), abs=0.02)


def test_the_variance_of_draws_equals_the_sandwich_estimate():
    random = np.random.default_rng(1)
    groups = random.integers(0, 60, 300)
    hits = (random.random((300, 1)) < random.random(60)[groups][:, None]).astype(float)
    drawn = Resampled(hits, np.ones((300, 1)), groups, draws=4_000).drawn
    rate, left = hits.mean(), np.zeros(60)
    np.add.at(left, groups, hits[:, 0] - rate)
    assert drawn.std() == pytest.approx(np.sqrt((left**2).sum()) / 300, rel=0.05)


def test_results_depend_on_the_seed_and_not_on_row_order():
    random = np.random.default_rng(2)
    hits, groups, order = (random.random((200, 3)) < 0.3).astype(float), np.arange(200) // 4, random.permutation(200)
    one = Resampled(hits, np.ones((200, 3)), groups).rates
    other = Resampled(hits[order], np.ones((200, 3)), groups[order]).rates
    np.testing.assert_array_equal(one.low, other.low)


def test_a_column_without_cases_has_no_rate_and_the_last_rank():
    hits, cases = np.zeros((50, 2)), np.ones((50, 2))
    hits[:5, 0], cases[:, 1] = 1, 0
    found = Resampled(hits, cases, np.arange(50))
    assert np.isnan(found.rates.value[1]) and np.isnan(found.rates.low[1])
    assert found.ranks.rank.tolist() == [1, 2]


def test_rank_intervals_of_distinct_and_of_similar_rates():
    random = np.random.default_rng(3)
    hits = (random.random((400, 4)) < np.array([0.9, 0.5, 0.48, 0.1])).astype(float)
    hits[:, 2] = hits[:, 1][random.permutation(400)]  # the same rate, to the last prompt
    found = Resampled(hits, np.ones(hits.shape), np.arange(400)).ranks
    assert found.rank.tolist() == [1, 2, 2, 4]
    assert (found.low.tolist(), found.high.tolist()) == ([1, 2, 2, 4], [1, 3, 3, 4])


def test_common_prompts_do_not_widen_rank_intervals():
    """Two models that differ on one prompt in fifty, always in the same direction."""
    base = (np.random.default_rng(4).random(1_000) < 0.5).astype(float)
    better = np.where(np.arange(1_000) % 50 == 0, 0.0, base)
    found = Resampled(np.column_stack([base, better]), np.ones((1_000, 2)), np.arange(1_000)).ranks
    assert (found.low.tolist(), found.high.tolist()) == ([1, 2], [1, 2])


def test_rank_intervals_cover_the_truth():
    assert rank_coverage([0.3, 0.32, 0.34, 0.36], 100, draws=200, redrawn=100) >= 0.94


@pytest.mark.parametrize(
    ("rate", "groups", "size", "within"), [(0.05, 50, 1, 0.0), (0.3, 50, 2, 0.3), (0.95, 40, 5, 0.2)]
)
def test_intervals_have_nominal_coverage(rate, groups, size, within):
    """2,000 draws; the whole grid is in tests/benchmarks/coverage.py."""
    assert cluster_coverage(rate, groups, size, within) >= 0.94

"""Intervals of grouped rates and of ranks."""

import numpy as np
import pytest

from orbench_studio.domain.core.rates import wilson
from orbench_studio.estimates.resampling import Resampled
from tests.coverage import clustered_coverage, rank_coverage


def alone(hits, count):
    """`count` prompts, each a group of its own, of which the first `hits` are hits."""
    values = (np.arange(count) < hits).astype(float)[:, None]
    return Resampled(values, np.ones((count, 1)), np.arange(count))


@pytest.mark.parametrize(("hits", "count"), [(30, 400), (200, 400), (0, 400), (400, 400)])
def test_prompts_of_their_own_have_wilsons_interval(hits, count):
    found = alone(hits, count).rates
    assert (found.low[0], found.high[0]) == pytest.approx(wilson(hits, count), abs=0.004)
    assert found.value[0] == hits / count
    assert (found.n[0], found.worth[0]) == (count, pytest.approx(count, rel=0.1))


def test_siblings_that_answer_alike_are_worth_one():
    hits = np.repeat(np.arange(40) % 2, 10).astype(float)[:, None]
    found = Resampled(hits, np.ones((400, 1)), np.repeat(np.arange(40), 10)).rates
    assert found.worth[0] == pytest.approx(40, rel=0.15)
    low, high = wilson(20, 40)
    assert (found.low[0], found.high[0]) == pytest.approx((low, high), abs=0.02)


def test_the_draws_vary_as_the_sandwich_says():
    random = np.random.default_rng(1)
    groups = random.integers(0, 60, 300)
    hits = (random.random((300, 1)) < random.random(60)[groups][:, None]).astype(float)
    drawn = Resampled(hits, np.ones((300, 1)), groups, draws=4_000).drawn
    rate, left = hits.mean(), np.zeros(60)
    np.add.at(left, groups, hits[:, 0] - rate)
    assert drawn.std() == pytest.approx(np.sqrt((left**2).sum()) / 300, rel=0.05)


def test_the_same_seed_gives_the_same_and_the_order_of_rows_does_not_matter():
    random = np.random.default_rng(2)
    hits, groups, order = (random.random((200, 3)) < 0.3).astype(float), np.arange(200) // 4, random.permutation(200)
    one = Resampled(hits, np.ones((200, 3)), groups).rates
    other = Resampled(hits[order], np.ones((200, 3)), groups[order]).rates
    np.testing.assert_array_equal(one.low, other.low)


def test_a_column_without_a_case_has_no_rate_and_comes_last():
    hits, cases = np.zeros((50, 2)), np.ones((50, 2))
    hits[:5, 0], cases[:, 1] = 1, 0
    found = Resampled(hits, cases, np.arange(50))
    assert np.isnan(found.rates.value[1]) and np.isnan(found.rates.low[1])
    assert found.ranks.rank.tolist() == [1, 2]


def test_ranks_that_are_sure_and_ranks_that_are_not():
    random = np.random.default_rng(3)
    hits = (random.random((400, 4)) < np.array([0.9, 0.5, 0.48, 0.1])).astype(float)
    hits[:, 2] = hits[:, 1][random.permutation(400)]  # the same rate, to the last prompt
    found = Resampled(hits, np.ones(hits.shape), np.arange(400)).ranks
    assert found.rank.tolist() == [1, 2, 2, 4]
    assert (found.low.tolist(), found.high.tolist()) == ([1, 2, 2, 4], [1, 3, 3, 4])


def test_what_models_have_in_common_does_not_blur_their_ranks():
    """Two models that differ on one prompt in fifty, always in the same direction."""
    base = (np.random.default_rng(4).random(1_000) < 0.5).astype(float)
    better = np.where(np.arange(1_000) % 50 == 0, 0.0, base)
    found = Resampled(np.column_stack([base, better]), np.ones((1_000, 2)), np.arange(1_000)).ranks
    assert (found.low.tolist(), found.high.tolist()) == ([1, 2], [1, 2])


def test_intervals_of_ranks_hold_the_truth():
    assert rank_coverage([0.3, 0.32, 0.34, 0.36], 100, draws=200, redrawn=100) >= 0.94


@pytest.mark.parametrize(
    ("rate", "groups", "size", "within"), [(0.05, 50, 1, 0.0), (0.3, 50, 2, 0.3), (0.95, 40, 5, 0.2)]
)
def test_intervals_hold_what_they_promise(rate, groups, size, within):
    """2,000 draws; the whole grid is in tests/benchmarks/coverage.py."""
    assert clustered_coverage(rate, groups, size, within) >= 0.94

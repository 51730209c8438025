"""Prediction-powered rates: compared with the reference package, by their properties, and by simulation."""

import numpy as np
import pytest
from scipy.stats import hypergeom

from orbench_studio.estimates.labels_needed import MARGIN, labels_needed
from orbench_studio.estimates.ppi import NO, OUT, YES, ppi_estimate
from tests.coverage import (
    MACHINES,
    RARE_ERRORS,
    clustered_ppi_coverage,
    ppi_coverage,
    probability_coverage,
    rare_errors_coverage,
    sampled_categories,
)

# ppi-python 0.2.3: ppi_mean_pointestimate and ppi_mean_ci(alpha=0.05) on these counts. The sample's units by what
# people say (rows: 0, 1) and the machine says (columns), the other units by what the machine says; value, low, high.
REFERENCE = {
    "good machine": ([[70, 6], [4, 20]], [700, 300], 0.2639727335, 0.2038439476, 0.3241015193),
    "weak machine": ([[20, 12], [10, 8]], [260, 240], 0.3646599469, 0.2318920889, 0.4974278050),
    "large sample": ([[300, 30], [20, 150]], [200, 150], 0.3610884476, 0.3249439557, 0.3972329395),
    "useless machine": ([[15, 20], [10, 5]], [100, 100], 0.3, 0.1729798164, 0.4270201836),
}


def counts(sample, rest):
    """One stratum of units that are all inside."""
    labelled = np.zeros((1, 3, 3), dtype=np.int64)
    labelled[0, NO:, NO:] = sample
    everything = np.zeros((1, 3), dtype=np.int64)
    everything[0, NO:] = np.sum(sample, 0) + rest
    return labelled, everything


@pytest.mark.parametrize("name", REFERENCE)
def test_the_estimate_is_close_to_the_reference_package(name):
    """Lambda is cross-fitted with a prior, and each limit counts a unit more: both differ by a few units of n."""
    sample, rest, value, low, high = REFERENCE[name]
    n = np.sum(sample)
    found = ppi_estimate(*counts(sample, rest))
    assert found.value == pytest.approx(value, abs=(high - low) / 20)
    assert np.subtract(*found.superpopulation_interval[::-1]) == pytest.approx(high - low, rel=11 / n)
    assert found.superpopulation_interval == pytest.approx((low, high), abs=2.5 / n)
    assert found.superpopulation_interval[0] < value < found.superpopulation_interval[1]


def test_a_machine_with_one_answer_does_not_count():
    """statsmodels 0.15.0, proportion_confint(24, 100, method="agresti_coull"), of one in a million units."""
    found = ppi_estimate(*counts([[76, 0], [24, 0]], [1_000_000, 0]))
    assert (found.lam, found.value) == (0, 0.24)
    assert found.superpopulation_interval == pytest.approx((0.1663764, 0.3328602), abs=0.007)


def test_with_all_units_labelled_the_finite_interval_is_the_value():
    found = ppi_estimate(*counts([[70, 6], [4, 20]], [0, 0]))
    assert (found.value, *found.finite_interval) == pytest.approx((0.24, 0.24, 0.24))
    assert found.superpopulation_interval[1] - found.superpopulation_interval[0] > 0.15


def test_a_good_machine_narrows_the_interval_and_a_useless_one_does_not_widen_it():
    good, none = (ppi_estimate(*counts(sample, [700, 300])) for sample in ([[73, 2], [2, 23]], [[50, 25], [17, 8]]))
    assert np.subtract(*good.finite_interval[::-1]) < 0.7 * np.subtract(*none.finite_interval[::-1])
    assert none.lam == pytest.approx(0, abs=0.05)
    assert none.value == pytest.approx(0.25, abs=0.01)


def test_a_machine_without_errors_on_the_sample_still_has_an_interval():
    found = ppi_estimate(*counts([[40, 0], [0, 10]], [800, 200]))
    assert found.value == pytest.approx(0.2, abs=0.001)
    assert found.finite_interval[1] - found.finite_interval[0] > 0.04


def test_strata_are_weighted_by_their_shares():
    """18 of 50 labels are cases; the stratum with more of them is larger and sampled less."""
    labelled, everything = counts([[30, 0], [0, 10]], [60, 20])
    other, all_other = counts([[2, 0], [0, 8]], [180, 720])
    both = ppi_estimate(np.concatenate([labelled, other]), np.concatenate([everything, all_other]))
    rates = [ppi_estimate(labelled, everything).value, ppi_estimate(other, all_other).value]
    sizes = np.array([everything.sum(), all_other.sum()])
    assert both.value == pytest.approx(np.dot(rates, sizes) / sizes.sum(), abs=0.01)


def test_units_outside_do_not_count_in_the_rate():
    labelled = np.array([[[30, 4, 2], [3, 40, 1], [2, 2, 16]]])
    everything = labelled.sum(-2) * 10
    found = ppi_estimate(labelled, everything)
    inside = labelled[0, NO:]
    assert found.value == pytest.approx(inside[1].sum() / inside.sum(), abs=0.002)  # the machine adds little here
    assert found.finite_interval[0] < found.value < found.finite_interval[1]


def test_strata_without_labels_are_pooled():
    labelled, everything = counts([[5, 1], [1, 5]], [50, 50])
    none = np.zeros_like(labelled)
    twice = ppi_estimate(np.concatenate([labelled, none]), np.concatenate([everything, everything]))
    assert twice.value == ppi_estimate(labelled, 2 * everything).value
    there = ppi_estimate(np.concatenate([labelled, none]), np.concatenate([everything, none.sum(-1)]))
    assert there.value == ppi_estimate(labelled, everything).value
    assert np.isnan(ppi_estimate(none, none.sum(-1)).value) and np.isnan(ppi_estimate(none, everything).value)


def test_the_estimate_of_a_rare_rate_is_not_biased():
    """One in fifty by both; in 36 % of the samples nothing is labelled YES by either, and the estimate was 0."""
    everything = np.array([[0, 980, 20]])
    values, chances = [], []
    for hits in range(5):
        labelled = np.zeros((1, 3, 3), dtype=np.int64)
        labelled[0, NO, NO], labelled[0, YES, YES] = 50 - hits, hits
        values.append(float(ppi_estimate(labelled, everything).value))
        chances.append(hypergeom.pmf(hits, 1_000, 20, 50))
    assert np.dot(values, chances) == pytest.approx(0.02, abs=0.002)


def test_labels_needed_reach_the_margin_in_most_samples_and_are_not_too_many():
    """1,000 labels would do, if it were known; the number after 100 labels is random."""
    random, cells = np.random.default_rng(0), np.array([6_500, 800, 700, 2_000])
    first = random.multivariate_hypergeometric(cells, 100, size=200)
    labelled, everything = np.zeros((200, 1, 3, 3), dtype=np.int64), np.tile([[[0, 7_200, 2_800]]], (200, 1, 1))
    labelled[:, 0, NO:, NO:] = first.reshape(-1, 2, 2)
    needed = labels_needed(labelled, everything)[:, 0]
    for one, then, more in zip(labelled, first, needed, strict=True):
        one[0, NO:, NO:] += random.multivariate_hypergeometric(cells - then, more).reshape(2, 2)
    low, high = ppi_estimate(labelled, everything).finite_interval
    assert np.mean((high - low) / 2 <= MARGIN) >= 0.9 and np.median(needed) < 800


def test_labels_are_needed_exactly_where_the_interval_is_too_wide():
    labelled, units = sampled_categories(0.2, 300, MACHINES["good"], draws=200)
    low, high = ppi_estimate(labelled, units.sum(-2)).finite_interval
    for margin in (0.015, 0.02, 0.03):
        needed = labels_needed(labelled, units.sum(-2), margin).sum(-1) > 0
        np.testing.assert_array_equal(needed, (high - low) / 2 > margin)


def test_a_machine_with_more_errors_in_the_sample_needs_more_labels():
    samples = [[25, 0], [0, 25]], [[25, 1], [0, 24]], [[25, 2], [2, 21]], [[13, 12], [12, 13]]
    needed = [int(labels_needed(*counts(sample, [5_000, 5_000])).sum()) for sample in samples]
    assert needed == sorted(needed)
    assert 100 < needed[0] < 300 and 1_000 < needed[-1] < 1_300


def test_probabilities_narrow_the_interval_and_need_not_be_calibrated():
    covered, by_class, overconfident = (
        probability_coverage(0.2, 0.1, 200, draws=200, **how) for how in ({}, {"classes": True}, {"power": 2.0})
    )
    assert min(covered.coverage, overconfident.coverage) >= 0.92
    assert abs(overconfident.bias) < 0.1 * overconfident.width
    assert covered.width < overconfident.width < 0.97 * by_class.width


def test_clusters_widen_the_interval_for_units_like_these():
    design = 0.5, 100, 10, 0.5, 100, MACHINES["good"]
    found, independent = (clustered_ppi_coverage(*design, independent=one, draws=150) for one in (False, True))
    assert found.coverage >= 0.92 > 0.85 > independent.coverage


def test_labels_needed_before_the_first_label_and_after_the_last():
    none = np.zeros((1, 3, 3), dtype=np.int64)
    assert labels_needed(none, np.array([[0, 500_000, 500_000]])) == pytest.approx(1_076, abs=8)
    assert labels_needed(none, np.array([[0, 30, 20]])) in (48, 49, 50)
    assert labels_needed(*counts([[25, 5], [5, 15]], [0, 0])) == [0]
    assert labels_needed(none, np.zeros((1, 3), dtype=np.int64)) == [0]


def test_labels_needed_where_none_labelled_so_far_is_inside():
    labelled = np.zeros((2, 3, 3), dtype=np.int64)
    labelled[:, OUT, YES] = 5
    everything = np.array([[0, 60, 60], [0, 60, 60]])
    assert labels_needed(labelled[:1], everything[:1]).sum() > 50
    assert labels_needed(labelled, everything).sum() > 100
    assert np.isnan(ppi_estimate(labelled, everything).value)


def test_labels_needed_are_in_strata_with_few_labels():
    labelled, everything = counts([[30, 5], [5, 20]], [1_000, 800])
    few = np.concatenate([labelled, labelled // 5]), np.concatenate([everything, everything])
    assert labels_needed(*few)[1] - labels_needed(*few)[0] > 30
    alone = labels_needed(np.concatenate([labelled, 0 * labelled]), np.concatenate([everything, everything]))
    assert alone[1] > alone[0] > 0


@pytest.mark.parametrize("machine", MACHINES)
def test_estimates_from_fifty_labels_of_ten_unequal_categories(machine):
    """500 draws; the whole grid is in tests/benchmarks/coverage.py."""
    for rate in (0.02, 0.3, 0.95):
        found = ppi_coverage(rate, 50, MACHINES[machine], draws=500)
        assert found.coverage >= 0.92
        assert abs(found.bias) < 0.2 * found.width / 2  # a tenth, and the noise of 500 draws


@pytest.mark.parametrize(("units", "labels"), RARE_ERRORS.items())
def test_errors_that_most_samples_do_not_show_are_in_the_interval(units, labels):
    """In a tenth of the samples of the first design no error is labelled, and the interval had to contain four."""
    assert rare_errors_coverage(units, labels, draws=500).coverage >= 0.94


def test_estimates_of_a_ratio_from_a_partly_labelled_sample():
    found = ppi_coverage(0.3, 60, MACHINES["mediocre"], outside=0.4, planned=120, draws=500)
    assert found.coverage >= 0.92

"""Prediction-powered rates: compared with the reference package, by their properties, and by simulation."""

import numpy as np
import pytest

from orbench_studio.estimates.ppi import MARGIN, NO, OUT, YES, labels_needed, ppi_estimate
from tests.coverage import ppi_coverage

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
def test_the_value_equals_the_reference_package(name):
    sample, rest, value, _, _ = REFERENCE[name]
    assert ppi_estimate(*counts(sample, rest)).value == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("name", REFERENCE)
def test_the_interval_equals_the_reference_package_without_pseudo_units(name):
    sample, rest, value, low, high = REFERENCE[name]
    n = np.sum(sample)
    found = ppi_estimate(*counts(sample, rest))
    assert np.subtract(*found.superpopulation_interval[::-1]) == pytest.approx(high - low, rel=6 / n)
    assert found.superpopulation_interval == pytest.approx((low, high), abs=2 / n)
    assert found.superpopulation_interval[0] < value < found.superpopulation_interval[1]


def test_without_a_machine_the_interval_is_agresti_coull():
    """statsmodels 0.15.0, proportion_confint(24, 100, method="agresti_coull"), of one in a million units."""
    found = ppi_estimate(*counts([[76, 0], [24, 0]], [1_000_000, 0]))
    assert found.lam == 0
    assert found.superpopulation_interval == pytest.approx((0.1663764, 0.3328602), abs=0.002)


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
    assert found.value == pytest.approx(0.2)
    assert found.finite_interval[1] - found.finite_interval[0] > 0.05


def test_strata_are_weighted_by_their_shares():
    """A stratum sampled at another rate than the rest makes no difference to what is estimated."""
    labelled, everything = counts([[30, 0], [0, 10]], [60, 20])
    other, all_other = counts([[2, 0], [0, 8]], [180, 720])
    both = ppi_estimate(np.concatenate([labelled, other]), np.concatenate([everything, all_other]))
    rates = [ppi_estimate(labelled, everything).value, ppi_estimate(other, all_other).value]
    sizes = np.array([everything.sum(), all_other.sum()])
    assert both.value == pytest.approx(np.dot(rates, sizes) / sizes.sum(), abs=1e-9)


def test_units_outside_do_not_count_in_the_rate():
    labelled = np.array([[[30, 4, 2], [3, 40, 1], [2, 2, 16]]])
    everything = labelled.sum(-2) * 10
    found = ppi_estimate(labelled, everything)
    inside = labelled[0, NO:]
    assert found.value == pytest.approx(inside[1].sum() / inside.sum(), abs=1e-9)  # the machine adds nothing here
    assert found.machine == pytest.approx(everything[0, YES] / everything[0, NO:].sum())
    assert found.finite_interval[0] < found.value < found.finite_interval[1]


def test_undefined_values_are_none_or_nan():
    labelled, everything = counts([[5, 1], [1, 5]], [50, 50])
    unlabelled = np.concatenate([labelled, np.zeros_like(labelled)])
    assert np.isnan(ppi_estimate(unlabelled, np.concatenate([everything, everything])).value)
    none = np.zeros_like(labelled)
    assert np.isnan(ppi_estimate(none, none.sum(-1)).value)
    there = ppi_estimate(np.concatenate([labelled, none]), np.concatenate([everything, none.sum(-1)]))
    assert there.value == ppi_estimate(labelled, everything).value


def test_labels_needed_reach_the_margin_and_not_fewer_labels_do():
    sample, rest = np.array([[70, 6], [4, 20]]), np.array([1_400, 500])
    [needed] = labels_needed(*counts(sample, rest))
    assert 200 < needed < 500
    for factor, enough in ((1.05, True), (0.9, False)):
        share = factor * (needed + 100) / 100
        more = np.rint(sample * share).astype(int)
        of = sample.sum(0) + rest - more.sum(0)
        here = ppi_estimate(*counts(more, of)).finite_interval
        assert bool((here[1] - here[0]) / 2 <= MARGIN) is enough


def test_labels_needed_before_the_first_label_and_after_the_last():
    none = np.zeros((1, 3, 3), dtype=np.int64)
    assert labels_needed(none, np.array([[0, 500_000, 500_000]])) == pytest.approx(1_067, abs=8)
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
    needed = labels_needed(np.concatenate([labelled, labelled // 5]), np.concatenate([everything, everything]))
    assert needed[1] - needed[0] == pytest.approx(48, abs=2)
    alone = labels_needed(np.concatenate([labelled, 0 * labelled]), np.concatenate([everything, everything]))
    assert alone[1] > alone[0] > 0


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.5, 0.95])
def test_intervals_have_nominal_coverage(rate):
    """2,000 draws; the whole grid is in tests/benchmarks/coverage.py."""
    for errors in ((0.5, 0.5), (0.1, 0.05), (0.0, 0.02)):
        here, beyond = ppi_coverage(rate, 50, 400, errors)
        assert min(here, beyond) >= 0.94


def test_intervals_of_strata_and_ratios_have_nominal_coverage():
    here, beyond = ppi_coverage(0.3, 60, 600, (0.1, 0.1), strata=3, outside=0.4)
    assert min(here, beyond) >= 0.94

"""Rates and their intervals, against published values."""

import pytest

from orbench_studio.domain.core.rates import Rate, wilson


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_wilson_interval_is_that_of_newcombe_s_table_i(count, n, low, high):
    assert wilson(count, n) == pytest.approx((low, high), abs=0.00005)
    assert wilson(n - count, n) == pytest.approx((1 - high, 1 - low), abs=0.00005)


def test_another_confidence_is_another_width():
    assert wilson(5, 10, 0.99)[0] < wilson(5, 10)[0] < wilson(5, 10, 0.8)[0] < 0.5


def test_nothing_has_no_rate():
    assert (Rate(0, 0).value, Rate(0, 0).interval) == (None, None)
    assert Rate(0, 0).words == "none yet"


def test_a_rate_is_told_with_its_n_and_interval():
    assert Rate(1, 4).value == 0.25
    assert Rate(81, 263).words == "81 of 263: 31 % (26 to 37 %)"


@pytest.mark.parametrize(("count", "n"), [(2, 1), (-1, 3), (0, -1)])
def test_what_cannot_be_is_refused(count, n):
    with pytest.raises(ValueError, match="is no rate"):
        Rate(count, n)

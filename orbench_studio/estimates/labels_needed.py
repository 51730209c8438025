"""Labels that narrow a prediction-powered interval to a margin, with a probability of 90 %.

The half-width after more labels is predicted from the variance of a unit so far, and from how much later labels can
increase it. Squared residuals of a machine with few errors come in errors: so many labels without an error do not show
whether there are some. So the errors of later labels have a negative binomial distribution: Poisson with the gamma rate
that follows from the errors so far and one more (Gelman et al., "Bayesian Data Analysis", 2013, section 2.6), and the
labels so far remain part of the sample. An F distribution of the ratio of two variances assumes neither, and asks for
a third more labels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from orbench_studio.estimates.ppi import (
    CLASSES,
    Array,
    Forecast,
    Strata,
    prediction_error,
    quantile,
    shift,
    zero_if_nan,
)

MARGIN = 0.03
_REACHED = 0.9  # probability that the labels needed narrow the interval to the margin
_MOST_WIDER = 2.0  # than the variance of a unit explains


def labels_needed(
    labelled: NDArray[np.int64],
    all_units: NDArray[np.int64],
    margin: float = MARGIN,
    predictions: Array = CLASSES,
) -> NDArray[np.int64]:
    """Compute the labels still needed in each stratum, (..., strata), to narrow `finite_interval` to ± `margin`.

    The arguments are those of `ppi_estimate`. The number is 0 if the interval is narrow enough. Labels go to strata in
    proportion to size and standard deviation (Neyman, J. Royal Statistical Society 97, 1934).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        strata = Strata(labelled.astype(float), all_units.astype(float), predictions)
        plan = _Plan(strata.sampled, strata.size, strata.forecast())
        low, high = np.zeros(plan.now.inside.shape), plan.most
        for _ in range(int(np.log2(max(high.max(initial=1), 2))) + 2):  # the width decreases with every label
            middle = np.floor((low + high) / 2)
            narrow = ~(plan.half_width(plan.allocated(middle)) > margin)
            low, high = np.where(narrow, low, middle + 1), np.where(narrow, middle, high)
        return np.where((plan.now.inside > 0)[..., None], plan.allocated(high) - plan.have, 0).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Half-widths after more labels; `have` and `of` are the labels so far and the units of each stratum."""

    have: Array
    of: Array
    now: Forecast

    @property
    def most(self) -> Array:
        """Return a number of labels that labels all units."""
        return np.asarray(self.of.sum(-1) / np.where(self._weight > 0, self._weight, np.inf).min(-1))

    @property
    def _weight(self) -> Array:
        weight = self.of * np.sqrt(self.now.variance)
        return zero_if_nan(weight / weight.sum(-1, keepdims=True))

    def allocated(self, labels: Array) -> Array:
        """Allocate labels to the strata, which keep those that they have."""
        return np.asarray(np.minimum(np.maximum(self.have, np.ceil(labels[..., None] * self._weight)), self.of))

    def half_width(self, n: Array) -> Array:
        """Return the half-width with these labels, which is exceeded with a probability of 10 %.

        An interval that is wider than its variance explains stays wider, by less.
        """
        growth, width = self._growth(n), self.now.width
        wider = width / self._by_variance(self.have)
        wider = np.clip(np.where(np.isfinite(wider), wider, 1.0), 1, _MOST_WIDER)
        later = self._by_variance(n) * (1 + (wider - 1) / np.sqrt(growth))
        return np.where((growth > 1) | np.isnan(width), later, width)

    def _growth(self, n: Array) -> Array:
        return np.asarray(np.maximum(n.sum(-1) / np.maximum(self.have.sum(-1), 1), 1))

    def _by_variance(self, n: Array) -> Array:
        """Return the half-width by the variance of a unit, increased by the 90 % quantile of later errors."""
        now, growth = self.now, self._growth(n)
        # The gamma distribution with the mean and the variance of the negative binomial one; none without more labels.
        more = growth * zero_if_nan(gammaincinv((now.errors + 1) * (1 - 1 / growth), _REACHED))
        increase = (now.errors + more + 1) / (now.labels * growth + 1) * (now.labels + 1) / (now.errors + 1)
        share = self.of / self.of.sum(-1, keepdims=True)
        error = prediction_error(share, n, self.of, now.variance).sum(-1) * np.where(np.isnan(now.width), 1, increase)
        apart = shift(now.shift_errors * growth) * (1 + now.lam) * (share * (1 - n / self.of)).sum(-1) / (n.sum(-1) + 1)
        return np.asarray((quantile(0.0) * np.sqrt(error) + apart) / now.inside)

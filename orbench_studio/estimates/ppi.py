"""Prediction-powered rates from human labels of a random sample and machine labels of all units (PPI++).

Angelopoulos, Duchi, Zrnic, "PPI++: Efficient Prediction-Powered Inference", arXiv 2311.01453: the machine rate of all
units, corrected by the human labels of the sample, with the machine weight lambda that minimises the variance (their
section 6). Strata are added with their shares of all units and have one common lambda.

A unit is outside the rate (OUT: not safe, for example), or inside it and no case (NO) or a case (YES). The rate is a
ratio: cases among the units inside. Both counts are estimated; the error of the ratio is that of cases - rate * inside
(linearised: Särndal, Swensson, Wretman, "Model Assisted Survey Sampling", 1992, section 5.6). If no unit is outside,
the results equal those of the paper.

There are two 95 % intervals. `finite_interval` is for the rate of these units if people labelled all of them (finite
population: with all units labelled, its width is 0). `superpopulation_interval` is for the rate of units like these,
as in the paper. Both add four pseudo-units, one for each pair of NO and YES, for errors that a small sample cannot
show; without a machine this is the interval of Agresti and Coull (The American Statistician 52, 1998). The value does
not use them. Assumes simple random sampling in each stratum.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

OUT, NO, YES = range(3)
STATES = 3
MARGIN = 0.03
_CONFIDENCE = 0.95
_ITERATIONS = 3  # of value and lambda; they converge after two
Array = NDArray[np.float64]

_PSEUDO = np.zeros((STATES, STATES))
_PSEUDO[NO:, NO:] = 1.0


@dataclass(frozen=True, slots=True)
class PpiEstimate:
    """Estimated rates, one for each element; nan if undefined (a stratum without labels, no unit inside).

    `machine` is the rate by machine labels only, `sample` that of the labelled units only. Intervals are (low, high).
    """

    value: Array
    lam: Array
    finite_interval: tuple[Array, Array]
    superpopulation_interval: tuple[Array, Array]
    machine: Array
    sample: Array


def ppi_estimate(labelled: NDArray[np.int64], all_units: NDArray[np.int64]) -> PpiEstimate:
    """Compute many estimates at once.

    `labelled` (..., strata, 3, 3) counts the units of the sample by human state and machine state, in
    this order; `everything` (..., strata, 3) counts all units, including sampled ones, by machine
    state.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return _Strata(labelled, all_units).estimate()


def labels_needed(
    labelled: NDArray[np.int64], all_units: NDArray[np.int64], margin: float = MARGIN
) -> NDArray[np.int64]:
    """Compute the labels still needed in each stratum, (strata,), to narrow `finite_interval` to ± `margin`.

    For one estimate: shapes are those of `ppi_estimate` without leading axes. Labels go to the strata with the fewest
    for their size. The variance is estimated from the labels so far, and is the largest possible before the first one.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        strata = _Strata(labelled, all_units)
        have, of = strata.sampled, strata.size
        variance, inside = strata.planned()
        if not inside > 0:
            return np.zeros(len(have), dtype=np.int64)

        def spread(labels: int) -> Array:
            return np.asarray(np.minimum(np.maximum(have, np.ceil(labels * of / of.sum())), of))

        low, high = 0, int(of.sum())
        while low < high:  # the width decreases with every label
            middle = (low + high) // 2
            n = spread(middle)
            width = _quantile(n.sum()) * np.sqrt(_error(strata.share, n, of, variance)) / inside
            low, high = (low, middle) if width <= margin else (middle + 1, high)
    return np.asarray(spread(low) - have, dtype=np.int64)


class _Strata:
    """Shares of the states in each stratum: in the sample, in all units, and in the unsampled units."""

    def __init__(self, labelled: NDArray[np.int64], all_units: NDArray[np.int64]) -> None:
        self.counts, self.all = labelled.astype(float), all_units.astype(float)
        self.size, self.sampled = self.all.sum(-1), self.counts.sum((-1, -2))
        self.share = self.size / self.size.sum(-1, keepdims=True)
        part = self.sampled / self.sampled.sum(-1, keepdims=True)
        self.fraction = np.where(self.size > 0, self.sampled / self.size, 0.0)
        self.seen = _normal(self.counts, 2)
        self.padded = _normal(self.counts + _PSEUDO * part[..., None, None], 2)
        self.machine = _normal(self.all, 1)
        self.rest = np.where((self.size > self.sampled)[..., None], _normal(self.all - self.counts.sum(-2), 1), 0.0)

    def estimate(self) -> PpiEstimate:
        sample, _ = self._ratio(_by_people(self.seen))
        value, lam = sample, np.zeros_like(sample)
        for _ in range(_ITERATIONS):
            lam = self._lambda(np.clip(value, 0, 1))
            value, _ = self._ratio(self._corrected(self.seen, lam))
        value = np.clip(value, 0, 1)
        by_machine, _ = self._ratio(self.machine)
        return PpiEstimate(
            value,
            lam,
            self._finite_interval(value, lam),
            self._superpopulation_interval(value, lam),
            by_machine,
            sample,
        )

    def planned(self) -> tuple[Array, Array]:
        """Return the variance of a unit in each stratum, and the share of units inside."""
        value = self.estimate().value if self.sampled.any() else np.asarray(np.nan)
        if np.isnan(value) and (len(self.size) == 1 or not self.sampled.any()):  # no unit inside is labelled
            inside = (self.share * self.machine[:, NO:].sum(-1))[self.size > 0].sum()
            return np.full_like(self.share, inside / 4), inside
        if np.isnan(value):  # strata without labels get the common variance of the others
            together = _Strata(self.counts.sum(-3, keepdims=True), self.all.sum(-2, keepdims=True))
            variance, inside = together.planned()
            return np.full_like(self.share, variance[0]), inside
        lam = self._lambda(value)
        _, inside = self._ratio(self._corrected(self.padded, lam))
        return self._residual(value, lam), inside

    def _finite_interval(self, value: Array, lam: Array) -> tuple[Array, Array]:
        """Return the finite-population interval: sampled units are known, pseudo-units describe only the rest."""
        f = self.fraction[..., None]
        rest = _by_people(self.padded) + lam[..., None, None] * (self.rest - _by_machine(self.padded))
        centre, inside = self._ratio(f * _by_people(self.seen) + (1 - f) * rest)
        variance = self._residual(np.clip(centre, 0, 1), lam)
        error = _error(self.share, self.sampled, self.size, variance) / inside**2
        return self._bounds(value, centre, error)

    def _superpopulation_interval(self, value: Array, lam: Array) -> tuple[Array, Array]:
        """Return the superpopulation interval: the units themselves are a sample."""
        centre, inside = self._ratio(self._corrected(self.padded, lam))
        clipped = np.clip(centre, 0, 1)
        variance, z = self._residual(clipped, lam), _scores(clipped)
        units = _variance(_by_people(self.padded), z[..., None, :])
        error = _error(self.share, self.sampled, self.size, variance)
        error = error + np.sum(_zero_if_nan(self.share * units), -1) / self.size.sum(-1)
        return self._bounds(value, centre, error / inside**2)

    def _bounds(self, value: Array, centre: Array, error: Array) -> tuple[Array, Array]:
        half = _quantile(self.sampled.sum(-1)) * np.sqrt(error)
        low, high = np.minimum(centre - half, value), np.maximum(centre + half, value)
        return np.clip(low, 0, 1), np.clip(high, 0, 1)

    def _lambda(self, value: Array) -> Array:
        """Return the machine weight with the least variance: at least 0, for a machine without information."""
        z = _scores(value)[..., None, :]
        weight = _zero_if_nan(self.share**2 * (1 - self.fraction) / self.sampled)
        people, machine = _by_people(self.seen), _by_machine(self.seen)
        both = np.einsum("...hij,...hi,...hj->...h", self.seen, *np.broadcast_arrays(z, z))
        covariance = both - (people * z).sum(-1) * (machine * z).sum(-1)
        of_units = self.size / np.maximum(self.size - 1, 1)
        variance = np.sum(weight * _zero_if_nan(of_units * _variance(self.machine, z)), -1)
        found = np.sum(weight * _zero_if_nan(covariance), -1) / np.where(variance > 0, variance, np.inf)
        total = self.size.sum(-1)
        most = total / np.maximum(total - self.sampled.sum(-1), 1)  # 1 in the paper, which uses unsampled units only
        return np.asarray(np.clip(found, 0, most))

    def _corrected(self, seen: Array, lam: Array) -> Array:
        return _by_people(seen) + lam[..., None, None] * (self.machine - _by_machine(seen))

    def _ratio(self, states: Array) -> tuple[Array, Array]:
        """Return cases among the units inside, and the share inside, over all strata with units."""
        there = (self.size > 0)[..., None]
        total = np.sum(np.where(there, self.share[..., None] * states, 0.0), -2)
        inside = total[..., NO] + total[..., YES]
        return np.asarray(total[..., YES] / np.where(inside > 0, inside, np.nan)), inside

    def _residual(self, value: Array, lam: Array) -> Array:
        """Return the residual variance of a unit given the machine label, by stratum."""
        z = _scores(value)
        left = (z[..., :, None] - lam[..., None, None] * z[..., None, :])[..., None, :, :]
        mean = (self.padded * left).sum((-1, -2))
        return np.asarray((self.padded * left**2).sum((-1, -2)) - mean**2)


def _error(share: Array, n: Array, of: Array, variance: Array) -> Array:
    """Return the variance of predicting the unsampled units, summed over strata; pseudo-units count as units."""
    with_pseudo = n + _PSEUDO.sum() * n / n.sum(-1, keepdims=True)
    rest = np.maximum(of - n, 1)
    return np.asarray(
        _zero_if_nan(share**2 * (1 - n / of) ** 2 * variance * (1 / with_pseudo + 1 / rest), (of > n)).sum(-1)
    )


def _zero_if_nan(values: Array, where: NDArray[np.bool_] | None = None) -> Array:
    """Replace values of strata without (unsampled) units by 0."""
    return np.where(np.isnan(values) if where is None else ~where, 0.0, values)


def _scores(value: Array) -> Array:
    """Return cases - value * inside of a unit in each state."""
    return np.stack([np.zeros_like(value), -value, 1 - value], -1)


def _variance(shares: Array, z: Array) -> Array:
    return np.asarray((shares * z**2).sum(-1) - (shares * z).sum(-1) ** 2)


def _by_people(shares: Array) -> Array:
    return np.asarray(shares.sum(-1))


def _by_machine(shares: Array) -> Array:
    return np.asarray(shares.sum(-2))


def _normal(counts: Array, axes: int) -> Array:
    last = tuple(range(-axes, 0))
    return np.asarray(counts / counts.sum(last, keepdims=True))


def _quantile(n: Array) -> Array:
    return np.asarray(student.ppf((1 + _CONFIDENCE) / 2, np.maximum(n - 1, 1)))

"""Prediction-powered rates from human labels of a random sample and machine labels of all units (PPI++).

Angelopoulos, Duchi, Zrnic, "PPI++: Efficient Prediction-Powered Inference", arXiv 2311.01453, stratified as in Fisch et
al., arXiv 2406.04291: the machine rate of all units, corrected by the human labels of the sample, with the machine
weight lambda that minimises the variance. Lambda is cross-fitted (Zrnic, Candès, PNAS 121, 2024): the weight of each
sampled unit is estimated without that unit, so that it does not bias the estimate. Lambda starts from `_PRIOR_WEIGHT`
with the weight of `_PRIOR_UNITS` units, because a small sample says little about a machine. Strata with fewer than two
labels are pooled.

A unit is outside the rate (OUT: not safe, for example), or inside it and no case (NO) or a case (YES). The rate is a
ratio: cases among the units inside. Both counts are estimated; the error of the ratio is that of cases - rate * inside
(linearised: Särndal, Swensson, Wretman, "Model Assisted Survey Sampling", 1992, section 5.6).

There are two 95 % intervals. `finite_interval` is for the rate of these units if people labelled all of them (finite
population: with all units labelled, its width is 0). `superpopulation_interval` is for the rate of units like these,
as in the paper.

A machine can give probabilities of a case instead of states (`PROBABILITIES`), in steps of 5 %.

A machine that seldom errs leaves few errors in a sample, or none. Each limit therefore counts one more unit: half of it
is an error in either direction, of which `_SHIFT` moves to the direction of the limit. The more errors the sample
shows, the less moves: half of `_SHIFT` after `_SHIFT_ERRORS`. This gives about the limits of the mid-P exact interval
of a Poisson rate (Lancaster, JASA 56, 1961), which are those of 1/2 more case where cases are many, and it corrects the
skewness of a rare error (Hall, "The Bootstrap and Edgeworth Expansion", 1992). The limit is a
quantile of the gamma distribution with the mean, the variance and the skewness of the estimate (as for weighted sums of
counts: Fay, Feuer, Statistics in Medicine 16, 1997; signed here: Pearson's type III). The variance of a stratum shrinks
towards that of all strata (`_SHRINKAGE` degrees of freedom). Assumes simple random sampling in each stratum.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

OUT, NO, YES = range(3)
STATES = 3
CLASSES = np.eye(STATES)  # predictions of a machine without probabilities
_STEPS = 20  # of probabilities
_BETWEEN = np.arange(1, _STEPS) / _STEPS
PROBABILITIES = np.vstack([CLASSES, np.stack([0 * _BETWEEN, 1 - _BETWEEN, _BETWEEN], -1)])
_TAIL = (1 + 0.95) / 2
_ITERATIONS = 3  # of value and lambda; they converge after two
_LEAST = 2  # labels of a stratum of its own
_PRIOR_UNITS, _PRIOR_WEIGHT = 5.0, 0.7
_SHRINKAGE = 2.0
_LEAST_SPREAD = 2.0  # of the squared residuals, relative; 0 for a fair coin, but lambda varies too
Array = NDArray[np.float64]

_SHIFT, _SHIFT_ERRORS = 1 / 4, 2.0
_LIMITS = -1, 1  # directions of the lower and of the upper limit
_LEAST_SKEW = 1e-3  # the gamma distribution is then normal


@dataclass(frozen=True, slots=True)
class PpiEstimate:
    """Estimated rates, one for each element; nan if undefined (no labels, no unit inside).

    `sample` is the rate of the labelled units only. Intervals are (low, high).
    """

    value: Array
    lam: Array
    finite_interval: tuple[Array, Array]
    superpopulation_interval: tuple[Array, Array]
    sample: Array


def ppi_estimate(
    labelled: NDArray[np.int64],
    all_units: NDArray[np.int64],
    predictions: Array = CLASSES,
    design_effect: Array | float = 1.0,
) -> PpiEstimate:
    """Compute many estimates at once.

    `labelled` (..., strata, 3, machine) counts the units of the sample by human state and machine state, in this order;
    `all_units` (..., strata, machine) counts all units, including sampled ones, by machine state. The machine states
    are OUT, NO, YES and, with `PROBABILITIES`, those of `probability_state`; `predictions` (machine, 3) has the
    probabilities of the human states that each stands for. Wrong probabilities do not bias the estimate, and good ones
    narrow its interval. `design_effect` (...) is that of clusters, and widens the superpopulation interval.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return Strata(*_pooled(labelled, all_units), predictions, design_effect).estimate()


def probability_state(probability: Array) -> NDArray[np.int64]:
    """Return the machine state, an index into `PROBABILITIES`, of units inside with these probabilities of a case."""
    step = np.rint(np.clip(probability, 0, 1) * _STEPS).astype(np.int64)
    return np.asarray(np.where(step == 0, NO, np.where(step == _STEPS, YES, YES + step)))


def influence(
    found: PpiEstimate,
    groups: NDArray[np.int64],
    strata: NDArray[np.int64],
    people: NDArray[np.int64],
    machine: NDArray[np.int64],
    predictions: Array = CLASSES,
) -> Array:
    """Return how much each unit contributes to the error of its estimate, for `clusters.design_effect`.

    `groups` are the indices of the units' estimates in `found`, `strata` their strata, numbered over all estimates;
    `people` is -1 for a unit without a label.
    """
    value, lam = (np.nan_to_num(values.ravel())[groups] for values in (found.value, found.lam))
    sampled = people >= 0
    by_people = (people == YES) - value * ((people == NO) | (people == YES))
    by_machine = predictions[machine, YES] - value * (1 - predictions[machine, OUT])
    left = np.where(sampled, by_people - lam * by_machine, 0)
    size, labels = np.bincount(strata), np.maximum(np.bincount(strata, sampled), 1)
    of_machine = lam * (by_machine - (np.bincount(strata, by_machine) / np.maximum(size, 1))[strata])
    of_sample = np.where(sampled, left - (np.bincount(strata, left) / labels)[strata], 0) * (size / labels)[strata]
    return np.asarray((of_machine + of_sample) / np.bincount(groups)[groups])


@dataclass(frozen=True, slots=True)
class Forecast:
    """What labels say about the interval after more labels: the spread of a unit, and how well it is known.

    The variance of a unit in each stratum, half of it that of all strata because a stratum has few labels, is the
    largest possible before the first label. `errors` is the number of errors that give the variance of the variance:
    the effective number of labels divided by the kurtosis - 1 (O'Neill, The American Statistician 68, 2014). `width`
    is the half-width of the interval so far; nan before the first label.
    """

    variance: Array
    inside: Array
    lam: Array
    shift_errors: Array
    errors: Array
    labels: Array
    width: Array


class Strata:
    """Shares of the states in each stratum: in the sample, in all units, and in the unsampled units."""

    def __init__(
        self, labelled: Array, all_units: Array, predictions: Array, design_effect: Array | float = 1.0
    ) -> None:
        self.counts, self.all, self.predictions = labelled, all_units, predictions
        self.design_effect = design_effect
        self.size, self.sampled = self.all.sum(-1), self.counts.sum((-1, -2))
        self.share = self.size / self.size.sum(-1, keepdims=True)
        self.fraction = zero_if_nan(self.sampled / self.size)[..., None]
        part = zero_if_nan(self.sampled / self.sampled.sum(-1, keepdims=True))
        self.seen = _normal(self.counts, 2)
        self.part = part[..., None, None]
        self.machine = _normal(self.all, 1)
        self.rest = np.where((self.size > self.sampled)[..., None], _normal(self.all - self.counts.sum(-2), 1), 0.0)

    def estimate(self) -> PpiEstimate:
        sample, _ = self._ratio(_by_people(self.seen))
        value, lam = sample, np.zeros_like(sample)
        for _ in range(_ITERATIONS):
            lam, of_unit = self._lambda(np.clip(value, 0, 1))
            value, _ = self._ratio(self._cross_fitted(of_unit))
        value = np.clip(value, 0, 1)
        moved = shift(self._errors(value, lam))
        finite, superpopulation = (
            (self._limit(value, lam, moved, 0, of_units=of_units), self._limit(value, lam, moved, 1, of_units=of_units))
            for of_units in (False, True)
        )
        return PpiEstimate(value, lam, finite, superpopulation, sample)

    def forecast(self) -> Forecast:
        """Return what these labels say about the width of the interval after more labels."""
        pooled = Strata(*_pooled(self.counts, self.all), self.predictions)
        fitted = pooled.estimate()
        unit = self._additional_unit(np.zeros_like(fitted.value))
        known = ~np.isnan(fitted.value)
        inside = pooled._ratio(_by_people(pooled._padded(unit)))[1]
        inside = np.where(known, inside, self._ratio(self._states(self.machine))[1])
        value, lam = np.where(known, fitted.value, 0.5), fitted.lam
        variance = self._residual(value, lam, self._padded(unit))
        variance = np.where(known[..., None] & ~np.isnan(variance), variance, inside[..., None] / 4)
        variance = (variance + (self.share * variance).sum(-1, keepdims=True)) / 2
        second, fourth = self._moments(value, lam, unit, 2, 4)
        labels = 1 / zero_if_nan(pooled.share**2 / np.maximum(pooled.sampled - 1, 0.5)).sum(-1)
        errors = np.maximum((labels + 1) / np.maximum(fourth / second**2 - 1, _LEAST_SPREAD) - 1, 0)
        low, high = fitted.finite_interval
        shift_errors = self._errors(value, lam)
        return Forecast(variance, inside, lam, shift_errors, errors, labels, (high - low) / 2)

    def _padded(self, unit: Array) -> Array:
        """Return the shares of the states in the sample with an additional unit, by stratum."""
        return _normal(self.counts + unit[..., None, :, :] * self.part, 2)

    def _limit(self, value: Array, lam: Array, moved: Array, limit: int, *, of_units: bool) -> Array:
        """Return a limit for the rate of these units; with `of_units` the units themselves are a sample."""
        direction = _LIMITS[limit]
        unit = self._additional_unit(direction * moved)
        padded = self._padded(unit)
        weight = lam[..., None, None]
        if of_units:
            states = _by_people(padded) + weight * self._states(self.machine - _by_machine(padded))
        else:
            rest = _by_people(padded) + weight * self._states(self.rest - _by_machine(padded))
            states = self.fraction * _by_people(self.seen) + (1 - self.fraction) * rest
        centre, inside = self._ratio(states)
        clipped = np.clip(centre, 0, 1)
        variance = self._residual(clipped, lam, padded)
        parts = prediction_error(self.share, self.sampled, self.size, variance)
        error = parts.sum(-1)
        second, third = self._moments(clipped, lam, unit, 2, 3)
        third = third / second * (parts * self._step()).sum(-1)
        if of_units:
            units = _variance(_by_people(padded), _scores(clipped)[..., None, :])
            of_independent = np.sum(zero_if_nan(self.share * units), -1) / self.size.sum(-1)
            error = self.design_effect * (error + of_independent)
        width = quantile(direction * zero_if_nan(third / error**1.5)) * np.sqrt(error) / inside
        end = np.clip(centre + direction * width, 0, 1)
        return np.asarray(direction * np.maximum(direction * end, direction * value))

    def _step(self) -> Array:
        """Return the change of the estimate by one unit of each stratum, times the skewness of a finite population."""
        n = self.sampled + self.part[..., 0, 0]
        return zero_if_nan(self.share * (2 - self.fraction[..., 0]) / n)

    def _moments(self, value: Array, lam: Array, unit: Array, *powers: int) -> list[Array]:
        """Return central moments of the residuals of all strata, with an additional unit."""
        left = self._residuals(value, lam)
        together = _normal(self.counts.sum(-3, keepdims=True) + unit[..., None, :, :], 2)
        centred = left - (together * left).sum((-1, -2), keepdims=True)
        return [(together * centred**power).sum((-1, -2, -3)) for power in powers]

    def _errors(self, value: Array, lam: Array) -> Array:
        """Return the effective number of errors in the sample: labels divided by the kurtosis of their residuals.

        The additional unit is counted and then subtracted, so that many small residuals are not many errors.
        """
        second, fourth = self._moments(value, lam, self._additional_unit(np.zeros_like(value)), 2, 4)
        return np.maximum(zero_if_nan((self.sampled.sum(-1) + 1) * second**2 / fourth) - 1, 0)

    def _lambda(self, value: Array) -> tuple[Array, Array]:
        """Return the machine weight, and the weight (..., strata, 3, 3) for a unit, estimated without this unit.

        The weight is the slope of human on machine scores; machine scores are centred at their known means.
        """
        z = _scores(value)
        of_machine = (z @ self.predictions.T)[..., None, :]
        from_mean = of_machine - (self.machine * of_machine).sum(-1, keepdims=True)
        weight = self.share**2 * (1 - self.fraction[..., 0]) / self.sampled
        of_one = zero_if_nan(weight / self.sampled)[..., None, None]
        square = of_one * zero_if_nan(from_mean[..., None, :]) ** 2
        product = of_one * z[..., None, :, None] * zero_if_nan(from_mean[..., None, :])
        known = zero_if_nan(weight * (self.machine * from_mean**2).sum(-1)).sum(-1)
        prior = (known * _PRIOR_UNITS / self.sampled.sum(-1))[..., None, None, None]
        products = (self.counts * product).sum((-1, -2, -3), keepdims=True) + _PRIOR_WEIGHT * prior
        squares = (self.counts * square).sum((-1, -2, -3), keepdims=True) + prior
        total = self.size.sum(-1)
        # The limit is 1 in the paper, which uses unsampled units only.
        most = (total / np.maximum(total - self.sampled.sum(-1), 1))[..., None, None, None]
        lam, of_unit = (
            np.clip(np.where(below > 0, above / np.where(below > 0, below, 1), 0.0), 0, most)
            for above, below in ((products, squares), (products - product, squares - square))
        )
        return np.asarray(lam[..., 0, 0, 0]), np.asarray(of_unit)

    def _cross_fitted(self, of_unit: Array) -> Array:
        weighted = self.seen * of_unit
        machine = weighted.sum((-1, -2))[..., None] * self.machine - _by_machine(weighted)
        return _by_people(self.seen) + self._states(machine)

    def _states(self, by_machine: Array) -> Array:
        """Return the shares of the human states that shares of machine states stand for."""
        return np.asarray(by_machine @ self.predictions)

    def _residuals(self, value: Array, lam: Array) -> Array:
        """Return human score - lambda * machine score, (..., 1, 3, machine)."""
        z = _scores(value)
        by_machine = lam[..., None] * (z @ self.predictions.T)
        return np.asarray((z[..., :, None] - by_machine[..., None, :])[..., None, :, :])

    def _additional_unit(self, shift: Array) -> Array:
        """Return an additional unit, (..., 3, machine): errors in both directions, 1/2 + shift that raises the rate."""
        unit = np.zeros((*shift.shape, STATES, len(self.predictions)))
        unit[..., YES, NO], unit[..., NO, YES] = 1 / 2 + shift, 1 / 2 - shift
        return unit

    def _ratio(self, states: Array) -> tuple[Array, Array]:
        """Return cases among the units inside, and the share inside, over all strata with units."""
        there = (self.size > 0)[..., None]
        total = np.sum(np.where(there, self.share[..., None] * states, 0.0), -2)
        inside = total[..., NO] + total[..., YES]
        return np.asarray(total[..., YES] / np.where(inside > 0, inside, np.nan)), inside

    def _residual(self, value: Array, lam: Array, padded: Array) -> Array:
        """Return the residual variance of a unit given the machine label, by stratum."""
        left = self._residuals(value, lam)
        mean = (padded * left).sum((-1, -2))
        degrees = np.maximum(self.sampled - 1, 0)
        variance = (padded * left**2).sum((-1, -2)) - mean**2
        variance = zero_if_nan(variance * self.sampled / np.maximum(degrees, 0.5))
        together = (degrees * variance).sum(-1, keepdims=True) / degrees.sum(-1, keepdims=True)
        return np.asarray((degrees * variance + _SHRINKAGE * together) / (degrees + _SHRINKAGE))


def _pooled(labelled: NDArray[np.int64] | Array, all_units: NDArray[np.int64] | Array) -> tuple[Array, Array]:
    """Replace the strata with fewer than `_LEAST` labels by one, with the next larger ones if it has too few."""
    counts, units = labelled.astype(float), all_units.astype(float)
    there = units.sum(-1) > 0
    labels = np.where(there, counts.sum((-1, -2)), np.inf)
    order = np.argsort(labels, -1, kind="stable")
    reached = np.cumsum(np.take_along_axis(labels, order, -1), -1) >= _LEAST
    few = ((labels < _LEAST) & there).sum(-1)
    joined = np.where(few > 0, np.maximum(few, (~reached).sum(-1) + 1), 0)
    join = (np.argsort(order, -1, kind="stable") < joined[..., None]) & there
    split = [
        np.concatenate([np.where(where, 0.0, values), np.where(where, values, 0.0).sum(axis, keepdims=True)], axis)
        for values, where, axis in ((counts, join[..., None, None], -3), (units, join[..., None], -2))
    ]
    return split[0], split[1]


def prediction_error(share: Array, n: Array, of: Array, variance: Array) -> Array:
    """Return the variance of predicting the unsampled units, by stratum; the additional unit counts."""
    with_pseudo = n + n / n.sum(-1, keepdims=True)
    rest = np.maximum(of - n, 1)
    error = share**2 * (1 - n / of) ** 2 * variance * (1 / with_pseudo + 1 / rest)
    return np.where(of > n, zero_if_nan(error), 0.0)


def shift(errors: Array) -> Array:
    """Return by how much the additional unit moves each limit outwards: less, the more errors the sample shows."""
    return np.asarray(_SHIFT / (1 + errors / _SHIFT_ERRORS))


def zero_if_nan(values: Array) -> Array:
    """Replace values of strata without units or labels by 0."""
    return np.where(np.isfinite(values), values, 0.0)


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
    return zero_if_nan(counts / counts.sum(last, keepdims=True))


def quantile(skew: Array | float) -> Array:
    """Return the quantile of a limit in standard errors, for this skewness in the direction of the limit."""
    shape = 4 / np.maximum(np.abs(skew), _LEAST_SKEW) ** 2
    long, short = gammaincinv(shape, _TAIL) - shape, shape - gammaincinv(shape, 1 - _TAIL)
    return np.asarray(np.where(np.asarray(skew) > 0, long, short) / np.sqrt(shape))

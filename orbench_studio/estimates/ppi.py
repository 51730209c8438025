"""Prediction-powered rates: people's labels on a random sample, machine labels on everything (PPI++).

Angelopoulos, Duchi, Zrnic, "PPI++: Efficient Prediction-Powered Inference", arXiv 2311.01453: the machine's rate over
everything, corrected by what people say on the sample, with the weight lambda of the machine that makes the variance
least (their section 6). Strata are added with their shares of the whole; one lambda serves all of them.

A unit is outside the rate (OUT: not safe, say), or inside it and no case (NO) or a case (YES). The rate is a ratio,
cases among the units inside; both counts are estimated, and the ratio's error is that of cases - rate * inside
(linearised: Särndal, Swensson, Wretman, "Model Assisted Survey Sampling", 1992, section 5.6). Where nothing is outside
it is the mean of the paper, number by number.

Two intervals at 95 %: `here` is for the rate of these units, all of them labelled by people (a finite population: with
every label in, nothing is left to estimate); `beyond` is for the rate of units like these, as the paper gives it. In
both, four pseudo-units, one for each pair of NO and YES, stand for errors that a small sample had no room for: without
a machine that is the interval of Agresti and Coull (The American Statistician 52, 1998). The value is without them.
Assumes simple random sampling in each stratum.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

OUT, NO, YES = range(3)
STATES = 3
MARGIN = 0.03
_CONFIDENCE = 0.95
_STEPS = 3  # of value and lambda in turn; they stand still after two
Array = NDArray[np.float64]

_PSEUDO = np.zeros((STATES, STATES))
_PSEUDO[NO:, NO:] = 1.0


@dataclass(frozen=True, slots=True)
class PpiEstimate:
    """Estimated rates, one an element; nan where they cannot be told (a stratum without a label, nothing inside).

    `machine` is the rate by machine labels alone, `sample` that of the labelled units alone. Bounds are low, high.
    """

    value: Array
    lam: Array
    finite_interval: tuple[Array, Array]
    superpopulation_interval: tuple[Array, Array]
    machine: Array
    sample: Array


def ppi_estimate(labelled: NDArray[np.int64], everything: NDArray[np.int64]) -> PpiEstimate:
    """The rates of many estimates at once.

    `labelled` (..., strata, 3, 3) counts the sample's units by what people say and what the machine says, in this
    order; `everything` (..., strata, 3) counts all units, sampled ones too, by what the machine says.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return _Strata(labelled, everything).estimate()


def labels_needed(
    labelled: NDArray[np.int64], everything: NDArray[np.int64], margin: float = MARGIN
) -> NDArray[np.int64]:
    """How many more labels of each stratum, (strata,), make `here` the value plus and minus `margin`, for one estimate.

    Shapes as for `powered`, without leading axes. Labels go where there are fewest for the number of units. What is
    known so far tells how variable units are; before the first label they count as variable as can be.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        strata = _Strata(labelled, everything)
        have, of = strata.sampled, strata.size
        variance, inside = strata.planned()
        if not inside > 0:
            return np.zeros(len(have), dtype=np.int64)

        def spread(labels: int) -> Array:
            return np.asarray(np.minimum(np.maximum(have, np.ceil(labels * of / of.sum())), of))

        low, high = 0, int(of.sum())
        while low < high:  # the width falls with every label
            middle = (low + high) // 2
            n = spread(middle)
            width = _quantile(n.sum()) * np.sqrt(_error(strata.share, n, of, variance)) / inside
            low, high = (low, middle) if width <= margin else (middle + 1, high)
    return np.asarray(spread(low) - have, dtype=np.int64)


class _Strata:
    """Shares of the states in each stratum: of the sample, of everything, and of what was not sampled."""

    def __init__(self, labelled: NDArray[np.int64], everything: NDArray[np.int64]) -> None:
        self.counts, self.all = labelled.astype(float), everything.astype(float)
        self.size, self.sampled = self.all.sum(-1), self.counts.sum((-1, -2))
        self.share = self.size / self.size.sum(-1, keepdims=True)
        part = self.sampled / self.sampled.sum(-1, keepdims=True)
        self.fraction = np.where(self.size > 0, self.sampled / self.size, 0.0)
        self.seen = _normal(self.counts, 2)
        self.padded = _normal(self.counts + _PSEUDO * part[..., None, None], 2)
        self.machine = _normal(self.all, 1)
        self.rest = np.where((self.size > self.sampled)[..., None], _normal(self.all - self.counts.sum(-2), 1), 0.0)

    def estimate(self) -> PpiEstimate:
        sample, _ = self._ratio(_people(self.seen))
        value, lam = sample, np.zeros_like(sample)
        for _ in range(_STEPS):
            lam = self._lambda(np.clip(value, 0, 1))
            value, _ = self._ratio(self._corrected(self.seen, lam))
        value = np.clip(value, 0, 1)
        by_machine, _ = self._ratio(self.machine)
        return PpiEstimate(value, lam, self._here(value, lam), self._beyond(value, lam), by_machine, sample)

    def planned(self) -> tuple[Array, Array]:
        """The variance of a unit in each stratum, and the share of units inside."""
        value = self.estimate().value if self.sampled.any() else np.asarray(np.nan)
        if np.isnan(value) and (len(self.size) == 1 or not self.sampled.any()):  # nothing inside is labelled
            inside = (self.share * self.machine[:, NO:].sum(-1))[self.size > 0].sum()
            return np.full_like(self.share, inside / 4), inside
        if np.isnan(value):  # strata without a label vary as the others do together
            together = _Strata(self.counts.sum(-3, keepdims=True), self.all.sum(-2, keepdims=True))
            variance, inside = together.planned()
            return np.full_like(self.share, variance[0]), inside
        lam = self._lambda(value)
        _, inside = self._ratio(self._corrected(self.padded, lam))
        return self._residual(value, lam), inside

    def _here(self, value: Array, lam: Array) -> tuple[Array, Array]:
        """What was sampled is known; the pseudo-units tell only of the rest."""
        f = self.fraction[..., None]
        rest = _people(self.padded) + lam[..., None, None] * (self.rest - _machines(self.padded))
        centre, inside = self._ratio(f * _people(self.seen) + (1 - f) * rest)
        variance = self._residual(np.clip(centre, 0, 1), lam)
        error = _error(self.share, self.sampled, self.size, variance) / inside**2
        return self._bounds(value, centre, error)

    def _beyond(self, value: Array, lam: Array) -> tuple[Array, Array]:
        """Besides, all the units are a sample of units like them."""
        centre, inside = self._ratio(self._corrected(self.padded, lam))
        clipped = np.clip(centre, 0, 1)
        variance, z = self._residual(clipped, lam), _scores(clipped)
        units = _variance(_people(self.padded), z[..., None, :])
        error = _error(self.share, self.sampled, self.size, variance)
        error = error + np.sum(_filled(self.share * units), -1) / self.size.sum(-1)
        return self._bounds(value, centre, error / inside**2)

    def _bounds(self, value: Array, centre: Array, error: Array) -> tuple[Array, Array]:
        half = _quantile(self.sampled.sum(-1)) * np.sqrt(error)
        low, high = np.minimum(centre - half, value), np.maximum(centre + half, value)
        return np.clip(low, 0, 1), np.clip(high, 0, 1)

    def _lambda(self, value: Array) -> Array:
        """The machine's weight with the least variance: 0 where the machine tells nothing, never less."""
        z = _scores(value)[..., None, :]
        weight = _filled(self.share**2 * (1 - self.fraction) / self.sampled)
        people, machine = _people(self.seen), _machines(self.seen)
        both = np.einsum("...hij,...hi,...hj->...h", self.seen, *np.broadcast_arrays(z, z))
        covariance = both - (people * z).sum(-1) * (machine * z).sum(-1)
        of_units = self.size / np.maximum(self.size - 1, 1)
        variance = np.sum(weight * _filled(of_units * _variance(self.machine, z)), -1)
        found = np.sum(weight * _filled(covariance), -1) / np.where(variance > 0, variance, np.inf)
        whole = self.size.sum(-1)
        most = whole / np.maximum(whole - self.sampled.sum(-1), 1)  # 1 in the paper, which counts the rest alone
        return np.asarray(np.clip(found, 0, most))

    def _corrected(self, seen: Array, lam: Array) -> Array:
        return _people(seen) + lam[..., None, None] * (self.machine - _machines(seen))

    def _ratio(self, states: Array) -> tuple[Array, Array]:
        """Cases among what is inside, and the share inside, over all strata that have units."""
        there = (self.size > 0)[..., None]
        whole = np.sum(np.where(there, self.share[..., None] * states, 0.0), -2)
        inside = whole[..., NO] + whole[..., YES]
        return np.asarray(whole[..., YES] / np.where(inside > 0, inside, np.nan)), inside

    def _residual(self, value: Array, lam: Array) -> Array:
        """The variance of what the machine leaves unexplained of a unit, by stratum."""
        z = _scores(value)
        left = (z[..., :, None] - lam[..., None, None] * z[..., None, :])[..., None, :, :]
        mean = (self.padded * left).sum((-1, -2))
        return np.asarray((self.padded * left**2).sum((-1, -2)) - mean**2)


def _error(share: Array, n: Array, of: Array, variance: Array) -> Array:
    """The variance of the sum over strata in predicting what was not sampled; pseudo-units count as units."""
    with_pseudo = n + _PSEUDO.sum() * n / n.sum(-1, keepdims=True)
    rest = np.maximum(of - n, 1)
    return np.asarray(_filled(share**2 * (1 - n / of) ** 2 * variance * (1 / with_pseudo + 1 / rest), (of > n)).sum(-1))


def _filled(values: Array, where: NDArray[np.bool_] | None = None) -> Array:
    """Nothing where a stratum has no units, or no more of them."""
    return np.where(np.isnan(values) if where is None else ~where, 0.0, values)


def _scores(value: Array) -> Array:
    """cases - value * inside, of a unit in each state."""
    return np.stack([np.zeros_like(value), -value, 1 - value], -1)


def _variance(shares: Array, z: Array) -> Array:
    return np.asarray((shares * z**2).sum(-1) - (shares * z).sum(-1) ** 2)


def _people(shares: Array) -> Array:
    return np.asarray(shares.sum(-1))


def _machines(shares: Array) -> Array:
    return np.asarray(shares.sum(-2))


def _normal(counts: Array, axes: int) -> Array:
    last = tuple(range(-axes, 0))
    return np.asarray(counts / counts.sum(last, keepdims=True))


def _quantile(n: Array) -> Array:
    return np.asarray(student.ppf((1 + _CONFIDENCE) / 2, np.maximum(n - 1, 1)))

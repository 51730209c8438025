"""Paired comparison of the rates of models on shared prompts, and ranks with confidence sets.

The error of a difference is that of the sums of whole clusters (see `clusters`); half a pseudo-cluster with each of the
two differences stands for disagreements that were not seen (Agresti and Min, Statistics in Medicine 24, 2005). The set
of a rank is from 1 + the number of models whose rate is surely higher to the number of models whose rate is not surely
lower (Mogstad, Romano, Shaikh, Wilhelm, Review of Economic Studies 91, 2024). "Surely" is a difference of more than c
standard errors. For marginal sets, c is the 95 % quantile of the largest of a model's differences, so that each set
covers the rank of its model with 95 %. For simultaneous sets it is that of all differences, so that all sets cover with
95 % together. Both are simulated from the covariance of the rates, which assumes many clusters. They are stepwise:
differences that are sure no longer count in the largest one, which can make more of them sure (Romano, Wolf, JASA 100,
2005).

The model with the highest rate was chosen because of its rate, which is therefore too high on average. Its interval is
the hybrid one of Andrews, Kitagawa, McCloskey, Quarterly J. of Economics 139, 2024, section III: conditional on being
the highest, within the simultaneous 99.5 % interval. Its standard error is that of the rate that is tested, as in
Wilson's interval, because rates are near 0 or 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtrit

from orbench_studio.domain.core.rates import score_interval

_DRAWS = 2_000
_CONFIDENCE = 0.95
_TAIL = (1 + _CONFIDENCE) / 2
_POWER = 0.8
_LEAST_ERROR, _LEAST_VARIANCE = 1e-9, 1e-6
_PROJECTION = 0.005  # error probability of the simultaneous interval
Array = NDArray[np.float64]
Sums = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Differences:
    """Rate of the model of the row minus that of the column on the `n` prompts with both, (models, models).

    `error` is the standard error, `quantile` its multiple for a 95 % interval; nan for two models without such prompts.
    """

    value: Array
    error: Array
    quantile: Array
    n: Array

    def prompts_needed(self, difference: float) -> Array:
        """Return the number of shared prompts that show such a difference with a power of 80 %."""
        return np.asarray(self.n * ((ndtri(_TAIL) + ndtri(_POWER)) * self.error / difference) ** 2)


@dataclass(frozen=True, slots=True)
class Ranks:
    """Ranks of the models, 1 is the highest rate, with the first and last rank of marginal and simultaneous sets.

    Two models are compared on the prompts with judged responses of both, or by their rates if there are none.
    A model without cases has the last rank. Models with equal rates share the best of their ranks.
    """

    rank: NDArray[np.int64]
    marginal: tuple[NDArray[np.int64], NDArray[np.int64]]
    simultaneous: tuple[NDArray[np.int64], NDArray[np.int64]]


def differences(hits: Sums, cases: Sums, clusters: NDArray[np.int64]) -> Differences:
    """Compare all models; `hits` and `cases` are (prompts, models), `clusters` numbers the cluster of each prompt."""
    found = np.empty((3, cases.shape[1], cases.shape[1]))
    order, starts = _by_cluster(clusters)
    n = (cases.T @ cases).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        for model in range(cases.shape[1]):
            both = cases * cases[:, [model]]
            apart = hits[:, [model]] * both - hits * both
            if len(starts) < len(order):
                both, apart = (np.add.reduceat(one[order], starts, axis=0) for one in (both, apart))
            value = apart.sum(0, dtype=np.float64) / n[model]
            squared = (both**2).sum(0, dtype=np.float64)
            size = squared / n[model]
            spread = (apart**2).sum(0) - 2 * value * (apart * both).sum(0) + value**2 * squared + size**2
            count = np.maximum(n[model] / size, 1.5)
            error = np.sqrt(spread * count / (count - 1)) / n[model]
            found[:, model] = value, error, stdtrit(np.maximum(count - 1, 1), _TAIL)
    return Differences(found[0], found[1], found[2], n)


def ranks(hits: Sums, cases: Sums, clusters: NDArray[np.int64], compared: Differences) -> Ranks:
    """Rank the models by their differences."""
    there = cases.sum(0) > 0
    covariance = _covariance(hits, cases, clusters)
    drawn = _drawn(covariance)
    wider = compared.quantile / ndtri(_TAIL)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.nan_to_num(compared.value / compared.error / wider)
    count, sets = int(there.sum()), []
    for together in (False, True):
        sure = _sure(distance, covariance, drawn, together=together)
        low = np.where(there, 1 + (sure & (distance < 0)).sum(1), len(there))
        sets.append((low, np.where(there, count - (sure & (distance > 0)).sum(1), len(there))))
    with np.errstate(invalid="ignore"):
        rates = hits.sum(0) / cases.sum(0)
    value = np.where(compared.n > 0, compared.value, rates[:, None] - rates)
    rank = np.where(there, 1 + (value < 0).sum(1), len(there))
    return Ranks(rank, sets[0], sets[1])


def winner(hits: Sums, cases: Sums, clusters: NDArray[np.int64]) -> tuple[int, float, float] | None:
    """Return the model with the highest rate and the interval that accounts for this choice; None for one model."""
    n = cases.sum(0)
    if (n > 0).sum() < 2:
        return None
    rates = np.where(n > 0, hits.sum(0) / np.maximum(n, 1), -np.inf).astype(np.float64)
    first = int(rates.argmax())
    covariance = _covariance(hits, cases, clusters)
    value, others = rates[first], (n > 0) & (np.arange(len(n)) != first)
    near = (hits[:, first].sum() + 0.5) / (n[first] + 1)
    error = float(np.sqrt(covariance[first, first] + 1 / n[first] ** 2))
    units = float(near * (1 - near) / error**2)  # effective number of prompts
    slope = covariance[first, others] / error**2
    limits = (rates[others] - slope * value) / np.where(slope == 1, np.nan, 1 - slope)
    half_step = 0.5 / n[first]  # rates are discrete, and the highest ones are often equal
    low = np.max(limits, where=slope < 1, initial=-np.inf) - half_step
    high = np.min(limits, where=slope > 1, initial=np.inf)
    spread = np.sqrt(covariance.diagonal())
    drawn = np.abs(_drawn(covariance)[:, spread > 0] / spread[spread > 0]).max(1, initial=ndtri(_TAIL))
    widest = float(np.quantile(drawn, 1 - _PROJECTION))
    lowest, highest = score_interval(float(value), units, widest)

    def share_below(mean: float) -> float:
        """Probability of a rate as low as the one found, if this is the true one, given that it is the highest."""
        scale = np.sqrt(max(mean * (1 - mean), _LEAST_VARIANCE) / units)
        ends = np.array([max(low, mean - widest * scale), value, min(high, mean + widest * scale)])
        below, at, above = ndtr((ends - mean) / scale)
        return float(np.clip((at - below) / (above - below), 0, 1)) if above > below else 0.5

    tail = (1 - _CONFIDENCE - _PROJECTION) / (1 - _PROJECTION) / 2
    ends = [
        float(brentq(lambda mean, p=p: share_below(mean) - p, lowest, highest, xtol=1e-5))
        if share_below(lowest) > p > share_below(highest)
        else float(highest if p == tail else lowest)
        for p in (1 - tail, tail)
    ]
    return first, ends[0], ends[1]


def lowest(hits: Sums, cases: Sums, clusters: NDArray[np.int64]) -> tuple[int, float, float] | None:
    """Return the model with the lowest rate and the interval that accounts for this choice; None for one model."""
    found = winner(cases - hits, cases, clusters)
    return None if found is None else (found[0], 1 - found[2], 1 - found[1])


def _sure(distance: Array, covariance: Array, drawn: Array, *, together: bool) -> NDArray[np.bool_]:
    """Return the differences that are sure, (models, models): each model's, or `together` those of all models."""
    variance = covariance.diagonal()
    error = np.sqrt(np.maximum(variance[:, None] + variance - 2 * covariance, 0))
    counted = error > _LEAST_ERROR
    sure = np.zeros(distance.shape, dtype=bool)
    while True:
        largest = _largest(drawn, error, counted & ~sure)
        limits = np.quantile(largest.max(1) if together else largest, _CONFIDENCE, axis=0)
        more = counted & ~sure & (np.abs(distance) > (limits if together else limits[:, None]))
        if not more.any():
            return sure
        sure |= more


def _largest(drawn: Array, error: Array, counted: NDArray[np.bool_]) -> Array:
    """Return the largest counted difference of each model from another in standard errors, (draws, models)."""
    found = np.zeros(drawn.shape)
    for model, other in enumerate(counted):
        if other.any():
            found[:, model] = (np.abs(drawn[:, [model]] - drawn[:, other]) / error[model, other]).max(1)
    return found


def _covariance(hits: Sums, cases: Sums, clusters: NDArray[np.int64]) -> Array:
    """Estimate the covariance of the rates of all models."""
    n = np.maximum(cases.sum(0), 1)
    left = (hits - hits.sum(0) / n * cases) / n
    order, starts = _by_cluster(clusters)
    left = np.add.reduceat(left[order], starts, axis=0).astype(np.float64)
    return np.asarray(left.T @ left)


def _drawn(covariance: Array) -> Array:
    """Draw errors of the rates, (draws, models): the same ones for the same covariance."""
    values, vectors = np.linalg.eigh(covariance)
    random = np.random.default_rng(0).standard_normal((_DRAWS, len(covariance)))
    return np.asarray((random * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def _by_cluster(clusters: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the order of the prompts by cluster, and the first place of each cluster in it."""
    order = np.argsort(clusters, kind="stable")
    return order, np.flatnonzero(np.diff(clusters[order], prepend=-1))

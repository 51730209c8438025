"""Rates of clustered prompts (rewrites of one seed, near duplicates), and ranks of models by these rates.

Whole clusters are resampled with replacement (cluster bootstrap: Davison and Hinkley, "Bootstrap Methods and their
Application", 1997, section 3.8), for all models at once, which keeps correlations between models. The variance of the
draws gives the effective number of independent prompts, and the interval is the Wilson interval for that number (Korn
and Graubard, Survey Methodology 24, 1998; Dean and Pagano, J. Survey Statistics and Methodology 3, 2015), with the
quantile of Student's t for the number of clusters. Percentiles of the draws would be empty at rates of 0 and 1 and too
narrow near them. A quarter of a cluster at either rate stands for clusters that were not seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

DRAWS = 1_000
_CONFIDENCE = 0.95
_PSEUDO = 0.25  # clusters at rates 0 and 1
_MAX_WEIGHTS = 8_000_000  # in memory at once
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clustered:
    """Rates with 95 % intervals that account for clusters, one for each column; nan without cases.

    `effective_n` is the number of independent prompts with the same variance as the `n` prompts.
    """

    value: Array
    low: Array
    high: Array
    n: Array
    effective_n: Array


@dataclass(frozen=True, slots=True)
class Ranks:
    """Ranks of the columns with 95 % bootstrap intervals; 1 is the highest rate.

    Equal rates share the best of their ranks; a column without cases has the last rank.
    """

    rank: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]


class Resampled:
    """Bootstrap of the rates of `hits` among `cases`, both (prompts, columns) of 0 and 1, by clusters.

    `groups` (prompts,) numbers the cluster of each prompt. Results are reproducible for a seed.
    """

    def __init__(
        self, hits: Array, cases: Array, groups: NDArray[np.int64], *, draws: int = DRAWS, seed: int = 0
    ) -> None:
        self._hits, self._cases = _by_group(hits, groups), _by_group(cases, groups)
        self._draws, self._seed = draws, seed

    @cached_property
    def rates(self) -> Clustered:
        """Rates with intervals."""
        n, hits = self._cases.sum(0), self._hits.sum(0)
        count = (self._cases > 0).sum(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            value, size = hits / n, n / count
            padded = (hits + _PSEUDO * size) / (n + 2 * _PSEUDO * size)
            drawn = np.where(np.isnan(self.drawn), value, self.drawn).var(0) * n**2
            unseen = _PSEUDO * size**2 * ((1 - padded) ** 2 + padded**2)
            variance = (drawn + unseen) / (n + 2 * _PSEUDO * size) ** 2 * count / np.maximum(count - 1, 1)
            effective_n = np.minimum(padded * (1 - padded) / variance, n)
            low, high = _wilson(value, effective_n, student.ppf((1 + _CONFIDENCE) / 2, np.maximum(count - 1, 1)))
        return Clustered(value, low, high, n, effective_n)

    @cached_property
    def ranks(self) -> Ranks:
        """Ranks with intervals."""
        with np.errstate(divide="ignore", invalid="ignore"):
            rank = _ranks((self._hits.sum(0) / self._cases.sum(0))[None])[0]
        quantiles = [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2]
        low, high = np.quantile(_ranks(self.drawn), quantiles, axis=0, method="inverted_cdf")
        return Ranks(rank, low.astype(np.int64), high.astype(np.int64))

    @cached_property
    def drawn(self) -> Array:
        """Rates of every draw, (draws, columns); nan if a draw has no case."""
        drawn = [
            (weights @ self._hits) / np.where(cases > 0, cases, np.nan)
            for weights in self._weights()
            for cases in [weights @ self._cases]
        ]
        return np.concatenate(drawn)

    def _weights(self) -> Iterator[Array]:
        """Yield the number of times each cluster is in each draw, a few draws at a time."""
        random, groups = np.random.default_rng(self._seed), len(self._hits)
        for start in range(0, self._draws, step := max(_MAX_WEIGHTS // groups, 1)):
            some = min(step, self._draws - start)
            chosen = random.integers(0, groups, (some, groups)) + groups * np.arange(some)[:, None]
            counted = np.bincount(chosen.ravel(), minlength=some * groups)
            yield counted.reshape(some, groups).astype(np.float64)


def _by_group(values: Array, groups: NDArray[np.int64]) -> Array:
    """Sum the values of prompts by cluster, (clusters, columns)."""
    order = np.argsort(groups, kind="stable")
    changes = np.diff(groups[order], prepend=groups[order][:1] - 1)
    return np.add.reduceat(values[order].astype(np.float64), np.flatnonzero(changes), axis=0)


def _wilson(value: Array, n: Array, z: Array) -> tuple[Array, Array]:
    middle = value + z**2 / (2 * n)
    half = z * np.sqrt(value * (1 - value) / n + z**2 / (4 * n**2))
    low, high = (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)
    return np.where(value == 0, 0.0, low), np.where(value == 1, 1.0, high)


def _ranks(values: Array) -> NDArray[np.int64]:
    """Rank each row: 1 plus the number of greater values."""
    known = np.where(np.isnan(values), -np.inf, values)
    ordered = np.sort(known, axis=1)
    count = values.shape[1]
    found = [count - np.searchsorted(row, one, side="right") for row, one in zip(ordered, known, strict=True)]
    return np.asarray(found, dtype=np.int64) + 1

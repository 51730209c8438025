"""Rates of prompts that come in groups (rewrites of one seed, near-duplicates), and the ranks of models by them.

Whole groups are drawn again with replacement (the cluster bootstrap: Davison and Hinkley, "Bootstrap Methods and their
Application", 1997, section 3.8), for all models at once, so that what they have in common stays common. The variance
of the draws says how many independent prompts the grouped ones are worth, and the interval is Wilson's for so many
(Korn and Graubard, Survey Methodology 24, 1998; Dean and Pagano, J. Survey Statistics and Methodology 3, 2015), with
Student's quantile for the number of groups: percentiles of the draws would be empty at rates of 0 and 1, and too narrow
near them. A quarter of a group that always refuses and a quarter of one that never does stand in for groups not seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

DRAWS = 1_000
_CONFIDENCE = 0.95
_PSEUDO = 0.25  # groups at either end
_AT_ONCE = 8_000_000  # weights in memory
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clustered:
    """Rates with 95 % intervals that respect the groups, one a column; nan where there is no case.

    `worth` is how many independent prompts the `n` are worth.
    """

    value: Array
    low: Array
    high: Array
    n: Array
    worth: Array


@dataclass(frozen=True, slots=True)
class Ranks:
    """The columns' ranks and between which ranks 95 % of the draws are: 1 is the highest rate.

    Equal rates share the best of their ranks; a column without a case comes last.
    """

    rank: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]


class Resampled:
    """Rates of hits among cases, both (prompts, columns) of 0 and 1; prompts with equal `groups` belong together.

    `groups` is (prompts,). The same seed gives the same intervals.
    """

    def __init__(
        self, hits: Array, cases: Array, groups: NDArray[np.int64], *, draws: int = DRAWS, seed: int = 0
    ) -> None:
        self._hits, self._cases = _by_group(hits, groups), _by_group(cases, groups)
        self._draws, self._seed = draws, seed

    @cached_property
    def rates(self) -> Clustered:
        """The rates with their intervals."""
        n, hits = self._cases.sum(0), self._hits.sum(0)
        count = (self._cases > 0).sum(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            value, size = hits / n, n / count
            padded = (hits + _PSEUDO * size) / (n + 2 * _PSEUDO * size)
            drawn = np.where(np.isnan(self.drawn), value, self.drawn).var(0) * n**2
            unseen = _PSEUDO * size**2 * ((1 - padded) ** 2 + padded**2)
            variance = (drawn + unseen) / (n + 2 * _PSEUDO * size) ** 2 * count / np.maximum(count - 1, 1)
            worth = np.minimum(padded * (1 - padded) / variance, n)
            low, high = _wilson(value, worth, student.ppf((1 + _CONFIDENCE) / 2, np.maximum(count - 1, 1)))
        return Clustered(value, low, high, n, worth)

    @cached_property
    def ranks(self) -> Ranks:
        """The ranks of the columns' rates."""
        with np.errstate(divide="ignore", invalid="ignore"):
            rank = _ranks((self._hits.sum(0) / self._cases.sum(0))[None])[0]
        ends = [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2]
        low, high = np.quantile(_ranks(self.drawn), ends, axis=0, method="inverted_cdf")
        return Ranks(rank, low.astype(np.int64), high.astype(np.int64))

    @cached_property
    def drawn(self) -> Array:
        """The rates of every draw, (draws, columns); nan where a draw has no case."""
        drawn = [
            (weights @ self._hits) / np.where(cases > 0, cases, np.nan)
            for weights in self._weights()
            for cases in [weights @ self._cases]
        ]
        return np.concatenate(drawn)

    def _weights(self) -> Iterator[Array]:
        """How often each group is in each draw, a few draws at a time."""
        random, groups = np.random.default_rng(self._seed), len(self._hits)
        for start in range(0, self._draws, step := max(_AT_ONCE // groups, 1)):
            some = min(step, self._draws - start)
            chosen = random.integers(0, groups, (some, groups)) + groups * np.arange(some)[:, None]
            counted = np.bincount(chosen.ravel(), minlength=some * groups)
            yield counted.reshape(some, groups).astype(np.float64)


def _by_group(values: Array, groups: NDArray[np.int64]) -> Array:
    """Sums of the prompts' values by group, (groups, columns)."""
    order = np.argsort(groups, kind="stable")
    changes = np.diff(groups[order], prepend=groups[order][:1] - 1)
    return np.add.reduceat(values[order].astype(np.float64), np.flatnonzero(changes), axis=0)


def _wilson(value: Array, n: Array, z: Array) -> tuple[Array, Array]:
    middle = value + z**2 / (2 * n)
    half = z * np.sqrt(value * (1 - value) / n + z**2 / (4 * n**2))
    low, high = (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)
    return np.where(value == 0, 0.0, low), np.where(value == 1, 1.0, high)


def _ranks(values: Array) -> NDArray[np.int64]:
    """Ranks of each row: 1 and how many are greater."""
    known = np.where(np.isnan(values), -np.inf, values)
    ordered = np.sort(known, axis=1)
    count = values.shape[1]
    found = [count - np.searchsorted(row, one, side="right") for row, one in zip(ordered, known, strict=True)]
    return np.asarray(found, dtype=np.int64) + 1

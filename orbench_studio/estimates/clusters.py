"""Rates of prompts that are not independent: repeats of one prompt, rewrites of one seed, near duplicates.

The variance of a rate is that of the sums of whole clusters around it (linearised: Cochran, "Sampling Techniques",
1977, section 9A). It gives the effective number of independent prompts, at most n, and the interval is Wilson's for
this number (Korn and Graubard, Survey Methodology 24, 1998; Dean and Pagano, J. Survey Statistics and Methodology 3,
2015) with the quantile of Student's t. Clusters of unequal size count as (sum n)^2 / sum n^2 clusters of equal size
(Kish). A quarter of a cluster at either rate stands for clusters that were not seen. Without clusters of several cases,
the interval is Wilson's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

_CONFIDENCE = 0.95
_PSEUDO = 0.25  # clusters at rates 0 and 1
Array = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over clusters of their hits and cases, of the squares and of the products; one element for each rate."""

    hits: Array
    cases: Array
    hits_squared: Array
    products: Array
    cases_squared: Array


def moments(hits: Array, cases: Array) -> Moments:
    """Sum over clusters, (clusters, rates)."""
    pairs = ((hits, hits), (hits, cases), (cases, cases))
    # On columns of a larger array, einsum takes a quarter of the time of sum.
    sums = [
        *(np.einsum("ij->j", one) for one in (hits, cases)),
        *(np.einsum("ij,ij->j", one, other) for one, other in pairs),
    ]
    return Moments(*(values.astype(np.float64) for values in sums))


def design_effect(groups: Labels, clusters: Labels, influence: Array, count: int) -> Array:
    """Return by how much clusters increase the variance of an estimate for each of `count` groups of units; at least 1.

    `influence` is how much each unit contributes to the error of the estimate. Its variance is the sum of squares over
    clusters (ultimate clusters: Särndal, Swensson, Wretman, "Model Assisted Survey Sampling", 1992, section 4.6).
    """
    pairs, at = np.unique(groups * (int(clusters.max(initial=0)) + 1) + clusters, return_inverse=True)
    owner = pairs // (int(clusters.max(initial=0)) + 1)
    together = np.bincount(owner, np.bincount(at, influence, len(pairs)) ** 2, count)
    alone = np.bincount(groups, influence**2, count)
    return np.maximum(np.divide(together, alone, out=np.ones(count), where=alone > 0), 1.0)


def effective_n(found: Moments, responses: Array) -> tuple[Array, Array]:
    """Return the effective number of independent cases and the quantile for an interval; nan without cases.

    `responses` is the number of responses: more than the cases if a case is a prompt with repeated responses.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        n, rate = found.cases, found.hits / found.cases
        size = found.cases_squared / n
        padded = (found.hits + _PSEUDO * size) / (n + 2 * _PSEUDO * size)
        spread = found.hits_squared - 2 * rate * found.products + rate**2 * found.cases_squared
        spread = spread + _PSEUDO * size**2 * ((1 - padded) ** 2 + padded**2)
        clusters = np.maximum(n / size, 1.5)  # of equal size
        variance = spread / (n + 2 * _PSEUDO * size) ** 2 * clusters / np.maximum(clusters - 1, 0.5)
        number = np.minimum(padded * (1 - padded) / variance, responses)
        alone = (found.cases_squared <= n) & (responses <= n)
        tail = (1 + _CONFIDENCE) / 2
        quantile = np.where(alone, ndtri(tail), stdtrit(np.maximum(clusters - 1, 1), tail))
    return np.where(alone, n, number), quantile

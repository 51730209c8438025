"""Rater reliability without known labels: Dawid and Skene (Applied Statistics 28, 1979), with priors.

A prompt is toxic or safe. A rater rates toxic prompts toxic with one probability (sensitivity) and safe prompts safe
with another (specificity), by category, independently of other raters given the true label. Raters with correlated
errors violate this assumption and look too good; `error_correlation` finds them. The estimates are posterior modes
under Beta priors, computed by expectation maximisation. The priors pool categories: sensitivity and specificity of a
category shrink towards those over all categories, and these towards raters that are mostly right. The latter also
selects one of the two mirrored solutions.

Intervals are quantiles of a bootstrap over prompts, from 1 to 99 %, which covers about 95 % (simulated). They do not
account for correlated errors.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

TOXIC, SAFE, MISSING = 0, 1, -1
_MAX_ITERATIONS = 2_000
_TOLERANCE = 1e-10
_DRAW_TOLERANCE, _DRAW_ITERATIONS = 1e-4, 100
_QUANTILES = (0.01, 0.99)
_TAIL, _LARGEST = 0.975, 0.999  # of an interval; correlation
_UNSEEN = 1.0  # shared errors added to the variance of a correlation
_MIN_PROBABILITY = 1e-9  # probabilities stay between this and 1 minus this
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Priors:
    """Beta priors as pseudo-votes.

    `correct` and `incorrect` are votes of each rater on prompts of either label, `pooling` is the weight in votes of a
    rater's overall skill in each category, `prevalence` the prompts of either label in each category.
    """

    correct: float = 4.0
    incorrect: float = 1.0
    pooling: float = 10.0
    prevalence: float = 1.0


_PRIORS = Priors()


@dataclass(frozen=True, slots=True)
class Reliability:
    """Estimates of the model.

    `sensitivity` and `specificity` are (categories, raters), `overall_...` (raters,). `safe` is the share of safe
    prompts, (categories,); `p_safe` is the posterior probability of safe, (prompts,).
    """

    sensitivity: Array
    specificity: Array
    overall_sensitivity: Array
    overall_specificity: Array
    safe: Array
    p_safe: Array


def dawid_skene(
    votes: NDArray[np.int8], categories: NDArray[np.int64], priors: Priors = _PRIORS, *, count: int | None = None
) -> Reliability:
    """Fit the model to `votes` (prompts, raters) of TOXIC, SAFE or MISSING and `categories` (prompts,).

    Categories are numbered from 0 to `count` - 1. A prompt without votes gets the share of its category.
    """
    count = int(categories.max(initial=-1)) + 1 if count is None else count
    patterns, _, times = _patterns(votes, categories)
    fit = _Fit(patterns, times, count, priors)
    fit.run()
    overall = fit.overall()
    of_pattern = np.unique(np.column_stack([categories, votes]), axis=0, return_inverse=True)[1]
    return Reliability(fit.sensitivity, fit.specificity, *overall, fit.safe, fit.p_safe[of_pattern.ravel()])


def bootstrap_intervals(
    votes: NDArray[np.int8],
    categories: NDArray[np.int64],
    fitted: Reliability,
    *,
    draws: int = 200,
    on_draw: Callable[[], object] = lambda: None,
) -> tuple[Array, Array]:
    """Compute bootstrap intervals of sensitivity and of specificity: each (2, categories + 1, raters), low and high.

    The last row is over all categories. `fitted` is the model of these votes, from which each fit starts. The result
    is reproducible. `on_draw` is called before each draw and may raise to cancel.
    """
    patterns, first, times = _patterns(votes, categories)
    found = []
    for weights in np.random.default_rng(0).multinomial(times.sum(), times / times.sum(), draws) if len(times) else []:
        on_draw()
        fit = _Fit(patterns, weights.astype(np.float64), len(fitted.safe), _PRIORS)
        fit.p_safe = fitted.p_safe[first]
        fit.run(_DRAW_TOLERANCE, _DRAW_ITERATIONS)
        overall = fit.overall()
        found.append([np.vstack([fit.sensitivity, overall[0]]), np.vstack([fit.specificity, overall[1]])])
    if not found:
        nothing = np.full((2, len(fitted.safe) + 1, votes.shape[1]), np.nan)
        return nothing, nothing
    ends = np.quantile(np.array(found), _QUANTILES, axis=0)
    return ends[:, 0], ends[:, 1]


def error_correlation(votes: NDArray[np.int8], p_safe: Array) -> tuple[Array, Array, Array]:
    """Correlate the errors of raters given the true label: value, low and high end at 95 %, (raters, raters).

    `p_safe` (prompts,) is the posterior, or 0 and 1 for known labels. A posterior from the same votes biases the
    correlation towards 0. nan if two raters share no prompt or one never errs. The interval is symmetric on Fisher's
    scale, with the standard error of the sums over independent prompts (linearised).
    """
    found = np.full((3, votes.shape[1], votes.shape[1]), np.nan)
    for one in range(votes.shape[1]):
        for other in range(one + 1):
            both = (votes[:, one] != MISSING) & (votes[:, other] != MISSING)
            found[:, one, other] = found[:, other, one] = _correlation(votes[both][:, [one, other]], p_safe[both])
    return found[0], found[1], found[2]


def _correlation(votes: NDArray[np.int8], p_safe: Array) -> Array:
    products, shared = np.zeros((len(votes), 3)), 0.0
    for truth, weight in ((SAFE, p_safe), (TOXIC, 1 - p_safe)):
        if weight.sum() > 0:
            errors = (votes != truth).astype(np.float64)
            rates = (weight @ errors) / weight.sum()
            left = errors - rates
            shared += weight.mean() * (1 - rates).prod()
            products += weight[:, None] * np.column_stack([left[:, 0] * left[:, 1], left**2])
    both, *each = products.sum(0)
    if not min(each) > 0:
        return np.full(3, np.nan)
    value = both / np.sqrt(each[0] * each[1])
    share = products[:, 1:] / each
    influence = products[:, 0] / np.sqrt(each[0] * each[1]) - value * share.mean(1)
    scale = np.arctanh(np.clip(value, -_LARGEST, _LARGEST))
    unseen = _UNSEEN * shared**2 / (each[0] * each[1])  # shared errors that few prompts show by chance
    half = ndtri(_TAIL) * np.sqrt((influence**2).sum() + unseen) / (1 - min(value**2, _LARGEST))
    return np.array([value, np.tanh(scale - half), np.tanh(scale + half)])


def _patterns(
    votes: NDArray[np.int8], categories: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Return the distinct rows of category and votes, the first index of each, and its frequency."""
    rows = np.column_stack([categories, votes]).astype(np.int64)
    patterns, first, times = np.unique(rows, axis=0, return_index=True, return_counts=True)
    return patterns, first, times.astype(np.float64)


class _Fit:
    """Expectation maximisation over distinct rows, weighted by frequency."""

    def __init__(self, patterns: NDArray[np.int64], times: Array, count: int, priors: Priors) -> None:
        category, votes = patterns[:, 0], patterns[:, 1:]
        self._cast = votes != MISSING
        self._voted_safe = (votes == SAFE).astype(np.float64)
        self._voted_toxic = (votes == TOXIC).astype(np.float64)
        self._category, self._times, self._count, self._priors = category, times, count, priors
        voted = np.maximum(self._cast.sum(1), 1)
        self.p_safe = np.where(self._cast.any(1), self._voted_safe.sum(1) / voted, 0.5)  # starts from the majority vote

    def run(self, tolerance: float = _TOLERANCE, max_iterations: int = _MAX_ITERATIONS) -> None:
        for _ in range(max_iterations):
            before = self.p_safe
            self._m_step()
            self.p_safe = self._e_step()
            if np.abs(self.p_safe - before).max(initial=0) < tolerance:
                return

    def overall(self) -> tuple[Array, Array]:
        """Return sensitivity and specificity over all categories."""
        correct, of = self._priors.correct, self._priors.correct + self._priors.incorrect
        found = []
        for truth, voted_right in ((1 - self.p_safe, self._voted_toxic), (self.p_safe, self._voted_safe)):
            weight = self._times * truth
            found.append(_share(weight @ voted_right + correct, weight @ self._cast + of))
        return found[0], found[1]

    def _m_step(self) -> None:
        overall = self.overall()
        pooling, prevalence = self._priors.pooling, self._priors.prevalence
        found = []
        for truth, voted_right, rate in (
            (1 - self.p_safe, self._voted_toxic, overall[0]),
            (self.p_safe, self._voted_safe, overall[1]),
        ):
            weight = (self._times * truth)[:, None]
            right, voted = self._summed(weight * voted_right), self._summed(weight * self._cast)
            found.append(_share(right + pooling * rate, voted + pooling))
        self.sensitivity, self.specificity = found
        safe, of = self._summed((self._times * self.p_safe)[:, None]), self._summed(self._times[:, None])
        self.safe = _share(safe + prevalence, of + 2 * prevalence)[:, 0]

    def _e_step(self) -> Array:
        sensitivity, specificity = self.sensitivity[self._category], self.specificity[self._category]
        safe = np.log(self.safe)[self._category] + _log_likelihood(self._voted_safe, self._voted_toxic, specificity)
        toxic = np.log(1 - self.safe)[self._category] + _log_likelihood(
            self._voted_toxic, self._voted_safe, sensitivity
        )
        return np.asarray(1 / (1 + np.exp(np.clip(toxic - safe, -700, 700))))

    def _summed(self, values: Array) -> Array:
        found = np.zeros((self._count, values.shape[1]))
        np.add.at(found, self._category, values)
        return found


def _log_likelihood(right: Array, wrong: Array, probability: Array) -> Array:
    return np.asarray((right * np.log(probability) + wrong * np.log(1 - probability)).sum(1))


def _share(part: Array, of: Array) -> Array:
    """Divide, within the limits of probabilities; 0.5 for 0 / 0."""
    return np.clip(np.where(of > 0, part / np.where(of > 0, of, 1), 0.5), _MIN_PROBABILITY, 1 - _MIN_PROBABILITY)

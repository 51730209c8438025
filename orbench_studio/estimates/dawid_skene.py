"""How good each rater is where nobody knows the truth: Dawid and Skene (Applied Statistics 28, 1979), with priors.

A prompt is toxic or safe; a rater calls toxic what is toxic with one probability (sensitivity) and safe what is safe
with another (specificity), both by category, and independently of the other raters given the truth: raters that err on
the same prompts break this, look too good, and are found by `error_correlation`. Estimated are the modes under
Dirichlet priors (Beta here: there are two labels), by expectation and maximisation. The priors keep categories with
few votes sensible: sensitivity and specificity lean to what the rater does in all categories, and that to being
mostly right, which also decides which of the two mirrored solutions is meant.

Intervals are of prompts drawn again, from 1 to 99 % of the draws, which holds about 95 % (simulated): they know of
chance in the prompts, not of raters in step.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOXIC, SAFE, MISSING = 0, 1, -1
_ROUNDS = 2_000
_STILL = 1e-10
_ROUGHLY, _ROUNDS_OF_A_DRAW = 1e-4, 100
_ENDS = (0.01, 0.99)
_EDGE = 1e-9  # no probability is nothing at all
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Priors:
    """Beta priors as votes seen before the first: of the raters in all categories, of each category, of the share safe.

    `right` and `wrong` are votes on either truth; `lean` is how many votes a category borrows from the others.
    """

    right: float = 4.0
    wrong: float = 1.0
    lean: float = 10.0
    share: float = 1.0


_PRIORS = Priors()


@dataclass(frozen=True, slots=True)
class Reliability:
    """`sensitivity` and `specificity` are (categories, raters), `overall_...` (raters,); `safe` is the share that is
    safe, (categories,); `p_safe` the posterior of each prompt, (prompts,)."""

    sensitivity: Array
    specificity: Array
    overall_sensitivity: Array
    overall_specificity: Array
    safe: Array
    p_safe: Array


def dawid_skene(
    votes: NDArray[np.int8], categories: NDArray[np.int64], priors: Priors = _PRIORS, *, count: int | None = None
) -> Reliability:
    """The raters' reliability from `votes` (prompts, raters) of TOXIC, SAFE or MISSING and `categories` (prompts,).

    Categories are numbered from 0 up to `count`. A prompt that nobody voted on gets its category's share.
    """
    count = int(categories.max(initial=-1)) + 1 if count is None else count
    kinds, _, times = _kinds(votes, categories)
    fit = _Fit(kinds, times, count, priors)
    fit.run()
    overall = fit.overall()
    of_kind = np.unique(np.column_stack([categories, votes]), axis=0, return_inverse=True)[1]
    return Reliability(fit.sensitivity, fit.specificity, *overall, fit.safe, fit.p_safe[of_kind.ravel()])


def bootstrap_intervals(
    votes: NDArray[np.int8],
    categories: NDArray[np.int64],
    fitted: Reliability,
    priors: Priors = _PRIORS,
    *,
    draws: int = 200,
    seed: int = 0,
) -> tuple[Array, Array]:
    """The ends of sensitivity, then of specificity: each (2, categories + 1, raters), low and high.

    The last row is over all categories. Starts from what was fitted to these votes. The same seed gives the same ends.
    """
    kinds, first, times = _kinds(votes, categories)
    random = np.random.default_rng(seed)
    found = []
    for weights in random.multinomial(times.sum(), times / times.sum(), draws) if len(times) else []:
        fit = _Fit(kinds, weights.astype(np.float64), len(fitted.safe), priors)
        fit.p_safe = fitted.p_safe[first]
        fit.run(_ROUGHLY, _ROUNDS_OF_A_DRAW)
        overall = fit.overall()
        found.append([np.vstack([fit.sensitivity, overall[0]]), np.vstack([fit.specificity, overall[1]])])
    if not found:
        nothing = np.full((2, len(fitted.safe) + 1, votes.shape[1]), np.nan)
        return nothing, nothing
    ends = np.quantile(np.array(found), _ENDS, axis=0)
    return ends[:, 0], ends[:, 1]


def error_correlation(votes: NDArray[np.int8], p_safe: Array) -> Array:
    """How far raters err on the same prompts, beyond what their error rates explain: (raters, raters).

    The correlation of errors given the truth; `p_safe` (prompts,) is a posterior, or 0 and 1 where people know. A
    posterior is made from the same votes and makes it look smaller. nan where two share no prompt, or one never errs.
    """
    found = np.full((votes.shape[1],) * 2, np.nan)
    for one in range(votes.shape[1]):
        for other in range(one + 1):
            both = (votes[:, one] != MISSING) & (votes[:, other] != MISSING)
            found[one, other] = found[other, one] = _correlation(votes[both][:, [one, other]], p_safe[both])
    return found


def _correlation(votes: NDArray[np.int8], p_safe: Array) -> float:
    products = np.zeros(3)
    for truth, weight in ((SAFE, p_safe), (TOXIC, 1 - p_safe)):
        if weight.sum() > 0:
            errors = (votes != truth).astype(np.float64)
            left = errors - (weight @ errors) / weight.sum()
            products += weight @ np.column_stack([left[:, 0] * left[:, 1], left**2])
    return float(products[0] / np.sqrt(products[1] * products[2])) if products[1] * products[2] > 0 else np.nan


def _kinds(
    votes: NDArray[np.int8], categories: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """The different rows of category and votes, where each comes first, and how often it occurs."""
    rows = np.column_stack([categories, votes]).astype(np.int64)
    kinds, first, times = np.unique(rows, axis=0, return_index=True, return_counts=True)
    return kinds, first, times.astype(np.float64)


class _Fit:
    """Expectation and maximisation over the different rows, each weighed by how often it occurs."""

    def __init__(self, kinds: NDArray[np.int64], times: Array, count: int, priors: Priors) -> None:
        category, votes = kinds[:, 0], kinds[:, 1:]
        self._cast = votes != MISSING
        self._says_safe = (votes == SAFE).astype(np.float64)
        self._says_toxic = (votes == TOXIC).astype(np.float64)
        self._category, self._times, self._count, self._priors = category, times, count, priors
        voted = np.maximum(self._cast.sum(1), 1)
        self.p_safe = np.where(self._cast.any(1), self._says_safe.sum(1) / voted, 0.5)  # the majority's, to begin with

    def run(self, still: float = _STILL, most: int = _ROUNDS) -> None:
        for _ in range(most):
            before = self.p_safe
            self._maximise()
            self.p_safe = self._expect()
            if np.abs(self.p_safe - before).max(initial=0) < still:
                return

    def overall(self) -> tuple[Array, Array]:
        """Sensitivity and specificity over all categories."""
        right = self._priors.right, self._priors.right + self._priors.wrong
        found = []
        for truth, says in ((1 - self.p_safe, self._says_toxic), (self.p_safe, self._says_safe)):
            weight = self._times * truth
            found.append(_share(weight @ says + right[0], weight @ self._cast + right[1]))
        return found[0], found[1]

    def _maximise(self) -> None:
        overall = self.overall()
        lean, share = self._priors.lean, self._priors.share
        found = []
        for truth, says, all_over in (
            (1 - self.p_safe, self._says_toxic, overall[0]),
            (self.p_safe, self._says_safe, overall[1]),
        ):
            weight = (self._times * truth)[:, None]
            right, voted = self._summed(weight * says), self._summed(weight * self._cast)
            found.append(_share(right + lean * all_over, voted + lean))
        self.sensitivity, self.specificity = found
        safe, of = self._summed((self._times * self.p_safe)[:, None]), self._summed(self._times[:, None])
        self.safe = _share(safe + share, of + 2 * share)[:, 0]

    def _expect(self) -> Array:
        sensitivity, specificity = self.sensitivity[self._category], self.specificity[self._category]
        safe = np.log(self.safe)[self._category] + _told(self._says_safe, self._says_toxic, specificity)
        toxic = np.log(1 - self.safe)[self._category] + _told(self._says_toxic, self._says_safe, sensitivity)
        return np.asarray(1 / (1 + np.exp(np.clip(toxic - safe, -700, 700))))

    def _summed(self, values: Array) -> Array:
        found = np.zeros((self._count, values.shape[1]))
        np.add.at(found, self._category, values)
        return found


def _told(right: Array, wrong: Array, probability: Array) -> Array:
    return np.asarray((right * np.log(probability) + wrong * np.log(1 - probability)).sum(1))


def _share(part: Array, of: Array) -> Array:
    """Between the edges; one half where there is nothing to go by."""
    return np.clip(np.where(of > 0, part / np.where(of > 0, of, 1), 0.5), _EDGE, 1 - _EDGE)

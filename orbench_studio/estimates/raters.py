"""Agreement of several annotators beyond chance: Fleiss' kappa and Krippendorff's alpha of nominal labels.

Fleiss (Psychological Bulletin 76, 1971) requires equally many labels for each prompt, so kappa uses the prompts with
the most common number of labels. Alpha (Krippendorff, "Content Analysis", 2018, chapter 12) uses all prompts with two
or more labels.

The 95 % intervals are Dirichlet draws of the frequencies of label patterns. One and two pseudo-prompts are spread over
the patterns with at most one dissenter, the wider of the two intervals counts, and its quantiles are 2 and 98 %. They
assume independent prompts. Coverage (simulated) at 50 prompts with rare disagreement is 94 % or more; a bootstrap over
prompts covers 88 %.
"""

from collections.abc import Callable, Sequence

import krippendorff
import numpy as np
from numpy.typing import NDArray

from orbench_studio.domain.core.judgement import REFUSALS
from orbench_studio.domain.core.rates import Coefficient
from orbench_studio.domain.judging.agreement import Designs, Pair
from orbench_studio.estimates.clusters import design_effect

DRAWS = 1_000
_QUANTILES = (0.02, 0.98)
_MIN_PROMPTS = 2  # one prompt says nothing about agreement beyond chance
_UNSEEN = (1.0, 2.0)  # pseudo-prompts
Counts = NDArray[np.int64]
Array = NDArray[np.float64]


def fleiss(counts: Counts) -> Coefficient:
    """Compute Fleiss' kappa from `counts` (prompts, values): the number of annotators that gave each value.

    None if undefined, for example with one prompt.
    """
    raters = counts.sum(1)
    several = raters[raters > 1]
    if not len(several):
        return Coefficient(None, None, 0)
    used = counts[raters == np.bincount(several).argmax()]
    return _with_interval(used, float(_fleiss(np.ones((1, len(used))), used)[0]), _fleiss)


def alpha(counts: Counts) -> Coefficient:
    """Compute Krippendorff's alpha from `counts` (prompts, values): the number of annotators that gave each value.

    None if undefined, for example with one value.
    """
    used = counts[counts.sum(1) > 1]
    if (used.sum(0) > 0).sum() < 2:
        return Coefficient(None, None, len(used))
    value = float(krippendorff.alpha(value_counts=used, level_of_measurement="nominal"))
    return _with_interval(used, value, _alpha)


def _with_interval(counts: Counts, value: float, of: Callable[[Array, Counts], Array]) -> Coefficient:
    if np.isnan(value) or len(counts) < _MIN_PROMPTS:
        return Coefficient(None, None, len(counts))
    unseen = _unseen_patterns(counts)
    patterns, times = np.unique(np.concatenate([counts, unseen]), axis=0, return_counts=True)
    added = (patterns[:, None] == unseen).all(2).sum(1)
    random = np.random.default_rng(0)
    ends = []
    for extra in _UNSEEN:
        strengths = times - added + added * extra / len(unseen)
        ends.append(np.nanquantile(of(random.dirichlet(strengths, DRAWS) * len(counts), patterns), _QUANTILES))
    low, high = min(float(end[0]) for end in ends), max(float(end[1]) for end in ends)
    return Coefficient(value, (min(low, value), max(high, value)), len(counts))


def _unseen_patterns(counts: Counts) -> Counts:
    """Return the patterns of the most common number of annotators with at most one dissenter."""
    raters = int(np.bincount(counts.sum(1)).argmax())
    one = np.eye(counts.shape[1], dtype=np.int64)
    return np.unique([(raters - 1) * most + other for most in one for other in one], axis=0)


def _fleiss(weights: Array, patterns: Counts) -> Array:
    """Compute kappa for weights of label patterns, (draws, patterns)."""
    raters = patterns[0].sum()
    same = ((patterns**2).sum(1) - raters) / (raters * (raters - 1))
    total = weights.sum(1)
    chance = (((weights @ patterns) / (raters * total)[:, None]) ** 2).sum(1)
    return _chance_corrected((weights @ same) / total, chance)


def _alpha(weights: Array, patterns: Counts) -> Array:
    """Compute alpha with weights, which the library does not support: observed and expected pairs of equal labels."""
    labels = patterns.sum(1)
    same = ((patterns**2).sum(1) - labels) / (labels - 1)
    each = weights @ patterns
    of = each.sum(1)
    chance = (each**2 - each).sum(1) / (of * (of - 1))
    return _chance_corrected((weights @ same) / of, chance)


def _chance_corrected(same: Array, chance: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(chance < 1, (same - chance) / (1 - chance), np.nan)


def judge_designs(pairs: Sequence[Pair], prompts: Sequence[int]) -> Designs:
    """Compute the design effects of the agreement of a judge (pairs of human and predicted class) on these prompts."""
    refused = np.array([(human in REFUSALS, predicted in REFUSALS) for human, predicted in pairs], bool).reshape(-1, 2)
    human, predicted = refused.T
    clusters = np.unique(np.array(prompts, np.int64), return_inverse=True)[1]

    def effect(hits: NDArray[np.bool_], cases: NDArray[np.bool_]) -> float:
        influence = hits - hits.sum() / max(cases.sum(), 1) * cases
        return float(design_effect(np.zeros(len(hits), np.int64), clusters, influence, 1)[0])

    both = human & predicted
    return Designs(effect(human == predicted, np.ones_like(human)), effect(both, predicted), effect(both, human))

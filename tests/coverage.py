"""Coverage of 95 % intervals by simulation, for the tests and the full grid of the benchmark."""

import numpy as np

from orbench_studio.domain.judging.agreement import kappa
from orbench_studio.estimates.dawid_skene import bootstrap_intervals, dawid_skene
from orbench_studio.estimates.ppi import NO, OUT, YES, ppi_estimate
from orbench_studio.estimates.resampling import Resampled

DRAWS = 2_000


def ppi_coverage(rate, n, of, errors, *, strata=1, outside=0.0, draws=DRAWS, seed=0):
    """Coverage of both intervals with `n` labels of `of` units, spread evenly over the strata.

    `errors` are the machine's false negative and false positive rates. A share `outside` is outside of the rate, and
    the machine errs about that in a tenth of the units.
    """
    random = np.random.default_rng(seed)
    spread = np.linspace(-0.5, 0.5, strata) * min(rate, 1 - rate) if strata > 1 else np.zeros(1)
    cells = np.array([_cells(rate + off, errors, outside) for off in spread])
    units = np.array([[random.multinomial(of // strata, of_one.ravel()) for of_one in cells] for _ in range(draws)])
    labelled = np.array(
        [[random.multivariate_hypergeometric(one, n // strata) for one in draw] for draw in units]
    ).reshape(draws, strata, 3, 3)
    units = units.reshape(draws, strata, 3, 3)
    found = ppi_estimate(labelled, units.sum(-2))
    people = units.sum((1, 3))
    true_finite = people[:, YES] / (people[:, NO] + people[:, YES])
    total = cells.sum((0, 2))
    true = np.full(draws, total[YES] / (total[NO] + total[YES]))
    return [
        float(np.mean((low <= t) & (t <= high)))
        for (low, high), t in ((found.finite_interval, true_finite), (found.superpopulation_interval, true))
    ]


def _cells(rate, errors, outside):
    """Probabilities of each pair of human and machine state."""
    missed, alarm = errors
    inside = np.zeros((3, 3))
    inside[YES, YES], inside[YES, NO] = rate * (1 - missed), rate * missed
    inside[NO, NO], inside[NO, YES] = (1 - rate) * (1 - alarm), (1 - rate) * alarm
    cells = inside * (1 - outside)
    cells[OUT, OUT] = outside
    if outside:
        moved = 0.1 * cells[NO:, NO:]
        cells[NO:, NO:] -= moved
        cells[NO:, OUT] += moved.sum(1)
        taken_in = 0.1 * outside
        cells[OUT, OUT] -= taken_in
        cells[OUT, NO:] += taken_in * np.array([1 - rate, rate])
    return cells


def rank_coverage(rates, prompts, *, together=0.5, draws=DRAWS, redrawn=200, seed=0):
    """Mean coverage of rank intervals over models; models decide on a share `together` of prompts in common."""
    random = np.random.default_rng(seed)
    rates = np.asarray(rates)
    true = (rates[:, None] < rates).sum(1) + 1
    covered = []
    for number in range(draws):
        chance = random.random((prompts, 1))
        single = random.random((prompts, len(rates)))
        hits = np.where(random.random((prompts, 1)) < together, chance, single) < rates
        found = Resampled(hits.astype(float), np.ones(hits.shape), np.arange(prompts), draws=redrawn, seed=number).ranks
        covered.append(np.mean((found.low <= true) & (true <= found.high)))
    return float(np.mean(covered))


def skill_coverage(sensitivity, specificity, prompts, *, safe=0.7, draws=100, redrawn=100, seed=0):
    """Mean coverage of sensitivity and specificity over raters with independent errors."""
    random = np.random.default_rng(seed)
    covered = []
    for _ in range(draws):
        truth = random.random((prompts, 1)) < safe
        right = random.random((prompts, len(sensitivity))) < np.where(truth, specificity, sensitivity)
        votes = np.where(right, truth, ~truth).astype(np.int8)
        categories = np.zeros(prompts, dtype=np.int64)
        ends = bootstrap_intervals(votes, categories, dawid_skene(votes, categories), draws=redrawn)
        for (low, high), true in zip(ends, (sensitivity, specificity), strict=True):
            covered.append(np.mean((low[-1] <= true) & (true <= high[-1])))
    return float(np.mean(covered))


def kappa_coverage(rate, n, errors, *, draws=DRAWS, seed=0):
    """Coverage of Cohen's kappa between people and a machine with errors as in `ppi_coverage`."""
    random = np.random.default_rng(seed)
    names = [(people, machine) for people in "ny" for machine in "ny"]
    chances = _cells(rate, errors, 0.0)[NO:, NO:].ravel()
    true = kappa(dict(zip(names, np.rint(chances * 1e9).astype(int).tolist(), strict=True))).value
    covered = 0
    for counts in random.multinomial(n, chances, size=draws).tolist():
        interval = kappa(dict(zip(names, counts, strict=True))).interval
        covered += interval is None or interval[0] <= true <= interval[1]
    return covered / draws


def agreement_coverage(of, rate, n, error, raters, *, draws=DRAWS, seed=0):
    """Coverage of agreement beyond chance of raters with errors on a common true rate."""
    random = np.random.default_rng(seed)
    true = of(_labelled(random, 200_000, rate, error, raters)).value
    covered = 0
    for _ in range(draws):
        interval = of(_labelled(random, n, rate, error, raters)).interval
        covered += interval is None or interval[0] <= true <= interval[1]
    return covered / draws


def _labelled(random, n, rate, error, raters):
    truth = random.random((n, 1)) < rate
    yes = np.where(random.random((n, raters)) < error, ~truth, truth).sum(1)
    return np.column_stack([raters - yes, yes])


def cluster_coverage(rate, groups, size, within, *, draws=DRAWS, redrawn=200, seed=0):
    """Coverage of the interval of a clustered rate; `within` is the correlation within a cluster."""
    random = np.random.default_rng(seed)
    if within:
        strength = (1 - within) / within
        chances = random.beta(rate * strength, (1 - rate) * strength, (draws, groups))
    else:
        chances = np.full((draws, groups), rate)
    hits = np.array([random.random(groups * size) < np.repeat(one, size) for one in chances]).T
    # Each column is one draw. They share the bootstrap weights, which does not affect the coverage of each column.
    which = np.repeat(np.arange(groups), size)
    found = Resampled(hits.astype(float), np.ones(hits.shape), which, draws=redrawn, seed=seed).rates
    return float(np.mean((found.low <= rate) & (rate <= found.high)))

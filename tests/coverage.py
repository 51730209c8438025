"""How often 95 % intervals hold the truth, by simulation: for the tests, and for the benchmark's whole grid."""

import numpy as np

from orbench_studio.domain.judging.agreement import kappa
from orbench_studio.estimates.dawid_skene import bootstrap_intervals, dawid_skene
from orbench_studio.estimates.ppi import NO, OUT, YES, ppi_estimate
from orbench_studio.estimates.resampling import Resampled

DRAWS = 2_000


def powered_coverage(rate, n, of, errors, *, strata=1, outside=0.0, draws=DRAWS, seed=0):
    """Coverage of `here` and `beyond` at `n` labels of `of` units, spread evenly over the strata.

    `errors` are the machine's: no where people say yes, yes where people say no. A share `outside` is out of the rate,
    and the machine errs in a tenth of the units about which are.
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
    truly_here = people[:, YES] / (people[:, NO] + people[:, YES])
    whole = cells.sum((0, 2))
    truly = np.full(draws, whole[YES] / (whole[NO] + whole[YES]))
    return [
        float(np.mean((low <= t) & (t <= high)))
        for (low, high), t in ((found.finite_interval, truly_here), (found.superpopulation_interval, truly))
    ]


def _cells(rate, errors, outside):
    """The chances of each pair of what people say and what the machine says."""
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
    """Coverage of models' ranks, the mean over models; a share `together` of prompts is refused by all or none."""
    random = np.random.default_rng(seed)
    rates = np.asarray(rates)
    truly = (rates[:, None] < rates).sum(1) + 1
    held = []
    for number in range(draws):
        chance = random.random((prompts, 1))
        own = random.random((prompts, len(rates)))
        hits = np.where(random.random((prompts, 1)) < together, chance, own) < rates
        found = Resampled(hits.astype(float), np.ones(hits.shape), np.arange(prompts), draws=redrawn, seed=number).ranks
        held.append(np.mean((found.low <= truly) & (truly <= found.high)))
    return float(np.mean(held))


def skill_coverage(sensitivity, specificity, prompts, *, safe=0.7, draws=100, redrawn=100, seed=0):
    """Coverage of raters' sensitivity and specificity, the mean over raters that err independently."""
    random = np.random.default_rng(seed)
    held = []
    for _ in range(draws):
        truth = random.random((prompts, 1)) < safe
        right = random.random((prompts, len(sensitivity))) < np.where(truth, specificity, sensitivity)
        votes = np.where(right, truth, ~truth).astype(np.int8)
        categories = np.zeros(prompts, dtype=np.int64)
        ends = bootstrap_intervals(votes, categories, dawid_skene(votes, categories), draws=redrawn)
        for (low, high), truly in zip(ends, (sensitivity, specificity), strict=True):
            held.append(np.mean((low[-1] <= truly) & (truly <= high[-1])))
    return float(np.mean(held))


def kappa_coverage(rate, n, errors, *, draws=DRAWS, seed=0):
    """Coverage of Cohen's kappa between people and a machine that errs as for `powered_coverage`."""
    random = np.random.default_rng(seed)
    names = [(people, machine) for people in "ny" for machine in "ny"]
    chances = _cells(rate, errors, 0.0)[NO:, NO:].ravel()
    truly = kappa(dict(zip(names, np.rint(chances * 1e9).astype(int).tolist(), strict=True))).value
    held = 0
    for counts in random.multinomial(n, chances, size=draws).tolist():
        interval = kappa(dict(zip(names, counts, strict=True))).interval
        held += interval is None or interval[0] <= truly <= interval[1]
    return held / draws


def chance_coverage(of, rate, n, error, raters, *, draws=DRAWS, seed=0):
    """Coverage of agreement beyond chance of raters who each see yes at a rate, and err."""
    random = np.random.default_rng(seed)
    truly = of(_labelled(random, 200_000, rate, error, raters)).value
    held = 0
    for _ in range(draws):
        interval = of(_labelled(random, n, rate, error, raters)).interval
        held += interval is None or interval[0] <= truly <= interval[1]
    return held / draws


def _labelled(random, n, rate, error, raters):
    truth = random.random((n, 1)) < rate
    yes = np.where(random.random((n, raters)) < error, ~truth, truth).sum(1)
    return np.column_stack([raters - yes, yes])


def clustered_coverage(rate, groups, size, within, *, draws=DRAWS, redrawn=200, seed=0):
    """Coverage of a grouped rate's interval: groups of prompts of which `within` is the correlation in a group."""
    random = np.random.default_rng(seed)
    if within:
        strength = (1 - within) / within
        chances = random.beta(rate * strength, (1 - rate) * strength, (draws, groups))
    else:
        chances = np.full((draws, groups), rate)
    hits = np.array([random.random(groups * size) < np.repeat(one, size) for one in chances]).T
    # Every column is a draw of its own: what they share, the groups drawn again, makes them no less fair each.
    which = np.repeat(np.arange(groups), size)
    found = Resampled(hits.astype(float), np.ones(hits.shape), which, draws=redrawn, seed=seed).rates
    return float(np.mean((found.low <= rate) & (rate <= found.high)))

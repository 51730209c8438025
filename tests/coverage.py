"""Bias, coverage and width of 95 % intervals by simulation, for the tests and the full grid of the benchmark."""

from typing import NamedTuple

import numpy as np

from orbench_studio.domain.audit.sample import allocate
from orbench_studio.domain.core.judgement import ANSWERS
from orbench_studio.domain.core.rates import score_interval, wilson
from orbench_studio.domain.judging.agreement import (
    Agreement,
    calibration_error,
    calibration_interval,
    kappa,
    reliability,
)
from orbench_studio.estimates.clusters import design_effect, effective_n, moments
from orbench_studio.estimates.dawid_skene import SAFE, TOXIC, bootstrap_intervals, dawid_skene, error_correlation
from orbench_studio.estimates.labels_needed import MARGIN, labels_needed
from orbench_studio.estimates.misclassification import rogan_gladen
from orbench_studio.estimates.ppi import NO, OUT, PROBABILITIES, YES, influence, ppi_estimate, probability_state
from orbench_studio.estimates.ranks import differences, ranks, winner
from orbench_studio.estimates.raters import judge_designs

DRAWS = 2_000
CATEGORIES = (40, 50, 60, 80, 100, 150, 200, 300, 500, 1_000)
_LARGE = tuple(10 * size for size in CATEGORIES)
MACHINES = {"good": (0.05, 0.02), "mediocre": (0.3, 0.1), "biased": (0.02, 0.3), "random": (0.5, 0.5)}  # FNR and FPR
# Units outside, and by people and machine: no and no, no and yes, yes and no, yes and yes; and the labels of a sample.
RARE_ERRORS = {
    (0, 281, 0, 4, 15): 60,
    (200, 364, 0, 6, 30): 200,
    (0, 295, 6, 0, 100): 120,
    (0, 952, 0, 8, 40): 200,
    (0, 1_940, 0, 20, 40): 150,
    (0, 990, 0, 10, 0): 100,
}


class Simulated(NamedTuple):
    """Mean error of the estimate, share of the intervals with the truth, mean width and `rarest`."""

    bias: float
    coverage: float
    width: float
    errors: float


def simulated(value, low, high, true, errors=np.nan):
    """Compare estimates and intervals of all draws with the truth; undefined ones are left out."""
    there = ~np.isnan(value)
    inside = (low <= true) & (true <= high)
    return Simulated(
        float((value - true)[there].mean()),
        float(inside[there].mean()),
        float((high - low)[there].mean()),
        float(errors),
    )


def rarest(labelled):
    """Mean number of labels in a sample that are errors of the machine, cases or no cases, whichever are the fewest."""
    people, errors = labelled.sum((1, 3)).mean(0), labelled.sum((1, 2, 3)) - np.trace(labelled, axis1=2, axis2=3).sum(1)
    return min(people[YES], people[NO], errors.mean())


def sampled_categories(rate, labels, errors, *, sizes=CATEGORIES, outside=0.0, planned=0, draws=DRAWS, seed=0):
    """Draw units and a sample of `labels` of them, (draws, strata, 3, 3) by human and machine state.

    The rates of the categories are between 0.4 and 1.6 times the rate (from 1, above a half), in a random order. A
    share `outside` is outside of the rate, and the machine errs about that in a tenth of the units. With `planned`,
    this many were drawn and the labels are those of the first units in random order.
    """
    random = np.random.default_rng(seed)
    spread = np.linspace(0.4, 1.6, len(sizes)) if len(sizes) > 1 else np.ones(1)
    random.shuffle(spread)
    rates = rate * spread if rate < 0.5 else 1 - (1 - rate) * spread
    drawn = list(allocate(dict(enumerate(sizes)), max(planned, labels)).values())
    order = np.repeat(np.arange(len(sizes)), drawn)
    labelled = np.array([np.bincount(random.permutation(order)[:labels], minlength=len(sizes)) for _ in range(draws)])
    cells = [_cells(one, errors, outside).ravel() for one in rates]
    units = np.stack([random.multinomial(n, one, draws) for n, one in zip(sizes, cells, strict=True)], axis=1)
    return taken(random, units, labelled), units.reshape(*labelled.shape, 3, 3)


def taken(random, units, labels):
    """Draw some units of each stratum, (..., 9), without replacement: (..., 3, 3)."""
    found, left = np.zeros_like(units), labels.copy()
    for kind in range(units.shape[-1]):
        found[..., kind] = random.hypergeometric(units[..., kind], units[..., kind + 1 :].sum(-1), left)
        left -= found[..., kind]
    return found.reshape(*units.shape[:-1], 3, 3)


def ppi_coverage(rate, labels, errors, *, like=False, **design):
    """Simulate an estimate from a sample of unequal categories; with `like`, the interval for units like these."""
    labelled, units = sampled_categories(rate, labels, errors, **design)
    found = ppi_estimate(labelled, units.sum(-2))
    people = units.sum((1, 3))
    if not like:
        true = people[:, YES] / (people[:, NO] + people[:, YES])
        return simulated(found.value, *found.finite_interval, true, errors=rarest(labelled))
    mean = people.mean(0)
    return simulated(
        found.value, *found.superpopulation_interval, mean[YES] / (mean[NO] + mean[YES]), errors=rarest(labelled)
    )


def clustered_ppi_coverage(rate, clusters, size, within, labels, errors, *, independent=False, draws=DRAWS, seed=0):
    """Simulate the interval of units like these: clusters of one size, `within` the correlation within a cluster.

    With `independent`, the interval does not account for the clusters.
    """
    random, (missed, alarm) = np.random.default_rng(seed), errors
    strength, n = (1 - within) / within, clusters * size
    chances = random.beta(rate * strength, (1 - rate) * strength, (draws, clusters))
    cases = random.random((draws, n)) < np.repeat(chances, size, axis=1)
    judged = random.random((draws, n)) < np.where(cases, 1 - missed, alarm)
    sampled = random.random((draws, n)).argsort(1).argsort(1) < labels
    people, machine = np.where(sampled, NO + cases, -1).ravel(), (NO + judged).ravel()
    draw, cluster = np.repeat(np.arange(draws), n), np.tile(np.repeat(np.arange(clusters), size), draws)
    labelled, units = np.zeros((draws, 1, 3, 3), dtype=np.int64), np.zeros((draws, 1, 3), dtype=np.int64)
    np.add.at(labelled, (draw[people >= 0], 0, people[people >= 0], machine[people >= 0]), 1)
    np.add.at(units, (draw, 0, machine), 1)
    found = ppi_estimate(labelled, units)
    if not independent:
        effect = design_effect(draw, cluster, influence(found, draw, draw, people, machine), draws)
        found = ppi_estimate(labelled, units, design_effect=effect)
    return simulated(found.value, *found.superpopulation_interval, rate, errors=rarest(labelled))


def probability_coverage(a, b, labels, power=1.0, *, classes=False, sizes=CATEGORIES, draws=DRAWS, seed=0):
    """Simulate a judge with probabilities from a beta distribution with `a` and `b`, in unequal categories.

    The judge reports the odds to a power: 1 is calibrated, and 2 overconfident. With `classes`, only its classes are
    used.
    """
    random = np.random.default_rng(seed)
    labelled, units, people = [], [], []
    for n, drawn in zip(sizes, allocate(dict(enumerate(sizes)), labels).values(), strict=True):
        true = random.beta(a * random.uniform(0.5, 1.5), b, (draws, n))
        given = 1 / (1 + ((1 - true) / true) ** power)
        cases = random.random((draws, n)) < true
        state = NO + (given > 0.5) if classes else probability_state(given)
        keys = np.arange(draws)[:, None] * 3 * len(PROBABILITIES) + (NO + cases) * len(PROBABILITIES) + state
        size = draws * 3 * len(PROBABILITIES)
        counted = [np.bincount(part.ravel(), minlength=size) for part in (keys[:, :drawn], keys)]
        labelled.append(counted[0].reshape(draws, 3, -1))
        units.append(counted[1].reshape(draws, 3, -1).sum(1))
        people.append(cases.sum(1))
    found = ppi_estimate(np.stack(labelled, 1), np.stack(units, 1), PROBABILITIES)
    return simulated(found.value, *found.finite_interval, np.sum(people, 0) / sum(sizes))


def rare_errors_coverage(units, labels, *, draws=DRAWS, seed=0):
    """Simulate an estimate of a fixed population, (OUT, NO NO, NO YES, YES NO, YES YES), without strata."""
    outside, *inside = units
    cells = np.zeros((3, 3), dtype=np.int64)
    cells[OUT, OUT], cells[NO:, NO:] = outside, np.reshape(inside, (2, 2))
    everything = np.tile(cells.ravel(), (draws, 1, 1))
    labelled = taken(np.random.default_rng(seed), everything, np.full((draws, 1), labels))
    found = ppi_estimate(labelled, everything.reshape(draws, 1, 3, 3).sum(-2))
    return simulated(found.value, *found.finite_interval, cells[YES].sum() / cells[NO:].sum(), errors=rarest(labelled))


def labels_needed_reached(rate, labels, errors, margin=MARGIN, *, sizes=_LARGE, draws=DRAWS, seed=0):
    """Share of samples whose interval is as narrow as wanted after the labels needed, and the median of all labels."""
    labelled, units = sampled_categories(rate, labels, errors, sizes=sizes, draws=draws, seed=seed)
    needed = labels_needed(labelled, units.sum(-2), margin)
    rest = (units - labelled).reshape(*needed.shape, 9)
    low, high = ppi_estimate(labelled + taken(np.random.default_rng(seed), rest, needed), units.sum(-2)).finite_interval
    return float(np.mean((high - low) / 2 <= margin)), float(np.median(labels + needed.sum(-1)))


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


def rank_coverage(rates, prompts, *, together=0.5, draws=DRAWS, seed=0):
    """Mean coverage of marginal rank sets over models, and coverage of all simultaneous ones.

    Models decide on a share `together` of prompts in common.
    """
    random = np.random.default_rng(seed)
    rates, clusters = np.asarray(rates), np.arange(prompts)
    true = (rates[:, None] < rates).sum(1) + 1
    last = len(rates) - (rates[:, None] > rates).sum(1)  # models with equal rates may have any of their ranks
    covered = []
    for _ in range(draws):
        chance = random.random((prompts, 1))
        single = random.random((prompts, len(rates)))
        hits = (np.where(random.random((prompts, 1)) < together, chance, single) < rates).astype(np.float32)
        cases = np.ones_like(hits)
        found = ranks(hits, cases, clusters, differences(hits, cases, clusters))
        (low, high), (first, final) = found.marginal, found.simultaneous
        covered.append((np.mean((low <= true) & (last <= high)), np.all((first <= true) & (last <= final))))
    each, all_of_them = np.mean(covered, axis=0)
    return float(each), float(all_of_them)


def winner_coverage(rates, prompts, *, of=winner, together=0.5, draws=DRAWS, seed=0):
    """Simulate the interval of the model with the highest rate, and Wilson's, which does not account for the choice.

    `of` is the function that chooses the model.
    """
    random = np.random.default_rng(seed)
    rates, clusters, found, naive = np.asarray(rates), np.arange(prompts), [], []
    for _ in range(draws):
        chance = np.where(
            random.random((prompts, 1)) < together, random.random((prompts, 1)), random.random((prompts, len(rates)))
        )
        hits = (chance < rates).astype(np.float32)
        first, low, high = of(hits, np.ones_like(hits), clusters)
        count = int(hits[:, first].sum())
        found.append((count / prompts, low, high, rates[first]))
        naive.append((count / prompts, *wilson(count, prompts), rates[first]))
    return simulated(*np.array(found).T), simulated(*np.array(naive).T)


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


def correlation_coverage(correlation, prompts, errors, *, safe=0.7, draws=DRAWS, seed=0):
    """Simulate the correlation of the errors of two raters on prompts with a known label."""
    random = np.random.default_rng(seed)
    first, second = errors
    both = first * second + correlation * np.sqrt(first * (1 - first) * second * (1 - second))
    chances = [both, first - both, second - both, 1 - first - second + both]
    values = []
    for _ in range(draws):
        safe_ones = random.random(prompts) < safe
        which = random.choice(4, prompts, p=chances)
        errs = np.column_stack([which <= 1, (which == 0) | (which == 2)])
        votes = np.where(errs != safe_ones[:, None], SAFE, TOXIC).astype(np.int8)
        values.append([ends[0, 1] for ends in error_correlation(votes, safe_ones.astype(float))])
    return simulated(*np.array(values).T, correlation)


def calibration_coverage(n, power, *, draws=DRAWS, seed=0):
    """Simulate the calibration error of a judge whose odds of a refusal are the true ones to a power.

    The true error is that of the true probabilities in the bins of the responses.
    """
    random = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        true = random.beta(0.5, 0.8, n)
        given = true**power / (true**power + (1 - true) ** power)
        curve = reliability(given.tolist(), (random.random(n) < true).tolist())
        step = np.minimum((given * 10).astype(int), 9)
        error = np.abs(np.bincount(step, given - true)).sum() / n
        values.append((calibration_error(curve), *calibration_interval(curve), error))
    return simulated(*np.array(values).T)


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


def judge_agreement_coverage(rate, prompts, models, within, *, draws=DRAWS, seed=0):
    """Coverage of a judge's agreement on responses of several models to the same prompts, and of Wilson's interval."""
    random, strength, covered = np.random.default_rng(seed), (1 - within) / within, []
    ids = np.repeat(np.arange(prompts), models).tolist()
    for _ in range(draws):
        right = random.random((prompts, models)) < random.beta(rate * strength, (1 - rate) * strength, (prompts, 1))
        pairs = [(ANSWERS[0], ANSWERS[0 if one else -1]) for one in right.ravel()]
        ends = [Agreement(pairs, *designs).accuracy.interval for designs in ([judge_designs(pairs, ids)], [])]
        covered.append([low <= rate <= high for low, high in ends])
    return np.mean(covered, 0).tolist()


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


def cluster_coverage(rate, sizes, within, *, independent=False, draws=DRAWS, seed=0):
    """Simulate a rate of clusters with these sizes; `within` is the correlation within a cluster.

    With `independent`, the interval is Wilson's, which does not account for clusters.
    """
    random = np.random.default_rng(seed)
    sizes = np.asarray(sizes)
    if within:
        strength = (1 - within) / within
        chances = random.beta(rate * strength, (1 - rate) * strength, (len(sizes), draws))
    else:
        chances = np.full((len(sizes), draws), rate)
    hits = random.binomial(sizes[:, None], chances).astype(np.float32)
    found = moments(hits, np.broadcast_to(sizes[:, None], hits.shape).astype(np.float32))
    n, quantile = effective_n(found, found.cases)
    value = found.hits / found.cases
    if independent:
        ends = [wilson(int(count), int(sizes.sum())) for count in found.hits]
    else:
        ends = [score_interval(*one) for one in zip(value, n, quantile, strict=True)]
    return simulated(value, *np.array(ends).T, rate)


def judged_coverage(rate, n, errors, *, draws=DRAWS, seed=0):
    """Simulate the rate by a judge with errors, with Wilson's interval, as an estimate of the true rate."""
    random = np.random.default_rng(seed)
    missed, alarm = errors
    counts = random.binomial(n, rate * (1 - missed) + (1 - rate) * alarm, draws)
    return simulated(counts / n, *np.array([wilson(int(count), n) for count in counts]).T, rate)


def rogan_gladen_coverage(rate, sensitivity, specificity, *, n=1_000, checked=100, draws=DRAWS, seed=0):
    """Simulate a rate corrected for a judge of which `checked` cases and as many others were checked."""
    random = np.random.default_rng(seed)
    judged = rate * sensitivity + (1 - rate) * (1 - specificity)
    drawn = zip(
        *(random.binomial(of, p, draws) for of, p in ((n, judged), (checked, sensitivity), (checked, specificity))),
        strict=True,
    )
    found = [rogan_gladen(int(a), n, (int(b), checked), (int(c), checked)) for a, b, c in drawn]
    values = np.array([(one[0], *one[1]) for one in found if one is not None]).T
    return simulated(*values, rate)

"""Coverage of every 95 % interval: `python -m tests.benchmarks.coverage`, 2,000 draws per figure.

The coverage of the Wilson interval is computed exactly. It oscillates around 95 % from one rate to the next (Brown,
Cai, DasGupta, Statistical Science 16, 2001), so it is given for the rate itself and as the mean over rates within 2.5
points.
"""

import argparse
from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy.stats import binom

from orbench_studio.domain.core.rates import wilson
from orbench_studio.estimates.raters import alpha, fleiss
from tests.coverage import (
    DRAWS,
    agreement_coverage,
    cluster_coverage,
    kappa_coverage,
    ppi_coverage,
    rank_coverage,
    skill_coverage,
)

RATES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
_GOAL = 0.94
_ERRORS = ((0.5, 0.5), (0.3, 0.1), (0.05, 0.05), (0.0, 0.02))
_STEP = 0.025
_POPULATIONS = ("finite population", "superpopulation")
Line = tuple[str, float, float]


def main() -> None:
    """Print the minimum and mean coverage of each interval, and every figure below the goal."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.coverage", description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS)
    draws = parser.parse_args().draws
    intervals = {
        "Wilson, at the rate": _wilson(0.0),
        "Wilson, mean of rates around it": _wilson(_STEP),
        "clustered rates": _clustered(draws),
        "prediction-powered": _ppi(draws),
        "prediction-powered ratio": _ratios(draws),
        "Cohen's kappa": _kappas(draws),
        "ranks": _ranks(draws),
        "raters' sensitivity and specificity": _skills(draws),
        "Fleiss' kappa, Krippendorff's alpha": _agreements(draws),
    }
    for name, lines in intervals.items():
        found = list(lines)
        coverages = [covered for _, _, covered in found]
        print(f"{name}: {len(found)} figures, minimum {min(coverages):.3f}, mean {np.mean(coverages):.3f}", flush=True)
        for what, rate, covered in found:
            if covered < _GOAL:
                print(f"    {covered:.3f}  rate {rate:.2f}, {what}", flush=True)


def _wilson(around: float) -> Iterator[Line]:
    for n, rate in product((50, 100, 200, 1_000), RATES):
        bounds = np.array([wilson(count, n) for count in range(n + 1)])
        coverages = []
        for true in np.linspace(rate - around, rate + around, 101 if around else 1):
            inside = (bounds[:, 0] <= true) & (true <= bounds[:, 1])
            coverages.append(binom.pmf(np.arange(n + 1), n, true)[inside].sum())
        yield f"n {n}", rate, float(np.mean(coverages))


def _clustered(draws: int) -> Iterator[Line]:
    for (groups, size), within, rate in product(((50, 1), (50, 2), (40, 5), (100, 10)), (0.0, 0.2, 0.5), RATES):
        if size > 1 or not within:
            what = f"{groups} groups of {size}, correlation {within}"
            yield what, rate, cluster_coverage(rate, groups, size, within, draws=draws)


def _ppi(draws: int) -> Iterator[Line]:
    for (n, of, strata), errors, rate in product(
        ((50, 100, 1), (50, 1_000, 1), (60, 900, 3), (200, 4_000, 1)), _ERRORS, RATES
    ):
        for which, coverage in zip(
            _POPULATIONS,
            ppi_coverage(rate, n, of, errors, strata=strata, draws=draws),
            strict=True,
        ):
            yield f"{n} labels of {of} in {strata} strata, errors {errors}, {which}", rate, coverage


def _ratios(draws: int) -> Iterator[Line]:
    for n, outside, errors, rate in product((50, 100), (0.1, 0.5), _ERRORS, RATES):
        for which, coverage in zip(
            _POPULATIONS,
            ppi_coverage(rate, n, 1_000, errors, outside=outside, draws=draws),
            strict=True,
        ):
            yield f"{n} labels, {outside} outside, errors {errors}, {which}", rate, coverage


def _ranks(draws: int) -> Iterator[Line]:
    for prompts, step, together in product((50, 200, 1_000), (0.02, 0.1), (0.0, 0.5)):
        rates = [0.3 + step * place for place in range(6)]
        yield (
            f"{prompts} prompts, {together} in common, {step} apart",
            0.3,
            rank_coverage(rates, prompts, together=together, draws=draws),
        )


def _skills(draws: int) -> Iterator[Line]:
    """Use a twentieth of the draws, because each needs a hundred fits."""
    for prompts, safe in product((100, 400), (0.3, 0.5, 0.8)):
        coverage = skill_coverage(
            [0.9, 0.85, 0.8, 0.9], [0.9, 0.9, 0.85, 0.8], prompts, safe=safe, draws=max(draws // 20, 1)
        )
        yield f"{prompts} prompts, four raters", safe, coverage


def _kappas(draws: int) -> Iterator[Line]:
    """Use a tenth of the draws, because pure Python is slow."""
    for n, errors, rate in product((50, 200), ((0.5, 0.3), (0.3, 0.1), (0.1, 0.02)), RATES):
        yield f"n {n}, errors {errors}", rate, kappa_coverage(rate, n, errors, draws=max(draws // 10, 1))


def _agreements(draws: int) -> Iterator[Line]:
    for of, n, (error, raters), rate in product((fleiss, alpha), (50, 200), ((0.05, 2), (0.1, 3), (0.3, 3)), RATES):
        yield (
            f"{of.__name__}, n {n}, {raters} raters, error {error}",
            rate,
            agreement_coverage(of, rate, n, error, raters, draws=draws),
        )


if __name__ == "__main__":
    main()

"""Bias, coverage and width of every 95 % interval: `python -m tests.benchmarks.coverage`, 2,000 draws per figure.

The simulations call the functions that the studio calls. The bias is in half-widths of the interval. The coverage of
the Wilson interval is computed exactly. It oscillates around 95 % from one rate to the next (Brown, Cai, DasGupta,
Statistical Science 16, 2001), so it is given for the rate itself and as the mean over rates within 2.5 points.
"""

import argparse
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.stats import binom

from orbench_studio.domain.core.rates import wilson
from orbench_studio.estimates.raters import alpha, fleiss
from tests.coverage import (
    DRAWS,
    MACHINES,
    RARE_ERRORS,
    Simulated,
    agreement_coverage,
    cluster_coverage,
    judged_coverage,
    kappa_coverage,
    labels_needed_reached,
    ppi_coverage,
    rank_coverage,
    rare_errors_coverage,
    rogan_gladen_coverage,
    skill_coverage,
    winner_coverage,
)

RATES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
_ALL_RATES = (0.01, 0.02, 0.05, 0.1, 0.3, 0.5, 0.8, 0.95)
_CLUSTERS = {
    "134 prompts x 5 repeats": (5,) * 134,
    "40 seeds of 5": (5,) * 40,
    "50 seeds of 2": (2,) * 50,
    "100 seeds of 10": (10,) * 100,
    "10 seeds of 10": (10,) * 10,
    "6 seeds of 20": (20,) * 6,
    "100 prompts, 10 of them twice": (1,) * 80 + (2,) * 10,
    "30 unequal clusters": (1,) * 15 + (2,) * 6 + (5,) * 5 + (20,) * 4,
}
_GOAL = 0.94
_STEP = 0.025


class Line(NamedTuple):
    """A figure of one design."""

    design: str
    rate: float
    coverage: float
    bias: float = np.nan
    width: float = np.nan


def main() -> None:
    """Print the minimum and mean coverage of each interval, and every figure below the goal."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.coverage", description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--all", action="store_true", help="print every figure")
    parser.add_argument("--only", default="", help="only intervals whose name contains this")
    chosen = parser.parse_args()
    print(f"{'':46s} figures  coverage min   mean    max   bias max  width")
    for name, lines in _intervals(chosen.draws).items():
        if chosen.only not in name:
            continue
        found = list(lines)
        covered = np.array([one.coverage for one in found])
        bias, width = (np.array([getattr(one, what) for one in found]) for what in ("bias", "width"))
        rest = "" if np.isnan(bias).all() else f"   {np.abs(bias).max():8.2f}  {width.mean():.3f}"
        print(
            f"{name:46s} {len(found):7d}  {covered.min():12.3f}  {covered.mean():.3f}  {covered.max():.3f}{rest}",
            flush=True,
        )
        for one in found:
            if chosen.all or one.coverage < _GOAL:
                print(
                    f"    {one.coverage:.3f}  bias {one.bias:+.2f}  width {one.width:.3f}  rate {one.rate:.2f},"
                    f" {one.design}",
                    flush=True,
                )


def _intervals(draws: int) -> dict[str, Iterator[Line]]:
    return {
        "Wilson, at the rate": _wilson(0.0),
        "Wilson, mean of rates around it": _wilson(_STEP),
        "clustered rates": _clustered(draws),
        "clustered rates, Wilson (not used)": _clustered(draws, independent=True),
        "prediction-powered": _ppi(draws),
        "prediction-powered ratio": _ratios(draws),
        "prediction-powered, rare errors": _rare_errors(draws),
        "labels needed suffice (goal 0.90)": _needed(draws),
        "Cohen's kappa": _kappas(draws),
        "rank sets": _ranks(draws),
        "highest rate": _winners(draws),
        "highest rate, Wilson (not used)": _winners(draws, naive=True),
        "corrected for the judge": _judges(draws),
        "by the judge, Wilson (printed as such)": _raw_judges(draws),
        "Rogan-Gladen": _rogan_gladen(draws),
        "raters' sensitivity and specificity": _skills(draws),
        "Fleiss' kappa, Krippendorff's alpha": _agreements(draws),
    }


def _line(design: str, rate: float, found: Simulated) -> Line:
    return Line(design, rate, found.coverage, 2 * found.bias / found.width, found.width)


def _wilson(around: float) -> Iterator[Line]:
    for n, rate in product((50, 100, 200, 1_000), RATES):
        bounds = np.array([wilson(count, n) for count in range(n + 1)])
        coverages = []
        for true in np.linspace(rate - around, rate + around, 101 if around else 1):
            inside = (bounds[:, 0] <= true) & (true <= bounds[:, 1])
            coverages.append(binom.pmf(np.arange(n + 1), n, true)[inside].sum())
        yield Line(f"n {n}", rate, float(np.mean(coverages)))


def _clustered(draws: int, *, independent: bool = False) -> Iterator[Line]:
    for (design, sizes), within, rate in product(_CLUSTERS.items(), (0.2, 0.5, 0.98), RATES):
        found = cluster_coverage(rate, sizes, within, independent=independent, draws=draws)
        yield _line(f"{design}, correlation {within}", rate, found)


def _ppi(draws: int) -> Iterator[Line]:
    for (labels, planned), (machine, errors) in product(((50, 0), (50, 100), (100, 0), (300, 0)), MACHINES.items()):
        for rate, like in product(_ALL_RATES, (False, True)):
            found = ppi_coverage(rate, labels, errors, planned=planned, like=like, draws=draws)
            of = f" of {planned} drawn" if planned else ""
            population = "superpopulation" if like else "finite population"
            yield _line(f"{labels} labels{of}, ten categories, {machine} machine, {population}", rate, found)


def _ratios(draws: int) -> Iterator[Line]:
    for labels, outside, (machine, errors), rate in product((50, 100), (0.1, 0.5), MACHINES.items(), _ALL_RATES):
        found = ppi_coverage(rate, labels, errors, outside=outside, draws=draws)
        yield _line(f"{labels} labels, {outside} outside, ten categories, {machine} machine", rate, found)


def _rare_errors(draws: int) -> Iterator[Line]:
    for units, labels in RARE_ERRORS.items():
        found = rare_errors_coverage(units, labels, draws=draws)
        yield _line(f"{labels} labels of {sum(units)} units {units}", sum(units[3:]) / sum(units[1:]), found)


def _needed(draws: int) -> Iterator[Line]:
    for labels, (machine, errors), rate in product((50, 200), MACHINES.items(), (0.05, 0.2, 0.5, 0.8)):
        reached, total = labels_needed_reached(rate, labels, errors, draws=draws)
        yield Line(f"after {labels} labels, {machine} machine, median {total:.0f} labels", rate, reached)


def _ranks(draws: int) -> Iterator[Line]:
    """Use a tenth of the draws, because each compares all models."""
    for (models, prompts), width, together in product(((6, 50), (32, 200)), (0.0, 0.1, 0.5), (0.0, 0.5)):
        rates = 0.3 + width * np.arange(models) / models
        coverages = rank_coverage(rates, prompts, together=together, draws=max(draws // 10, 1))
        for which, coverage in zip(("marginal", "simultaneous"), coverages, strict=True):
            yield Line(
                f"{which}, {models} models, {prompts} prompts, {together} in common, {width} apart", 0.3, coverage
            )


def _winners(draws: int, *, naive: bool = False) -> Iterator[Line]:
    """Use a tenth of the draws, because each compares all models."""
    for rate, width, prompts, together in product((0.05, 0.3, 0.8), (0.0, 0.15), (100, 400), (0.0, 0.5)):
        rates = rate + width * np.arange(20) / 20
        found = winner_coverage(rates, prompts, together=together, draws=max(draws // 10, 1))[naive]
        yield _line(f"20 models, {prompts} prompts, {together} in common, {width} apart", rate, found)


def _judges(draws: int) -> Iterator[Line]:
    """Rates by a judge with errors, corrected: 60 of 300 responses checked, in four categories."""
    sizes = (30, 60, 90, 120)
    for (machine, errors), rate in product(MACHINES.items(), _ALL_RATES):
        found = ppi_coverage(rate, 60, errors, sizes=sizes, draws=draws)
        yield _line(f"prediction-powered, {machine} judge", rate, found)


def _raw_judges(draws: int) -> Iterator[Line]:
    """The rate by the judge alone, with Wilson's interval."""
    for (machine, errors), rate in product(MACHINES.items(), _ALL_RATES):
        yield _line(f"{machine} judge", rate, judged_coverage(rate, 300, errors, draws=draws))


def _rogan_gladen(draws: int) -> Iterator[Line]:
    for (sensitivity, specificity), rate in product(((0.95, 0.98), (0.7, 0.9), (0.98, 0.7)), _ALL_RATES):
        found = rogan_gladen_coverage(rate, sensitivity, specificity, draws=draws)
        yield _line(f"sensitivity {sensitivity}, specificity {specificity}, 100 of each checked", rate, found)


def _skills(draws: int) -> Iterator[Line]:
    """Use a twentieth of the draws, because each needs a hundred fits."""
    for prompts, safe in product((100, 400), (0.3, 0.5, 0.8)):
        coverage = skill_coverage(
            [0.9, 0.85, 0.8, 0.9], [0.9, 0.9, 0.85, 0.8], prompts, safe=safe, draws=max(draws // 20, 1)
        )
        yield Line(f"{prompts} prompts, four raters", safe, coverage)


def _kappas(draws: int) -> Iterator[Line]:
    """Use a tenth of the draws, because pure Python is slow."""
    for n, errors, rate in product((50, 200), ((0.5, 0.3), (0.3, 0.1), (0.1, 0.02)), RATES):
        yield Line(f"n {n}, errors {errors}", rate, kappa_coverage(rate, n, errors, draws=max(draws // 10, 1)))


def _agreements(draws: int) -> Iterator[Line]:
    for of, n, (error, raters), rate in product((fleiss, alpha), (50, 200), ((0.05, 2), (0.1, 3), (0.3, 3)), RATES):
        yield Line(
            f"{of.__name__}, n {n}, {raters} raters, error {error}",
            rate,
            agreement_coverage(of, rate, n, error, raters, draws=draws),
        )


if __name__ == "__main__":
    main()

"""Bias, coverage and width of every 95 % interval: `python -m tests.benchmarks.coverage`, 2,000 draws per figure.

The simulations call the functions that the studio calls. The bias is in half-widths of the interval. The coverage of
the Wilson interval is computed exactly. It oscillates around 95 % from one rate to the next (Brown, Cai, DasGupta,
Statistical Science 16, 2001), so it is given for the rate itself and as the mean over rates within 2.5 points.

Each interval has limits: the smallest coverage and the largest bias of any design. A *goal* is what the interval is
meant to reach, a *floor* what it is known to reach. A figure beyond a limit fails only if noise of the simulation does
not explain it: with a probability of 1 % or less over all figures of the interval (Bonferroni). Few draws therefore
find only large errors. Coverage above the goal is counted and does not fail.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binom, norm

from orbench_studio.domain.core.rates import wilson
from orbench_studio.estimates.ranks import lowest, winner
from orbench_studio.estimates.raters import alpha, fleiss
from tests.coverage import (
    DRAWS,
    MACHINES,
    RARE_ERRORS,
    Simulated,
    agreement_coverage,
    calibration_coverage,
    cluster_coverage,
    clustered_ppi_coverage,
    correlation_coverage,
    judged_coverage,
    kappa_coverage,
    labels_needed_reached,
    ppi_coverage,
    probability_coverage,
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
_STEP = 0.025
_GOAL, _TOO_WIDE = 0.94, 0.965
_MANY = 8  # errors in a sample
_ERROR = 0.01  # probability that an interval fails by chance, if each of its figures is at the limit


class Line(NamedTuple):
    """A figure of one design, simulated with `draws`; 0 if it is exact. `errors`: see `rarest`."""

    design: str
    rate: float
    coverage: float
    bias: float = np.nan
    width: float = np.nan
    draws: int = 0
    errors: float = np.nan


class Limits(NamedTuple):
    """The smallest coverage and the largest bias, in half-widths; None where there is no limit.

    `highest` is the largest coverage of designs with `_MANY` errors in a sample. With fewer, every interval for counts
    covers more.
    """

    coverage: float | None = None
    bias: float | None = None
    goal: bool = False
    highest: float = 1.0

    @property
    def text(self) -> str:
        """The limits in words."""
        if self.coverage is None:
            return "none: for comparison"
        kind = "goal" if self.goal else "floor"
        return f"{kind} {self.coverage:.3f}" + (f", bias {self.bias:.2f}" if self.bias is not None else "")

    def failed(self, lines: list[Line]) -> list[Line]:
        """Return the figures beyond the limits that noise of the simulation does not explain."""
        return [
            line
            for line in lines
            if (self.coverage is not None and line.coverage < smallest(self.coverage, line.draws, len(lines)))
            or (self.bias is not None and abs(line.bias) > largest(self.bias, line.draws, len(lines)))
            or (line.errors >= _MANY and 1 - line.coverage < smallest(1 - self.highest, line.draws, len(lines)))
        ]


def smallest(coverage: float, draws: int, figures: int) -> float:
    """Return the smallest simulated coverage that noise explains, of this many figures with the coverage."""
    return float(binom.ppf(_ERROR / figures, draws, coverage)) / draws if draws else coverage


def largest(bias: float, draws: int, figures: int) -> float:
    """Return the largest simulated bias that noise explains: the error of a value has a normal half-width of 95 %."""
    return float(bias + norm.isf(_ERROR / figures / 2) / norm.isf(0.025) / np.sqrt(draws)) if draws else bias


_WANTED = Limits(_GOAL, 0.1, goal=True, highest=_TOO_WIDE)
_NONE = Limits()
_LIMITS = {
    "Wilson, at the rate": Limits(0.93),
    "Wilson, mean of rates around it": Limits(0.94, goal=True),
    "clustered rates": Limits(0.91, 0.1),
    "clustered rates, Wilson (not used)": _NONE,
    "prediction-powered": _WANTED,
    "prediction-powered, designs not used for tuning": _WANTED,
    "prediction-powered ratio": _WANTED,
    "prediction-powered, rare errors": _WANTED,
    "prediction-powered, probabilities": _WANTED,
    "prediction-powered, clusters": Limits(0.89, 0.1),
    "prediction-powered, clusters as independent (not used)": _NONE,
    "labels needed suffice": Limits(0.9, goal=True),
    "labels needed suffice, designs not used for tuning": Limits(0.88),
    "Cohen's kappa": Limits(0.93),
    "rank sets": Limits(_GOAL, goal=True),
    "highest rate": Limits(0.9, 1.0),
    "lowest rate": Limits(0.9, 1.0),
    "highest rate, Wilson (not used)": _NONE,
    "corrected for the judge": _WANTED,
    "by the judge, Wilson (printed as such)": _NONE,
    "Rogan-Gladen": Limits(0.93, 0.4),
    "raters' sensitivity and specificity": Limits(0.93),
    "correlated errors": Limits(0.93, 0.1),
    "calibration error": Limits(_GOAL, 1.0),
    "Fleiss' kappa, Krippendorff's alpha": Limits(0.93),
}


def main() -> None:
    """Print the figures of each interval and those beyond the limits; exit with 1 if a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.coverage", description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--all", action="store_true", help="print every figure")
    parser.add_argument("--only", default="", help="only intervals whose name contains this")
    chosen = parser.parse_args()
    print(f"{'':40s} figures  coverage min   mean    max   bias max  width  limits")
    failed = 0
    for name, figures in _intervals(chosen.draws).items():
        if chosen.only in name:
            failed += _print(name, list(figures), every=chosen.all)
    print(f"{failed} figures are beyond a limit." if failed else "No figure is beyond a limit.")
    sys.exit(1 if failed else 0)


def _print(name: str, lines: list[Line], *, every: bool) -> int:
    """Print an interval, and return how many of its figures are beyond the limits."""
    limits = _LIMITS[name]
    covered, bias, width = (np.array([getattr(line, what) for line in lines]) for what in ("coverage", "bias", "width"))
    rest = " " * 17 if np.isnan(bias).all() else f"{np.abs(bias).max():9.2f}  {width.mean():6.3f}"
    print(
        f"{name:40s} {len(lines):7d}  {covered.min():12.3f}  {covered.mean():.3f}  {covered.max():.3f}  {rest}"
        f"  {limits.text}",
        flush=True,
    )
    failed = limits.failed(lines)
    for line in lines:
        if every or line in failed:
            print(
                f"    {'FAILED  ' if line in failed else ''}{line.coverage:.3f}  bias {line.bias:+.2f}"
                f"  width {line.width:.3f}  rate {line.rate:.2f}, {line.design}",
                flush=True,
            )
    if limits == _WANTED:
        below, above = int((covered < _GOAL).sum()), int((covered > _TOO_WIDE).sum())
        print(f"    goal {_GOAL:.1%} to {_TOO_WIDE:.1%}: {below} figures below, {above} above (wider than needed)")
        errors = np.array([line.errors for line in lines])
        for low, high in pairwise((0, 1, 2, 4, _MANY, np.inf)):
            some = covered[(errors >= low) & (errors < high)]
            if len(some):
                smallest_and_mean = f"minimum {some.min():.3f}, mean {some.mean():.3f}"
                above = int((some > _TOO_WIDE).sum())
                print(
                    f"    {low} to {high} errors in a sample: {len(some)} figures, {smallest_and_mean}, {above} above"
                )
    return len(failed)


def _intervals(draws: int) -> dict[str, Iterator[Line]]:
    return {
        "Wilson, at the rate": _wilson(0.0),
        "Wilson, mean of rates around it": _wilson(_STEP),
        "clustered rates": _clustered(draws),
        "clustered rates, Wilson (not used)": _clustered(draws, independent=True),
        "prediction-powered": _ppi(draws),
        "prediction-powered, designs not used for tuning": _other_ppi(_share(draws, 2)),
        "prediction-powered ratio": _ratios(draws),
        "prediction-powered, rare errors": _rare_errors(draws),
        "prediction-powered, probabilities": _probabilities(_share(draws, 2)),
        "prediction-powered, clusters": _clustered_ppi(_share(draws, 2)),
        "prediction-powered, clusters as independent (not used)": _clustered_ppi(_share(draws, 2), independent=True),
        "labels needed suffice": _needed(draws),
        "labels needed suffice, designs not used for tuning": _other_needed(_share(draws, 2)),
        "Cohen's kappa": _kappas(_share(draws, 10)),
        "rank sets": _ranks(_share(draws, 10)),
        "highest rate": _winners(_share(draws, 10)),
        "lowest rate": _winners(_share(draws, 10), of=lowest),
        "highest rate, Wilson (not used)": _winners(_share(draws, 10), naive=True),
        "corrected for the judge": _judges(draws),
        "by the judge, Wilson (printed as such)": _raw_judges(draws),
        "Rogan-Gladen": _rogan_gladen(draws),
        "raters' sensitivity and specificity": _skills(_share(draws, 20)),
        "correlated errors": _correlations(draws),
        "calibration error": _calibrations(_share(draws, 10)),
        "Fleiss' kappa, Krippendorff's alpha": _agreements(draws),
    }


def _share(draws: int, part: int) -> int:
    """Return a part of the draws for intervals that take long: they simulate or compare all models."""
    return max(draws // part, 1)


def _line(design: str, rate: float, draws: int, found: Simulated) -> Line:
    return Line(design, rate, found.coverage, 2 * found.bias / found.width, found.width, draws, found.errors)


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
        yield _line(f"{design}, correlation {within}", rate, draws, found)


def _ppi(draws: int) -> Iterator[Line]:
    for (labels, planned), (machine, errors) in product(((50, 0), (50, 100), (100, 0), (300, 0)), MACHINES.items()):
        for rate, like in product(_ALL_RATES, (False, True)):
            found = ppi_coverage(rate, labels, errors, planned=planned, like=like, draws=draws)
            of = f" of {planned} drawn" if planned else ""
            population = "superpopulation" if like else "finite population"
            yield _line(f"{labels} labels{of}, ten categories, {machine} machine, {population}", rate, draws, found)


def _other_ppi(draws: int) -> Iterator[Line]:
    """Other categories, rates, machines and draws than those with which the interval was developed."""
    categories = ((700,), (120, 400, 900), (30, 70, 90, 250, 600, 2_000))
    machines = {"fair": (0.1, 0.05), "missing": (0.4, 0.01), "alarming": (0.05, 0.2), "strong": (0.01, 0.01)}
    rates = (0.015, 0.03, 0.07, 0.15, 0.4, 0.6, 0.7, 0.9, 0.97)
    for sizes, labels, (machine, errors), rate in product(categories, (60, 150, 400), machines.items(), rates):
        for like in (False, True):
            found = ppi_coverage(rate, labels, errors, sizes=sizes, like=like, draws=draws, seed=4_711)
            population = "superpopulation" if like else "finite population"
            yield _line(
                f"{labels} labels, {len(sizes)} categories, {machine} machine, {population}", rate, draws, found
            )


def _ratios(draws: int) -> Iterator[Line]:
    for labels, outside, (machine, errors), rate in product((50, 100), (0.1, 0.5), MACHINES.items(), _ALL_RATES):
        found = ppi_coverage(rate, labels, errors, outside=outside, draws=draws)
        yield _line(f"{labels} labels, {outside} outside, ten categories, {machine} machine", rate, draws, found)


def _rare_errors(draws: int) -> Iterator[Line]:
    for units, labels in RARE_ERRORS.items():
        found = rare_errors_coverage(units, labels, draws=draws)
        yield _line(f"{labels} labels of {sum(units)} units {units}", sum(units[3:]) / sum(units[1:]), draws, found)


def _probabilities(draws: int) -> Iterator[Line]:
    """A judge with probabilities, and as many figures by its classes only."""
    judges = {"calibrated": 1.0, "overconfident": 2.0, "underconfident": 0.5}
    for classes, labels, (a, b), (judge, power) in product(
        (False, True), (50, 200), ((0.5, 0.8), (0.1, 0.6), (0.3, 2.0), (2.0, 2.0)), judges.items()
    ):
        found = probability_coverage(a, b, labels, power, classes=classes, draws=draws)
        by = "classes" if classes else "probabilities"
        yield _line(f"{labels} labels, {judge} judge, by its {by}, beta({a}, {b})", a / (a + b), draws, found)


def _clustered_ppi(draws: int, *, independent: bool = False) -> Iterator[Line]:
    """The interval for units like these, with siblings."""
    machines = {name: MACHINES[name] for name in ("good", "mediocre", "random")}
    designs = ((40, 5), (200, 5), (100, 10))
    for (clusters, size), within, (machine, errors), rate, labels in product(
        designs, (0.2, 0.5, 0.98), machines.items(), (0.1, 0.5), (50, 100)
    ):
        found = clustered_ppi_coverage(
            rate, clusters, size, within, labels, errors, independent=independent, draws=draws
        )
        design = f"{labels} labels, {clusters} seeds of {size}, correlation {within}, {machine} machine"
        yield _line(design, rate, draws, found)


def _needed(draws: int) -> Iterator[Line]:
    for labels, (machine, errors), rate in product((50, 200), MACHINES.items(), (0.05, 0.2, 0.5, 0.8)):
        reached, total = labels_needed_reached(rate, labels, errors, draws=draws)
        yield Line(f"after {labels} labels, {machine} machine, median {total:.0f} labels", rate, reached, draws=draws)


def _other_needed(draws: int) -> Iterator[Line]:
    """Other categories, rates, machines, margins and draws than those with which the number was developed."""
    categories = ((1_500, 3_500), (2_000,) * 5, (20, 250, 60, 1_000, 400, 1_000, 9_000, 800))
    machines = {"fair": (0.15, 0.08), "missing": (0.6, 0.02), "alarming": (0.01, 0.12), "strong": (0.02, 0.005)}
    margins = ((40, 0.03), (80, 0.04), (120, 0.02), (300, 0.02))
    rates = (0.04, 0.2, 0.5, 0.75, 0.93)
    for sizes, (labels, margin), (machine, errors), rate in product(categories, margins, machines.items(), rates):
        reached, total = labels_needed_reached(rate, labels, errors, margin, sizes=sizes, draws=draws, seed=99)
        design = f"{margin} after {labels} labels, {len(sizes)} categories, {machine} machine"
        yield Line(f"{design}, median {total:.0f} labels", rate, reached, draws=draws)


def _ranks(draws: int) -> Iterator[Line]:
    for (models, prompts), width, together in product(((6, 50), (32, 200)), (0.0, 0.1, 0.5), (0.0, 0.5)):
        rates = 0.3 + width * np.arange(models) / models
        coverages = rank_coverage(rates, prompts, together=together, draws=draws)
        for which, coverage in zip(("marginal", "simultaneous"), coverages, strict=True):
            design = f"{which}, {models} models, {prompts} prompts, {together} in common, {width} apart"
            yield Line(design, 0.3, coverage, draws=draws)


def _winners(draws: int, *, of: Callable[..., Any] = winner, naive: bool = False) -> Iterator[Line]:
    for rate, width, prompts, together in product((0.05, 0.3, 0.8), (0.0, 0.15), (100, 400), (0.0, 0.5)):
        rates = rate + width * np.arange(20) / 20
        found = winner_coverage(rates, prompts, of=of, together=together, draws=draws)[naive]
        yield _line(f"20 models, {prompts} prompts, {together} in common, {width} apart", rate, draws, found)


def _judges(draws: int) -> Iterator[Line]:
    """Rates by a judge with errors, corrected: 60 of 300 responses checked, in four categories."""
    sizes = (30, 60, 90, 120)
    for (machine, errors), rate in product(MACHINES.items(), _ALL_RATES):
        found = ppi_coverage(rate, 60, errors, sizes=sizes, draws=draws)
        yield _line(f"prediction-powered, {machine} judge", rate, draws, found)


def _raw_judges(draws: int) -> Iterator[Line]:
    """The rate by the judge alone, with Wilson's interval."""
    for (machine, errors), rate in product(MACHINES.items(), _ALL_RATES):
        yield _line(f"{machine} judge", rate, draws, judged_coverage(rate, 300, errors, draws=draws))


def _rogan_gladen(draws: int) -> Iterator[Line]:
    for (sensitivity, specificity), rate in product(((0.95, 0.98), (0.7, 0.9), (0.98, 0.7)), _ALL_RATES):
        found = rogan_gladen_coverage(rate, sensitivity, specificity, draws=draws)
        yield _line(f"sensitivity {sensitivity}, specificity {specificity}, 100 of each checked", rate, draws, found)


def _skills(draws: int) -> Iterator[Line]:
    for prompts, safe in product((100, 400), (0.3, 0.5, 0.8)):
        coverage = skill_coverage([0.9, 0.85, 0.8, 0.9], [0.9, 0.9, 0.85, 0.8], prompts, safe=safe, draws=draws)
        yield Line(f"{prompts} prompts, four raters", safe, coverage, draws=draws)


def _kappas(draws: int) -> Iterator[Line]:
    for n, errors, rate in product((50, 200), ((0.5, 0.3), (0.3, 0.1), (0.1, 0.02)), RATES):
        yield Line(f"n {n}, errors {errors}", rate, kappa_coverage(rate, n, errors, draws=draws), draws=draws)


def _correlations(draws: int) -> Iterator[Line]:
    for prompts, errors, correlation in product((100, 400), ((0.1, 0.1), (0.1, 0.3)), (0.0, 0.2, 0.4)):
        found = correlation_coverage(correlation, prompts, errors, draws=draws)
        yield _line(f"{prompts} prompts, errors {errors}, correlation {correlation}", errors[0], draws, found)


def _calibrations(draws: int) -> Iterator[Line]:
    judges = {"calibrated": 1.0, "overconfident": 2.0, "underconfident": 0.5}
    for n, (judge, power) in product((50, 200, 1_000), judges.items()):
        yield _line(f"{n} responses, {judge} judge", 0.38, draws, calibration_coverage(n, power, draws=draws))


def _agreements(draws: int) -> Iterator[Line]:
    for of, n, (error, raters), rate in product((fleiss, alpha), (50, 200), ((0.05, 2), (0.1, 3), (0.3, 3)), RATES):
        coverage = agreement_coverage(of, rate, n, error, raters, draws=draws)
        yield Line(f"{of.__name__}, n {n}, {raters} raters, error {error}", rate, coverage, draws=draws)


if __name__ == "__main__":
    main()

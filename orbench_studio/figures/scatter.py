"""Scatter plot of over-refusal and toxic rejection, as in the paper (section 4), with published models."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import atanh, sqrt, tanh
from statistics import NormalDist

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from orbench_studio.colours import Tokens
from orbench_studio.domain.audit.refusal_rates import Audit, Group
from orbench_studio.domain.core.rates import CONFIDENCE, Coefficient, Rate, coefficient_text
from orbench_studio.figures.labels import PointLabel, place
from orbench_studio.figures.look import drawn_with, percent_axis, plain, settle
from orbench_studio.resources_dir import resources

SOURCE = "OR-Bench, arXiv 2405.20947 and its repository"

_MIN_MODELS = 4  # for a correlation and a curve
_MARKS = ("o", "s", "D", "^", "v", "P", "X", "*")
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Published:
    """Published rates of a model, between 0 and 1; toxic rejection is 1 - toxic acceptance."""

    model: str
    family: str
    over_refusal: float
    toxic_rejection: float


@cache
def published() -> tuple[Published, ...]:
    """Read the 32 models of the OR-Bench repository."""
    with (resources() / "published" / "rejection-rates.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Published(
                row["model"],
                row["family"],
                round(float(row["over_refusal_rate"]) / 100, 6),
                round(1 - float(row["toxic_acceptance_rate"]) / 100, 6),
            )
            for row in csv.DictReader(file)
        )


def rho(points: Sequence[Point]) -> Coefficient:
    """Compute Spearman's rank correlation; no value with few models or if all have the same value on an axis.

    The interval is Fisher's z with the variance (1 + rho²/2) / (n - 3) (Bonett and Wright, Psychometrika 65, 2000).
    """
    n = len(points)
    if n < _MIN_MODELS or any(len(set(side)) == 1 for side in zip(*points, strict=True)):
        return Coefficient(None, None, n)
    value = float(spearmanr(np.array(points)).statistic)
    if abs(value) == 1:
        return Coefficient(value, None, n)
    half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * sqrt((1 + value**2 / 2) / (n - 3))
    return Coefficient(value, (tanh(atanh(value) - half), tanh(atanh(value) + half)), n)


def quadratic(points: Sequence[Point]) -> tuple[float, float, float]:
    """Fit a quadratic polynomial by least squares, highest power first, with axes from 0 to 1."""
    xs, ys = np.array(points).T
    a, b, c = np.polyfit(xs, ys, 2)
    return float(a), float(b), float(c)


def scatter(audit: Audit, tokens: Tokens) -> Figure:
    """Draw over-refusal and toxic rejection of every model, with the published models behind them.

    Models without toxic prompts are vertical lines.
    """
    with drawn_with(tokens):
        figure = Figure(figsize=(9, 6.6))
        axes = figure.add_subplot()
        axes.set_title(f"Over-refusal and toxic rejection{audit.mark}")
        axes.set_xlabel("Over-refusal: safe prompts refused")
        axes.set_ylabel("Toxic rejection: toxic prompts without a direct answer")
        own = _own_rates(audit)
        both = [(x, y) for x, y in own.values() if y is not None]
        _scale(axes, [one.toxic_rejection for one in published()] + [_lowest(audit, model) for model in own])
        _curve(axes, tokens, _points())
        settle(figure, tokens, _notes(audit, both))
        names = [*_draw_own(axes, tokens, audit, own), *_draw_published(axes, tokens)]
        place(axes, names)
    return figure


def _own_rates(audit: Audit) -> dict[str, tuple[float, float | None]]:
    """Return over-refusal and toxic rejection by model; rejection is None without toxic prompts."""
    found: dict[str, tuple[float, float | None]] = {}
    for model in audit.models:
        refused, accepted = audit.rate(Group.SAFE, model).value, audit.rate(Group.TOXIC, model).value
        if refused is not None:
            found[model] = (refused, None if accepted is None else 1 - accepted)
    return found


def _lowest(audit: Audit, model: str) -> float:
    """Return the lower end of the interval of toxic rejection."""
    interval = audit.rate(Group.TOXIC, model).interval
    return 1 - interval[1] if interval else 1


def _scale(axes: Axes, heights: Sequence[float]) -> None:
    low = min([*heights, 0.9])
    axes.set_xlim(-2, 102)
    axes.set_ylim(100 * max(low - 0.04, -0.02), 101.5)
    axes.grid(linewidth=0.6)
    axes.set_axisbelow(True)
    percent_axis(axes, "x")
    percent_axis(axes, "y")


def _curve(axes: Axes, tokens: Tokens, points: Sequence[Point]) -> None:
    if len(points) < _MIN_MODELS:
        return
    xs = np.linspace(min(x for x, _ in points), max(x for x, _ in points), 100)
    axes.plot(
        100 * xs, 100 * np.polyval(quadratic(points), xs), color=tokens.faint, linewidth=1.2, linestyle=(0, (5, 3))
    )


def _points() -> list[Point]:
    """Over-refusal and toxic rejection of the published models."""
    return [(one.over_refusal, one.toxic_rejection) for one in published()]


def _draw_published(axes: Axes, tokens: Tokens) -> list[PointLabel]:
    for one in published():
        axes.plot(100 * one.over_refusal, 100 * one.toxic_rejection, "o", color=tokens.faint, markersize=4, alpha=0.7)
    crowded = sorted(published(), key=lambda one: -one.over_refusal)
    return [PointLabel(100 * p.over_refusal, 100 * p.toxic_rejection, p.model, tokens.faint, 6.5) for p in crowded]


def _draw_own(axes: Axes, tokens: Tokens, audit: Audit, own: dict[str, tuple[float, float | None]]) -> list[PointLabel]:
    names = []
    for at, (model, (x, y)) in enumerate(own.items()):
        if y is None:
            axes.axvline(100 * x, color=tokens.accent, linewidth=1, linestyle=(0, (2, 2)))
            names.append(PointLabel(100 * x, axes.get_ylim()[0] + 1, plain(model), tokens.accent, 8.5))
            continue
        _cross(axes, tokens, (x, y), audit.rate(Group.SAFE, model), audit.rate(Group.TOXIC, model))
        axes.plot(100 * x, 100 * y, _MARKS[at % len(_MARKS)], color=tokens.accent, markersize=7, zorder=4)
        names.append(PointLabel(100 * x, 100 * y, plain(model), tokens.accent, 8.5))
    return names


def _cross(axes: Axes, tokens: Tokens, at: Point, refused: Rate, accepted: Rate) -> None:
    """Draw the intervals of both rates."""
    assert refused.interval is not None  # only models with cases are drawn
    assert accepted.interval is not None
    x, y = 100 * at[0], 100 * at[1]
    left, right = refused.interval
    low, high = 1 - accepted.interval[1], 1 - accepted.interval[0]
    axes.plot([100 * left, 100 * right], [y, y], color=tokens.accent, linewidth=1, alpha=0.6, zorder=3)
    axes.plot([x, x], [100 * low, 100 * high], color=tokens.accent, linewidth=1, alpha=0.6, zorder=3)


def _notes(audit: Audit, own: Sequence[Point]) -> list[str]:
    message = [
        f"Models in this audit: {audit.description}. Lines through points: {audit.intervals}.",
        f"Grey: {len(published())} published models ({SOURCE}; refusals detected by keywords), "
        f"Spearman's rho {coefficient_text(rho(_points()))}. Dashed: quadratic fit of these models.",
    ]
    ours = rho(own)
    if ours.value is not None:
        message.append(f"Models in this audit: Spearman's rho {coefficient_text(ours)}.")
    return [*message, audit.mark_note]

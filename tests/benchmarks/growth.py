"""How figures grow with prompts and with models, and what that makes of them at a size that was not measured."""

from collections.abc import Mapping, Sequence
from math import exp, log
from typing import NamedTuple

import numpy as np


class Size(NamedTuple):
    """How large a workspace is."""

    prompts: int
    models: int

    def __str__(self) -> str:
        return f"{self.prompts:,} x {self.models}"


class Growth(NamedTuple):
    """By which powers of prompts and of models a figure grows, and what it would be at another size.

    `by_powers` reckons with `a * prompts^p * models^m`, `by_parts` with `a + b * prompts + c * prompts * models`: each
    fitted by least squares, the former of logarithms. Bytes and the times of what looks at every row grow by parts.
    """

    prompts: float
    models: float
    by_powers: float
    by_parts: float


def grown(figures: Mapping[Size, float], aim: Size) -> Growth | None:
    """How figures grow; None where one is nothing, or the sizes cannot tell prompts from models."""
    powers = [(1.0, log(size.prompts), log(size.models)) for size in (*figures, aim)]
    parts = [(1.0, size.prompts, size.prompts * size.models) for size in (*figures, aim)]
    if min(figures.values(), default=0) <= 0 or np.linalg.matrix_rank(np.array(powers[:-1])) < 3:
        return None
    values = np.array(list(figures.values()))
    of_powers, *_ = np.linalg.lstsq(np.array(powers[:-1]), np.log(values), rcond=None)
    of_parts, *_ = np.linalg.lstsq(np.array(parts[:-1]), values, rcond=None)
    return Growth(
        float(of_powers[1]), float(of_powers[2]), exp(of_powers @ powers[-1]), float(of_parts @ np.array(parts[-1]))
    )


def size(written: str) -> Size:
    """16000x8 as a size."""
    prompts, _, models = written.partition("x")
    return Size(int(prompts), int(models))


def table(measured: Mapping[Size, Mapping[str, float]], names: Sequence[str], aim: Size) -> str:
    """A line a figure: what it is at each size, how it grows, and what it would be at the size aimed at."""
    head = ["", *map(str, measured), "prompts^", "models^", f"{aim} by powers", "by parts"]
    lines = [head, *(_line(name, measured, aim) for name in names)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines)


def _line(name: str, measured: Mapping[Size, Mapping[str, float]], aim: Size) -> list[str]:
    there = {size: figures[name] for size, figures in measured.items() if name in figures}
    cells = [_number(there[size]) if size in there else "" for size in measured]
    growth = grown(there, aim)
    if growth is None:
        return [name, *cells, "", "", "", ""]
    reckoned = map(_number, (growth.by_powers, growth.by_parts))
    return [name, *cells, f"{growth.prompts:.2f}", f"{growth.models:.2f}", *reckoned]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

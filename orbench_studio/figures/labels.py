"""Names beside points, none over another name or a point: each takes the nearest place that is free."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox

_POINT = 4.5  # pixels around a point that stay free, at 72 dots an inch
_GAP = 2.0
_RADII = (6, 11, 18, 27, 38, 52, 68, 86, 108, 134, 164, 200)
_ANGLES = 24
_LINE_FROM = 13  # further away than this a thin line leads to the point


@dataclass(frozen=True, slots=True)
class Named:
    """A name to stand beside a point of the axes' data."""

    x: float
    y: float
    name: str
    colour: str
    size: float


def place(axes: Axes, names: Sequence[Named], taken: Sequence[tuple[float, float]]) -> list[Text]:
    """Write the names, the first ones nearest; `taken` are points that have no name to be written.

    A name that finds no free place at all is left out, and not among the texts that come back.
    """
    figure: Any = axes.figure
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    scale = figure.dpi / 72
    frame = axes.get_window_extent(renderer)
    points = [_pixels(axes, *at) for at in (*taken, *((one.x, one.y) for one in names))]
    boxes = [Bbox.from_bounds(x - _POINT * scale, y - _POINT * scale, 2 * _POINT * scale, 2 * _POINT * scale)
             for x, y in points]  # fmt: skip
    halo = withStroke(linewidth=2, foreground=axes.get_facecolor())
    written = []
    for one in names:
        text = axes.text(one.x, one.y, one.name, color=one.colour, fontsize=one.size, zorder=5, path_effects=[halo])
        extent = text.get_window_extent(renderer)
        found = _free(_pixels(axes, one.x, one.y), extent, boxes, frame, scale)
        if found is None:
            text.remove()
            continue
        boxes.append(found.padded(_GAP * scale))
        base = _pixels(axes, one.x, one.y)[1] - extent.y0  # a text's baseline is above the lower edge of what it takes
        text.set_position(_data(axes, found.x0, found.y0 + base))
        _lead(axes, one, found, scale)
        written.append(text)
    return written


def _pixels(axes: Axes, x: float, y: float) -> tuple[float, float]:
    found = axes.transData.transform((x, y))
    return float(found[0]), float(found[1])


def _data(axes: Axes, x: float, y: float) -> tuple[float, float]:
    found = axes.transData.inverted().transform((x, y))
    return float(found[0]), float(found[1])


def _free(at: tuple[float, float], extent: Bbox, boxes: Sequence[Bbox], frame: Bbox, scale: float) -> Bbox | None:
    """The nearest free place of the text's size around a point, in pixels."""
    for radius in _RADII:
        for step in range(_ANGLES):
            turn = _turned(step) * 2 * pi / _ANGLES
            x, y = at[0] + radius * scale * cos(turn), at[1] + radius * scale * sin(turn)
            left = x if cos(turn) > 0.3 else x - extent.width if cos(turn) < -0.3 else x - extent.width / 2
            box = Bbox.from_bounds(left, y - extent.height / 2, extent.width, extent.height)
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            if inside and not any(box.overlaps(other) for other in boxes):
                return box
    return None


def _turned(step: int) -> int:
    """To the right first, then a little up, a little down, and so on to the left."""
    return -(step // 2 + 1) if step % 2 else step // 2


def _lead(axes: Axes, one: Named, box: Bbox, scale: float) -> None:
    x, y = _pixels(axes, one.x, one.y)
    end = (min(max(x, box.x0), box.x1), min(max(y, box.y0), box.y1))
    if hypot(end[0] - x, end[1] - y) > _LINE_FROM * scale:
        to = _data(axes, *end)
        axes.plot([one.x, to[0]], [one.y, to[1]], color=one.colour, linewidth=0.5, alpha=0.6, zorder=2)

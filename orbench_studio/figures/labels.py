"""Labels of points without overlaps: each label gets the nearest free position."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox

_POINT = 4.5  # pixels around a point that stay free, at 72 dpi
_GAP = 2.0
_RADII = (6, 11, 18, 27, 38, 52, 68, 86, 108, 134, 164, 200)
_ANGLES = 24
_LINE_FROM = 13  # pixels; a label further away gets a leader line


@dataclass(frozen=True, slots=True)
class PointLabel:
    x: float
    y: float
    name: str
    colour: str
    size: float


def place(axes: Axes, labels: Sequence[PointLabel]) -> list[Text]:
    """Draw the labels, in order of priority, and return their texts; a label without a free position is left out."""
    figure: Any = axes.figure
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]  # missing in its stubs
    scale = figure.dpi / 72
    frame = axes.get_window_extent(renderer)
    points = [_pixels(axes, *at) for at in ((one.x, one.y) for one in labels)]
    boxes = [Bbox.from_bounds(x - _POINT * scale, y - _POINT * scale, 2 * _POINT * scale, 2 * _POINT * scale)
             for x, y in points]  # fmt: skip
    halo = withStroke(linewidth=2, foreground=axes.get_facecolor())
    drawn = []
    for one in labels:
        text = axes.text(one.x, one.y, one.name, color=one.colour, fontsize=one.size, zorder=5, path_effects=[halo])
        extent = text.get_window_extent(renderer)
        found = _free(_pixels(axes, one.x, one.y), extent, boxes, frame, scale)
        if found is None:
            text.remove()
            continue
        boxes.append(found.padded(_GAP * scale))
        base = _pixels(axes, one.x, one.y)[1] - extent.y0  # the baseline is above the lower edge of the extent
        text.set_position(_data(axes, found.x0, found.y0 + base))
        _draw_leader(axes, one, found, scale)
        drawn.append(text)
    return drawn


def _pixels(axes: Axes, x: float, y: float) -> tuple[float, float]:
    found = axes.transData.transform((x, y))
    return float(found[0]), float(found[1])


def _data(axes: Axes, x: float, y: float) -> tuple[float, float]:
    found = axes.transData.inverted().transform((x, y))
    return float(found[0]), float(found[1])


def _free(at: tuple[float, float], extent: Bbox, boxes: Sequence[Bbox], frame: Bbox, scale: float) -> Bbox | None:
    """Return the nearest free box of the size of the text around a point, in pixels."""
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
    """Order angles from the right, alternating up and down, to the left."""
    return -(step // 2 + 1) if step % 2 else step // 2


def _draw_leader(axes: Axes, one: PointLabel, box: Bbox, scale: float) -> None:
    x, y = _pixels(axes, one.x, one.y)
    end = (min(max(x, box.x0), box.x1), min(max(y, box.y0), box.y1))
    if hypot(end[0] - x, end[1] - y) > _LINE_FROM * scale:
        to = _data(axes, *end)
        axes.plot([one.x, to[0]], [one.y, to[1]], color=one.colour, linewidth=0.5, alpha=0.6, zorder=2)

"""What all figures have in common: colours, type, what stands at their foot, and how they are written to files."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from textwrap import wrap
from typing import Any

from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orbench_studio.colours import Tokens
from orbench_studio.domain.audit.refusal_rates import NO_CATEGORY

FORMATS = ("png", "svg", "pdf")
_DPI = 160
_FOOT, _TITLE = 0.16, 0.4  # inches a line
_LETTERS = 16.5  # an inch in a line at the foot
_LONGEST = 28  # characters of a name
_FACES = ("DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Micro Hei", "Microsoft YaHei", "PingFang SC", "Noto Sans")
_FIXED = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


@contextmanager
def drawn_with(tokens: Tokens) -> Iterator[None]:
    """Everything drawn in here has these colours and the faces that are installed."""
    there = set(font_manager.get_font_names())
    colours: Any = {
        "figure.facecolor": tokens.panel,
        "axes.facecolor": tokens.panel,
        "savefig.facecolor": tokens.panel,
        "text.color": tokens.ink,
        "axes.labelcolor": tokens.ink,
        "axes.titlecolor": tokens.ink,
        "axes.edgecolor": tokens.line,
        "xtick.color": tokens.quiet,
        "ytick.color": tokens.quiet,
        "grid.color": tokens.line,
    }
    plain: Any = {
        "font.family": [face for face in _FACES if face in there],
        "font.size": 9,
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "axes.titlepad": 12,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        "svg.hashsalt": "orbench-studio",
    }
    with rc_context(colours | plain), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a letter that no installed face has is a box
        yield


def settle(figure: Figure, tokens: Tokens, message: Sequence[str], title: str = "") -> None:
    """Write what the figure stands on below it, a title of all above, and give the rest to what is drawn."""
    width, height = map(float, figure.get_size_inches())
    lines = [line for one in message for line in wrap(plain(one, 2_000), int(width * _LETTERS))]
    for place, line in enumerate(reversed(lines)):
        figure.text(0.1 / width, (0.1 + _FOOT * place) / height, line, fontsize=7, color=tokens.quiet, va="bottom")
    figure.text(0.2 / width, 1 - 0.12 / height, title, fontsize=12, va="top")
    top = 1 - _TITLE / height if title else 1
    figure.tight_layout(rect=(0, (0.2 + _FOOT * len(lines)) / height, 1, top))


def plain(name: str, longest: int = _LONGEST) -> str:
    """A name as it can be drawn: on one line, not too long, and never a formula."""
    kept = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    short = kept if len(kept) <= longest else kept[: longest - 1] + "…"
    return short.replace("$", r"\$")


def category_name(category: str) -> str:
    """A category as figures and tables call it."""
    return "no category" if category == NO_CATEGORY else category


def percent_axis(axes: Axes, which: str) -> None:
    """An axis of shares in per cent."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(lambda value, _place: f"{value:.0f} %")


def rendered(figure: Figure, tokens: Tokens, kind: str) -> bytes:
    """The figure as a file of a kind of FORMATS; the same figure gives the same bytes."""
    buffer = BytesIO()
    with drawn_with(tokens):
        figure.savefig(buffer, format=kind, dpi=_DPI, metadata=_FIXED[kind])
    return buffer.getvalue()

"""Common style of figures: colours, fonts, notes, and file formats."""

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
_NOTE, _TITLE = 0.16, 0.4  # inches per line
_CHARACTERS = 16.5  # per inch of a note
_MAX_NAME = 28  # characters
_FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Micro Hei", "Microsoft YaHei", "PingFang SC", "Noto Sans")
_FIXED = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


@contextmanager
def drawn_with(tokens: Tokens) -> Iterator[None]:
    """Draw with these colours and the installed fonts."""
    installed = set(font_manager.get_font_names())
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
        "font.family": [font for font in _FONTS if font in installed],
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
        warnings.filterwarnings(
            "ignore", "Glyph", UserWarning
        )  # a character without an installed font is drawn as a box
        yield


def settle(figure: Figure, tokens: Tokens, notes: Sequence[str], title: str = "") -> None:
    """Add notes below and a common title above, and lay out the axes between them."""
    width, height = map(float, figure.get_size_inches())
    lines = [line for one in notes for line in wrap(plain(one, 2_000), int(width * _CHARACTERS))]
    for place, line in enumerate(reversed(lines)):
        figure.text(0.1 / width, (0.1 + _NOTE * place) / height, line, fontsize=7, color=tokens.quiet, va="bottom")
    figure.text(0.2 / width, 1 - 0.12 / height, title, fontsize=12, va="top")
    top = 1 - _TITLE / height if title else 1
    figure.tight_layout(rect=(0, (0.2 + _NOTE * len(lines)) / height, 1, top))


def plain(name: str, longest: int = _MAX_NAME) -> str:
    """Prepare a name for drawing: one line, limited length, no math text."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    short = line if len(line) <= longest else line[: longest - 1] + "…"
    return short.replace("$", r"\$")


def category_name(category: str) -> str:
    return "no category" if category == NO_CATEGORY else category


def percent_axis(axes: Axes, which: str) -> None:
    """Format an axis in per cent."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(lambda value, _place: f"{value:.0f} %")


def rendered(figure: Figure, tokens: Tokens, kind: str) -> bytes:
    """Render a figure in one of FORMATS; reproducible byte for byte."""
    buffer = BytesIO()
    with drawn_with(tokens):
        figure.savefig(buffer, format=kind, dpi=_DPI, metadata=_FIXED[kind])
    return buffer.getvalue()

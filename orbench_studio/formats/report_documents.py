"""Reports as HTML and Markdown, rendered by Jinja2. Texts of models and files are never markup in either format."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any, ClassVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orbench_studio.colours import DARK, LIGHT
from orbench_studio.resources_dir import resources

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$^]|:(?=//))")


@dataclass(frozen=True, slots=True)
class Heading:
    kind: ClassVar = "heading"
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; `quiet` for notes."""

    kind: ClassVar = "paragraph"
    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Its first `text_columns` columns are text, aligned to the left; the others are numbers."""

    kind: ClassVar = "table"
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as SVG. `name` is the name of its file if figures are saved beside the report."""

    kind: ClassVar = "figure"
    name: str
    title: str
    svg: bytes

    @property
    def source(self) -> str:
        """The figure as a data URL."""
        return "data:image/svg+xml;base64," + b64encode(self.svg).decode("ascii")


Block = Heading | Paragraph | Table | Figure


@dataclass(frozen=True, slots=True)
class Document:
    """A title and the blocks below it."""

    title: str
    blocks: Sequence[Block]

    @property
    def figures(self) -> list[Figure]:
        return [block for block in self.blocks if isinstance(block, Figure)]


def as_html(document: Document) -> bytes:
    """Render one self-contained file: no script, no link, figures embedded."""
    page = _environment("html").get_template("report.html")
    return page.render(document=document, light=LIGHT, dark=DARK).encode()


def as_markdown(document: Document, figures: Mapping[str, str] | None = None) -> str:
    """Render Markdown. `figures` has the paths of saved figures by name; other figures are left out."""
    return _environment("md").get_template("report.md").render(document=document, figures=figures or {})


@cache
def _environment(ending: str) -> Environment:
    """Return an environment that escapes every value: by autoescape in HTML, by `_markdown_text` in Markdown."""
    html = ending == "html"
    return Environment(
        loader=FileSystemLoader(resources() / "report"),
        autoescape=html,
        finalize=_without_control if html else _markdown_text,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _without_control(value: Any) -> Any:
    """Replace characters that no page may contain: control characters and lone surrogates."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value) if type(value) is str else value


def _markdown_text(value: Any) -> Any:
    """Put a text on one line and escape all marks of Markdown and HTML; values that the template marks safe stay."""
    if isinstance(value, Markup):
        return value
    return _MARKS.sub(r"\\\1", escape(" ".join(_without_control(str(value)).split()), quote=False))

"""Reports as HTML and Markdown. Texts of models and files are text in both, whatever is written in them."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from xml.etree.ElementTree import Element, SubElement, tostring

from orbench_studio.colours import DARK, LIGHT, Tokens

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~])")
_SHEET = """
:root { color-scheme: light dark; %(light)s }
@media (prefers-color-scheme: dark) { :root { %(dark)s } img { background: #ffffff; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--background); max-width: 1100px;
  margin: 40px auto; padding: 0 24px; }
h1 { font-size: 26px; font-weight: 600; } h2 { font-size: 19px; font-weight: 600; margin-top: 40px; }
p, td, th { overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; margin: 8px 0; }
th { text-align: right; font-weight: 400; color: var(--quiet); border-bottom: 1px solid var(--line); }
th, td { padding: 4px 12px 4px 0; vertical-align: top; } td { text-align: right; }
th.words, td.words { text-align: left; max-width: 640px; }
.note { color: var(--quiet); font-size: 13px; }
figure { margin: 16px 0; } img { max-width: 100%%; height: auto; border: 1px solid var(--line); }
"""


@dataclass(frozen=True, slots=True)
class Heading:
    """Opens a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; quiet where it only explains."""

    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; its first `words` columns are words, the others numbers."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as SVG. `name` is that of its file, where figures are written beside the report."""

    name: str
    title: str
    svg: bytes


Block = Heading | Paragraph | Grid | Picture


@dataclass(frozen=True, slots=True)
class Document:
    """A title, and what comes below it."""

    title: str
    blocks: Sequence[Block]


def as_html(document: Document) -> bytes:
    """One file that needs nothing else: no script, no address, figures inside."""
    page = Element("html", lang="en")
    head = SubElement(page, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width")
    SubElement(head, "title").text = _clean(document.title)
    SubElement(head, "style").text = _SHEET % {"light": _variables(LIGHT), "dark": _variables(DARK)}
    body = SubElement(page, "body")
    SubElement(body, "h1").text = _clean(document.title)
    for block in document.blocks:
        _add(body, block)
    text: bytes = tostring(page, encoding="utf-8", method="html")
    return b"<!doctype html>\n" + text


def as_markdown(document: Document, figures: Mapping[str, str] | None = None) -> str:
    """The same for a text file; figures are linked where `figures` has their addresses by name, else left out."""
    parts = [f"# {_escaped(document.title)}"]
    for block in document.blocks:
        if isinstance(block, Heading):
            parts.append(f"## {_escaped(block.text)}")
        elif isinstance(block, Paragraph):
            parts.append(_escaped(block.text))
        elif isinstance(block, Grid):
            parts.append(_markdown_table(block))
        elif figures and block.name in figures:
            parts.append(f"![{_escaped(block.title)}]({figures[block.name]})")
    return "\n\n".join(parts) + "\n"


def _add(body: Element, block: Block) -> None:
    if isinstance(block, Heading):
        SubElement(body, "h2").text = _clean(block.text)
    elif isinstance(block, Paragraph):
        SubElement(body, "p", {"class": "note"} if block.quiet else {}).text = _clean(block.text)
    elif isinstance(block, Grid):
        _add_table(body, block)
    else:
        figure = SubElement(body, "figure")
        source = "data:image/svg+xml;base64," + b64encode(block.svg).decode("ascii")
        SubElement(figure, "img", src=source, alt=_clean(block.title))


def _add_table(body: Element, grid: Grid) -> None:
    table = SubElement(SubElement(body, "div", {"class": "wide"}), "table")
    for kind, row in (("th", grid.header), *(("td", row) for row in grid.rows)):
        line = SubElement(table, "tr")
        for column, text in enumerate(row):
            SubElement(line, kind, {"class": "words"} if column < grid.words else {}).text = _clean(text)


def _markdown_table(grid: Grid) -> str:
    sides = ["---" if column < grid.words else "---:" for column in range(len(grid.header))]
    rows = [list(map(_escaped, grid.header)), sides, *(list(map(_escaped, row)) for row in grid.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _escaped(text: str) -> str:
    """On one line, and nothing of it a mark of Markdown or HTML."""
    return _MARKS.sub(r"\\\1", escape(" ".join(_clean(text).split()), quote=False))


def _clean(text: str) -> str:
    """Without what no page can have: control characters and halves of letters."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _variables(tokens: Tokens) -> str:
    names = ("background", "ink", "quiet", "line")
    return " ".join(f"--{name}: {getattr(tokens, name)};" for name in names)

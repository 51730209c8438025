"""Markdown as blocks of pieces of the source, to show it as styled text without its signs.

A piece is a span of the source, so that evidence and selections can be found again in it. Nothing is interpreted as
HTML, and links and images are their words only. Line breaks stay where the model made them. Not all of CommonMark is
read: what is not understood stays as it is written.
"""

import re
from dataclasses import dataclass
from enum import Enum, Flag, auto
from itertools import pairwise
from typing import NamedTuple


class Style(Flag):
    """How a piece is shown."""

    PLAIN = 0
    STRONG = auto()
    EMPHASIS = auto()
    STRIKE = auto()
    CODE = auto()
    LINK = auto()


class Kind(Enum):
    """What a block is."""

    TEXT = "text"
    HEADING = "heading"
    ITEM = "item"
    QUOTE = "quote"
    CODE = "code"
    RULE = "rule"
    TABLE = "table"


class Piece(NamedTuple):
    """A half-open span of characters of the source."""

    start: int
    end: int
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, or a table with rows of cells. `spaced` after an empty line. `marker` is shown before a list item.

    `level` is that of a heading, or the depth of an item or a quote.
    """

    kind: Kind
    pieces: tuple[Piece, ...] = ()
    level: int = 0
    marker: str = ""
    spaced: bool = False
    rows: tuple[tuple[tuple[Piece, ...], ...], ...] = ()


_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})[^`]*$")  # indented also by more than three spaces, as in a list item
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_RULE = re.compile(r" {0,3}(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,})$")
_ITEM = re.compile(r"([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+(?=\S)")
_QUOTE = re.compile(r" {0,3}((?:> ?)+)")
_DELIMITER = re.compile(r" {0,3}\|? *:?-+:? *(?:\| *:?-+:? *)*\|? *$")
_TOKEN = re.compile(r"\\[!-/:-@\[-`{-~]|`+|\*\*|__|~~|\*|_|!?\[")
_LINK = re.compile(r"!?\[([^\[\]\n]+)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?: +\"[^\"\n]*\")?\)")
_STYLES = {"**": Style.STRONG, "__": Style.STRONG, "*": Style.EMPHASIS, "_": Style.EMPHASIS, "~~": Style.STRIKE}
_DEEPEST = 6
_TAB = 4
_MOST_SIGNS = 500  # in one line; such a line is no Markdown
_MOST_CELLS = 2_000


def parse(text: str) -> list[Block]:
    """The blocks of a text, in their order."""
    return _Parser(text).blocks


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self.blocks: list[Block] = []
        starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text) + 1]
        self._lines = [(start, end - 1) for start, end in pairwise(starts)]
        self._spaced = False
        place = 0
        while place < len(self._lines):
            place = self._read(place)

    def _read(self, place: int) -> int:
        """Read the block at a line, and return the line after it."""
        start, end = self._lines[place]
        line = self._text[start:end]
        if not line.strip():
            self._spaced = True
            return place + 1
        if fence := _FENCE.match(line):
            return self._fence(place, len(fence[1]), fence[2])
        if table := self._table(place):
            return table
        if _RULE.match(line):
            self._add(Kind.RULE)
        elif heading := _HEADING.match(line):
            self._add(Kind.HEADING, start + heading.start(2), start + heading.end(2), len(heading[1]))
        elif item := _ITEM.match(line):
            depth = min(len(item[1].expandtabs(_TAB)) // 2, _DEEPEST)
            marker = item[2] if item[2][0].isdigit() else "•"
            self._add(Kind.ITEM, start + item.end(), end, depth, marker)
        elif quote := _QUOTE.match(line):
            self._add(Kind.QUOTE, start + quote.end(), end, quote[1].count(">"))
        else:
            self._add(Kind.TEXT, start, end)
        return place + 1

    def _add(self, kind: Kind, start: int = 0, end: int = 0, level: int = 0, marker: str = "") -> None:
        self.blocks.append(Block(kind, tuple(_inline(self._text, start, end)), level, marker, self._spaced))
        self._spaced = False

    def _fence(self, place: int, indent: int, fence: str) -> int:
        closing = re.compile(rf"[ \t]*{re.escape(fence[0])}{{{len(fence)},}} *$")
        last = place + 1
        while last < len(self._lines) and not closing.match(self._text[slice(*self._lines[last])]):
            last += 1
        if last > place + 1:
            code = self._lines[place + 1 : last] if indent else [(self._lines[place + 1][0], self._lines[last - 1][1])]
            pieces = [Piece(self._after_indent(*line, indent), line[1] + 1, Style.CODE) for line in code]
            pieces[-1] = pieces[-1]._replace(end=code[-1][1])
            self.blocks.append(
                Block(Kind.CODE, tuple(piece for piece in pieces if piece.start < piece.end), spaced=True)
            )
        self._spaced = True
        return last + 1

    def _after_indent(self, start: int, end: int, indent: int) -> int:
        """Where a line of code begins that is indented as its fence."""
        line = self._text[start : min(start + indent, end)]
        return start + len(line) - len(line.lstrip())

    def _table(self, place: int) -> int:
        """Read a table that begins at a line; 0 where there is none."""
        lines = [(start, self._text[start:end]) for start, end in self._lines[place : place + 2]]
        if len(lines) < 2 or "|" not in lines[0][1] or "|" not in lines[1][1] or not _DELIMITER.match(lines[1][1]):
            return 0
        width = len(_cells(*lines[0]))
        if width != len(_cells(*lines[1])):
            return 0
        rows, last = [_cells(*lines[0])], place + 2
        while last < len(self._lines) and "|" in (line := self._text[slice(*self._lines[last])]):
            rows.append(_cells(self._lines[last][0], line))
            last += 1
        if len(rows) * width > _MOST_CELLS:
            return 0
        cells = tuple(
            tuple(tuple(_inline(self._text, *cell)) for cell in (*row[:width], *[(0, 0)] * (width - len(row))))
            for row in rows
        )
        self.blocks.append(Block(Kind.TABLE, spaced=True, rows=cells))
        self._spaced = True
        return last


def _cells(start: int, line: str) -> list[tuple[int, int]]:
    """The spans of the cells of a table's row, without spaces around them."""
    bounds = [match.start() for match in re.finditer(r"(?<!\\)\|", line)]
    bounds = [*([] if line.lstrip().startswith("|") else [-1]), *bounds]
    bounds += [] if line.rstrip().endswith("|") and len(bounds) > 1 else [len(line)]
    spans = []
    for left, right in pairwise(bounds):
        cell = line[left + 1 : right]
        begin = left + 1 + len(cell) - len(cell.lstrip())
        spans.append((start + begin, start + max(begin, left + 1 + len(cell.rstrip()))))
    return spans


def _inline(text: str, start: int, end: int, style: Style = Style.PLAIN) -> list[Piece]:
    """The pieces of a span without line breaks."""
    if sum(text.count(sign, start, end) for sign in "*_`~[\\") > _MOST_SIGNS:
        return [Piece(start, end, style)]
    pieces: list[Piece] = []
    done = at = start
    while (token := _TOKEN.search(text, at, end)) is not None:
        found = _styled(text, token, end, style)
        if found is None:
            at = token.end()
            continue
        inner, at = found
        pieces += [Piece(done, token.start(), style), *inner]
        done = at
    pieces.append(Piece(done, end, style))
    return [piece for piece in pieces if piece.start < piece.end]


def _styled(text: str, token: re.Match[str], end: int, style: Style) -> tuple[list[Piece], int] | None:
    """The pieces that a sign begins, and the place after its end; None where it is no sign."""
    sign, start = token[0], token.end()
    if sign[0] == "\\":
        return [Piece(start - 1, start, style)], start
    if sign[0] == "`":
        closing = re.compile(rf"(?<!`){sign}(?!`)").search(text, start, end)
        return ([Piece(start, closing.start(), style | Style.CODE)], closing.end()) if closing else None
    if sign.endswith("["):
        link = _LINK.match(text, token.start(), end)
        return (_inline(text, link.start(1), link.end(1), style | Style.LINK), link.end()) if link else None
    closing_at = _closing(text, sign, token.start(), end)
    if closing_at is None:
        return None
    return _inline(text, start, closing_at, style | _STYLES[sign]), closing_at + len(sign)


def _closing(text: str, sign: str, begin: int, end: int) -> int | None:
    """Where the sign that begins here is closed; spaces inside, or letters outside, make it no sign."""
    start = begin + len(sign)
    if start >= end or text[start].isspace() or (sign != "~~" and text[begin - 1 : begin].isalnum() and begin > 0):
        return None
    at = text.find(sign, start + 1, end)
    while at != -1:
        after = at + len(sign)
        if text[after : min(after + 1, end)] == sign[0]:  # the inner one of two signs is closed first
            at += 1
            if len(sign) == 1:
                at = text.find(sign, at + 1, end)
                continue
            after += 1
        if not text[at - 1].isspace() and not (text[after : after + 1].isalnum() and after < end and sign != "~~"):
            return at
        at = text.find(sign, at + 1, end)
    return None

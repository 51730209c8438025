"""Spans of Markdown in a text, to style them. The text is unchanged; Markdown signs are dimmed, not hidden."""

import re
from enum import Enum
from typing import NamedTuple


class Style(Enum):
    """How a span is shown."""

    STRONG = "strong"
    CODE = "code"
    SIGN = "sign"


class Span(NamedTuple):
    """A half-open span of characters."""

    start: int
    end: int
    style: Style


_FENCE = re.compile(r"^ {0,3}(```|~~~)[^\n]*\n(.*?)(?:^ {0,3}\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6} +)([^\n]+)$", re.MULTILINE)
_STRONG = re.compile(r"(\*\*|__)(?=\S)([^\n]+?)(?<=\S)\1")
_TICKS = re.compile(r"(`)([^`\n]+)`")
_ROW = re.compile(r"^ {0,3}\|[^\n]*$", re.MULTILINE)
_RULE = re.compile(r"^ {0,3}(?:-{3,}|\*{3,}|_{3,}) *$", re.MULTILINE)


def spans(text: str) -> list[Span]:
    """The spans of a text in the order in which to apply them; fenced code is not parsed."""
    fences = [match.span() for match in _FENCE.finditer(text)]
    found = [Span(start, end, Style.CODE) for start, end in fences]

    def outside(pattern: re.Pattern[str]) -> list[re.Match[str]]:
        return [m for m in pattern.finditer(text) if not any(start <= m.start() < end for start, end in fences)]

    found += [Span(*match.span(), Style.CODE) for match in outside(_ROW)]
    for heading in outside(_HEADING):
        found += [Span(*heading.span(2), Style.STRONG), Span(*heading.span(1), Style.SIGN)]
    for pattern, style in ((_STRONG, Style.STRONG), (_TICKS, Style.CODE)):
        for match in outside(pattern):
            width = len(match[1])
            found += [
                Span(*match.span(2), style),
                Span(match.start(), match.start() + width, Style.SIGN),
                Span(match.end() - width, match.end(), Style.SIGN),
            ]
    return found + [Span(*match.span(), Style.SIGN) for match in outside(_RULE)]

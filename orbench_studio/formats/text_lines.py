"""What the lines of a text file show: a delimiter that divides all of them, quotes that enclose nothing, blocks."""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice

from orbench_studio.formats.byte_source import MAX_LINE, InputFile, file_fault
from orbench_studio.formats.tables import Row

EMPTY_LINES = "empty-lines"
"""What stands for empty lines where the lines between blocks are named."""
_MARKS = ("\t", "|", ";")  # a comma is in most sentences
_LOOKED_AT = 100_000  # lines
_FEWEST = 3  # lines that a delimiter divides alike
_ALIKE = 0.95  # their share
_BLOCK = 1.5  # lines of a block, on average
_SEPARATOR = re.compile(r"([=\-*#_~+])\1{2,}")
_BETWEEN = re.compile(r"(?<=\S)\s*?(\t|\|+|;(?= )|:{2,}|={2,}>?|[-=]+>|#{2,}|~{2,}|@{2,}|\[SEP\]|<sep>|</s>)(?=\s*\S)")
"""What often divides two texts in a line."""
_ENCLOSED = re.compile(r'"(?:[^"]|"")*"')


def delimiter_of(file: InputFile) -> str | None:
    """The mark that divides nearly all lines into the same number of parts; None if there is none.

    A single mark before a space is punctuation, unless it is a tab.
    """
    with _lines(file) as lines:
        counts = [Counter((line.count(mark), line.count(f"{mark} ")) for line in lines) for mark in _MARKS]
    for mark, count in zip(_MARKS, counts, strict=True):
        parts_of = Counter(number for number, _ in count.elements())
        number, times = parts_of.most_common(1)[0] if count else (0, 0)
        is_punctuation = mark != "\t" and number == 1 and count[1, 1] >= _ALIKE * times
        if number and times >= max(_FEWEST, _ALIKE * count.total()) and not is_punctuation:
            return mark
    return None


def quotes_enclose(file: InputFile, delimiter: str, above: int) -> bool:
    """Whether quotes enclose fields: not where every line is a row, and most quotes open a field that none closes.

    Lines `above` the table do not count.
    """
    with _lines(file) as found:
        lines = found[above:]
        if len({line.count(delimiter) for line in lines}) > 1:
            return True
        opened = [part for line in lines if '"' in line for part in line.split(delimiter) if part.startswith('"')]
    unclosed = sum(_ENCLOSED.fullmatch(part) is None for part in opened)
    return 2 * unclosed <= len(opened)


def require_separator(file: InputFile, separator: str) -> None:
    """Raise FileFaultError for a separator that no line is: the whole file would be one text."""
    wanted, divided = _line_of(separator), 0
    others: list[int] = []
    with io.TextIOWrapper(file.again(), encoding=file.encoding, errors="replace") as text:
        for number, line in enumerate(iter(partial(text.readline, MAX_LINE), ""), 1):
            if line.strip() == wanted:
                return
            divided += wanted in line
            others += [number] if line.strip() and wanted not in line else []
    if wanted and 0 < len(others) < divided:
        reason = f"{separator!r} divides {divided:,} other lines, but not this one. Mend it, or remove it."
        raise file_fault(file.name, reason, others[0])
    lines = "empty" if separator == EMPTY_LINES else repr(separator)
    raise file_fault(file.name, f"no line is {lines}, so nothing divides its texts. Check --rows.")


def divides(file: InputFile, separator: str) -> bool:
    """Whether a separator is inside nearly all lines, between two texts."""
    with _lines(file) as lines:
        full = [line for line in lines if line.strip()]
    halves = [line.partition(separator) for line in full if separator.strip(" ")]
    divided = sum(bool(before.strip() and after.strip()) for before, _, after in halves)
    return divided >= max(1, _ALIKE * len(full))


def parts(lines: Iterable[str], separator: str) -> Iterator[Row]:
    """The two parts of each line that is not empty, without white space beside the separator; one may be empty."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            before, _, after = line.partition(separator)
            yield number, [before.rstrip(), after.lstrip().rstrip("\r\n")]


def _line_of(separator: str) -> str:
    """The separating line without white space."""
    return "" if separator == EMPTY_LINES else separator.strip()


def blocks(lines: Iterable[str], separator: str) -> Iterator[Row]:
    """The texts between the lines that are equal to the separator, each with its first line, without empty lines
    around them."""
    block: list[tuple[int, str]] = []
    wanted = _line_of(separator)
    for number, line in chain(enumerate(lines, 1), [(0, wanted)]):
        if line.strip() == wanted:
            while block and not block[-1][1].strip():
                block.pop()
            if block:
                yield block[0][0], ["".join(part for _, part in block).rstrip("\r\n")]
            block = []
        elif block or line.strip():
            block.append((number, line))


def divider_of(file: InputFile) -> tuple[str, str]:
    """The mark that probably divides nearly all lines into two texts, and what says so; both empty if there is none."""
    with _lines(file) as lines:
        full = [line for line in lines if line.strip()]
    inside = Counter(mark for line in full for mark in {*_BETWEEN.findall(line.strip())})
    mark = max(inside, key=lambda mark: (inside[mark], len(mark), mark == "\t"), default="")
    count = inside[mark]
    if not mark or count < max(_FEWEST, _ALIKE * len(full)):
        return "", ""
    return mark, f"{count:,} of {len(full):,} lines have {_shown(mark)}, maybe between a prompt and a response"


def _shown(mark: str) -> str:
    return "a tab" if mark == "\t" else mark


def block_doubts(file: InputFile) -> list[str]:
    """A warning if the texts of a file are probably blocks of several lines."""
    with _lines(file) as lines:
        marks = Counter(line.strip() for line in lines if _SEPARATOR.fullmatch(line.strip()))
        ends = sum(not after and bool(line) for line, after in zip(lines, [*lines[1:], ""], strict=True))
        full = sum(map(bool, lines))
    if marks and marks.total() > 1:
        mark, count = marks.most_common(1)[0]
        text = f"{count:,} lines are {mark}, but every line was read as a text"
        return [f"{text}. For the texts between them, name {mark} as the place of the rows (--rows)."]
    if ends >= _FEWEST and full >= _BLOCK * ends:
        text = (
            f"{full:,} lines stand in {ends:,} blocks with empty lines between them, but every line was read as a text"
        )
        return [f"{text}. For whole blocks, name {EMPTY_LINES} as the place of the rows (--rows)."]
    mark, shared = divider_of(file)
    if not mark:
        return []
    text = f"{shared}, but each was read as a text. For its two parts as columns 0 and 1"
    return [f"{text}, name {_shown(mark)} as the place of the rows (--rows)."]


@contextmanager
def _lines(file: InputFile) -> Iterator[Sequence[str]]:
    with io.TextIOWrapper(file.again(), encoding=file.encoding, errors="replace") as text:
        yield [line.strip("\r\n") for line in islice(iter(partial(text.readline, MAX_LINE), ""), _LOOKED_AT)]

"""Read CSV and TSV: strict quotes, exact line numbers, unchanged fields."""

import csv
import io
import re
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice

from orbench_studio.errors import FileFaultError
from orbench_studio.formats import text_lines
from orbench_studio.formats.byte_source import MAX_FIELD, MAX_LINE, InputFile, empty_file, field_too_large, file_fault
from orbench_studio.formats.records import RowFault
from orbench_studio.formats.tables import FIRST_LINES, Cells, Row, Table, above_header, unstorable

_MAX_CELLS = 1_000_000  # in a row, or delimiters in its texts
_MAX_BAD_QUOTES = 20  # rows refused for them; a file with more is damaged
_SEPARATOR = re.compile(r'"?sep=(.?)"?', re.IGNORECASE)
_COMMENT = re.compile(r'"?#\s*\w+=\S')  # before the header, as PyRIT writes it
_lock = threading.Lock()
_readers = 0
_limit_before = 0


@contextmanager
def _large_fields() -> Iterator[None]:
    """Raises the field limit of the csv module, which is global, while any reader is open."""
    global _readers, _limit_before
    with _lock:
        if _readers == 0:
            _limit_before = csv.field_size_limit(MAX_FIELD)
        _readers += 1
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if _readers == 0:
                csv.field_size_limit(_limit_before)


class _TooLargeError(Exception):
    """A row that is too large for memory."""


class _Lines:
    """Lines for the csv module, limited per row, since the module keeps a whole row in memory.

    The lines of the current row are kept, so that a row with a bad quote can be refused alone.
    """

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._again: deque[str] = deque()
        self.row: list[str] = []
        self.size = 0
        self.marks = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.row.append(line)
        self.size += len(line)
        self.marks += line.count(self._delimiter)
        if self.size > MAX_LINE or self.marks > _MAX_CELLS:
            limit = f"{MAX_LINE:,} characters or {_MAX_CELLS:,} cells"
            raise _TooLargeError(f"the row has more than {limit}. Look for a quote that is never closed.")
        return line

    def next_row(self) -> None:
        """Forget the lines of the row that was read."""
        self.row = []
        self.size = self.marks = 0

    def leave_out_first(self) -> int:
        """Read the lines of the row again without its first one; how many there are."""
        self._again.extendleft(reversed(self.row[1:]))
        again = len(self.row) - 1
        self.next_row()
        return again


def open_delimited(file: InputFile, delimiter: str | None, header: int = 1) -> Table:
    """Open a table of delimited text; the delimiter is found in the header, on this line or later, or given."""
    text = file.text()
    skipped, above = 0, list[Cells]()
    for line in iter(text.readline, ""):
        if (found := _SEPARATOR.fullmatch(line.strip())) is not None:  # Excel's way to name the delimiter
            delimiter = found[1] or "\t"
        elif skipped + 1 < header or not line.strip() or _COMMENT.match(line):
            above.append([line.strip(' ,;\t\r\n"')])
        else:
            break
        skipped += 1
    else:
        raise empty_file(file.name)
    delimiter = delimiter or _delimiter(line)
    plain = delimiter in "\t;|" and not text_lines.quotes_enclose(file, delimiter, skipped)
    rows = _rows(file, text, line, delimiter, skipped, has_quotes=not plain)
    first = next(rows)
    if isinstance(first, RowFault):
        raise file_fault(file.name, f"{first.reason}. Remove it, or pass another --encoding.", first.line)
    notes = {"table was read without quotes, because they do not enclose its cells": 1} if plain else {}
    return Table(first, rows, first_is_row=True, notes=notes | above_header(above), first_lines=partial(_lines, file))


def _lines(file: InputFile) -> Iterator[Row]:
    """The first lines, each divided at the delimiter that it seems to have."""
    with io.TextIOWrapper(file.again(), file.encoding, errors="replace") as text:
        for number, line in enumerate(islice(iter(partial(text.readline, MAX_LINE), ""), FIRST_LINES), 1):
            yield number, next(csv.reader([line], delimiter=_delimiter(line)), [])


def open_texts(file: InputFile, separator: str | None) -> Table:
    """Open a list of texts: those between lines that are the separator, else one on each line that is not empty.

    A separator that is inside nearly all lines divides each into two cells. A file whose lines have the same number of
    parts is a table. None of them has a header.
    """
    if separator is None and (delimiter := text_lines.delimiter_of(file)) is not None:
        return open_delimited(file, delimiter)
    if separator == r"\t" and not text_lines.divides(file, separator):
        separator = "\t"  # as terminals show it
    if separator is not None:
        if text_lines.divides(file, separator):
            rows = text_lines.parts(file.text(), separator)
        else:
            text_lines.require_separator(file, separator)
            rows = text_lines.blocks(file.text(), separator)
    else:
        texts = ((number, [line.rstrip("\r\n")]) for number, line in enumerate(file.text(), 1))
        rows = (text for text in texts if text[1][0].strip())
    first = next(rows, None)
    if first is None:
        raise empty_file(file.name)
    doubts = [] if separator is not None else text_lines.block_doubts(file)
    return Table(first, rows, first_is_row=True, doubts=doubts)


def _delimiter(line: str) -> str:
    bare = re.sub(r'"[^"]*("|$)', "", line)
    return next((mark for mark in ",\t;|" if mark in bare), ",")


def _rows(
    file: InputFile, text: io.TextIOWrapper, line: str, delimiter: str, skipped: int, *, has_quotes: bool
) -> Iterator[Row | RowFault]:
    lines = _Lines(chain([line], text), delimiter)
    number, width, bad_quotes, doubtful_until = skipped + 1, 0, 0, 0
    doubtful = file.doubtful
    with _large_fields():
        reader = csv.reader(
            lines, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE
        )
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except _TooLargeError as error:
                raise file_fault(file.name, str(error), number) from None
            except csv.Error as error:
                reached = number + len(lines.row) - 1
                bad_quotes += 1
                # In a table of one column every line is a row: what follows a bad quote could be anything.
                if width < 2 or bad_quotes > _MAX_BAD_QUOTES or "field limit" in str(error):
                    raise _explain(error, file, number, reached) from None
                yield RowFault(number, str(_explain(error, file, number, reached)).partition(": ")[2])
                doubtful_until = max(doubtful_until, number + lines.leave_out_first())
                number += 1
                continue
            width = width or len(cells)
            fault = _row_fault(cells, width, lines.row if number <= doubtful_until else (), doubtful=doubtful)
            if fault:
                yield RowFault(number, fault)
            elif cells:
                yield number, cells[:width]
            number += len(lines.row)
            lines.next_row()


def _row_fault(cells: Cells, width: int, after_bad_quote: Sequence[str], *, doubtful: bool) -> str | None:
    """Why a row cannot be read; cells beyond the header must be empty."""
    if cells and (len(cells) < width or any(cells[width:])):
        return f"the row has {len(cells)} cells, the header has {width}"
    if any('"' in line for line in after_bad_quote):
        return "the row has a quote and follows an invalid quote, so its beginning is uncertain"
    return unstorable(cells) if doubtful else None


def _explain(error: csv.Error, file: InputFile, begun: int, reached: int) -> FileFaultError:
    reason = str(error)
    if "field limit" in reason:
        return field_too_large(file.name, begun)
    if "unexpected end" in reason:
        text = "a quote is opened here and never closed. Close it, or double it if it belongs to the text."
        return file_fault(file.name, text, _quote_line(file, begun))
    where = f" (in the row that begins on line {begun})" if begun != reached else ""
    text = f"a quote ends in the middle of a field{where}. Double the quotes inside a field."
    if file.name.lower().endswith(".txt"):
        text = f"{text} If each line is a text, it has no header."
        return FileFaultError(f"{file.name}, line {reached}: {text}", wants="header")
    return file_fault(file.name, text, reached)


def _quote_line(file: InputFile, begun: int) -> int:
    """The line of the last opening quote, counted from the start of the row."""
    opened = begun
    inside = False
    with io.TextIOWrapper(file.again(), encoding=file.encoding, newline="") as text:
        for number, line in enumerate(text, 1):
            # A doubled quote is a character of the field; two quotes alone are an empty field.
            for _ in range(line.replace('""', "").count('"') if number >= begun else 0):
                inside = not inside
                opened = number if inside else opened
    return opened

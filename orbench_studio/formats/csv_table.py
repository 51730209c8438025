"""Read CSV and TSV: strict quotes, exact line numbers, unchanged fields."""

import csv
import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.byte_source import (
    MAX_FIELD,
    MAX_LINE,
    InputFile,
    empty_file,
    field_too_large,
    file_fault,
)
from orbench_studio.formats.records import RowFault
from orbench_studio.formats.tables import Row, Table, unstorable

_MAX_CELLS = 1_000_000  # in a row, or delimiters in its texts
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
    """Lines for the csv module, limited per row, since the module keeps a whole row in memory."""

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self.size = 0
        self.marks = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.size += len(line)
        self.marks += line.count(self._delimiter)
        if self.size > MAX_LINE or self.marks > _MAX_CELLS:
            limit = f"{MAX_LINE:,} characters or {_MAX_CELLS:,} cells"
            raise _TooLargeError(f"the row has more than {limit}. Look for a quote that is never closed.")
        return line


def open_delimited(file: InputFile, delimiter: str | None) -> Table:
    """Open a table of delimited text; the delimiter is found in the header unless it is given."""
    text = file.text()
    line = text.readline()
    skipped = 0
    while line and not line.strip():
        line = text.readline()
        skipped += 1
    if not line:
        raise empty_file(file.name)
    rows = _rows(file, text, line, delimiter or _delimiter(line), skipped)
    first = next(rows)
    if isinstance(first, RowFault):
        raise file_fault(file.name, f"{first.reason}. Remove it, or pass another --encoding.", first.line)
    return Table(first, rows)


def _delimiter(line: str) -> str:
    bare = re.sub(r'"[^"]*("|$)', "", line)
    return next((mark for mark in ",\t;" if mark in bare), ",")


def _rows(file: InputFile, text: io.TextIOWrapper, line: str, delimiter: str, skipped: int) -> Iterator[Row | RowFault]:
    lines = _Lines(chain([line], text), delimiter)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = skipped + 1
    width = 0
    doubtful = file.doubtful
    with _large_fields():
        try:
            for cells in reader:
                width = width or len(cells)
                if len(cells) == width:
                    reason = unstorable(cells) if doubtful else None
                    yield RowFault(number, reason) if reason else (number, cells)
                elif cells:
                    yield RowFault(number, f"the row has {len(cells)} cells, the header has {width}")
                number = skipped + reader.line_num + 1
                lines.size = lines.marks = 0
        except _TooLargeError as error:
            raise file_fault(file.name, str(error), number) from None
        except csv.Error as error:
            raise _explain(error, file, number, skipped + reader.line_num) from None


def _explain(error: csv.Error, file: InputFile, begun: int, reached: int) -> FileFaultError:
    reason = str(error)
    if "field limit" in reason:
        return field_too_large(file.name, begun)
    if "unexpected end" in reason:
        text = "a quote is opened here and never closed. Close it, or double it if it belongs to the text."
        return file_fault(file.name, text, _quote_line(file, begun))
    where = f" (in the row that begins on line {begun})" if begun != reached else ""
    text = f"a quote ends in the middle of a field{where}. Double the quotes inside a field."
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

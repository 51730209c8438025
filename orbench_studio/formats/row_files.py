"""Rows into CSV, JSONL and Parquet files, as they come. Texts are written to the letter, or refused by prompt."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from orbench_studio.errors import StudioError
from orbench_studio.formats.tables import texts_in, unstorable

Row = Mapping[str, Any]
Write = Callable[[Sequence[Row]], None]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_encoded = json.JSONEncoder(ensure_ascii=False).encode


class _Lines:
    """Where csv writes its lines: encoded at once, so that a text that no file can have is found in its row."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.row: Row = {}

    def write(self, line: str) -> None:
        if "\0" in line or "\\u0000" in line:  # perhaps a NUL, perhaps somebody who writes about it
            require_text(self.row)
        try:
            self._file.write(line.encode())
        except UnicodeEncodeError:
            require_text(self.row)
            raise


@contextmanager
def csv_rows(path: Path, columns: Sequence[str], *, formulas: bool = True) -> Iterator[Write]:
    """A CSV file with CRLF, as OR-Bench publishes them; what is nested is JSON.

    `formulas=False` puts an apostrophe before what a spreadsheet would take for a formula.
    """
    cell = _cell if formulas else _harmless
    with path.open("wb") as file:
        lines = _Lines(file)
        writer = csv.writer(lines)
        writer.writerow(columns)

        def write(rows: Sequence[Row]) -> None:
            for row in rows:
                lines.row = row
                writer.writerow([cell(row[name]) for name in columns])

        yield write


@contextmanager
def jsonl_rows(path: Path, columns: Sequence[str]) -> Iterator[Write]:
    """One JSON object a line."""
    with path.open("wb") as file:
        lines = _Lines(file)

        def write(rows: Sequence[Row]) -> None:
            for row in rows:
                lines.row = row
                lines.write(_encoded({name: row[name] for name in columns}) + "\n")

        yield write


@contextmanager
def json_rows(path: Path, of: Callable[[Row], Iterator[Row]]) -> Iterator[Write]:
    """One JSON array of what the function makes of each row."""
    with path.open("wb") as file:
        lines = _Lines(file)
        mark = "[\n"

        def write(rows: Sequence[Row]) -> None:
            nonlocal mark
            for row in rows:
                lines.row = row
                for made in of(row):
                    lines.write(mark + _encoded(made))
                    mark = ",\n"

        yield write
        file.write(b"\n]\n" if mark == ",\n" else b"[]\n")


@contextmanager
def parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[Write]:
    """A Parquet file whose bytes follow from the rows alone; each call writes one row group."""
    import pyarrow
    from pyarrow import parquet

    from orbench_studio.formats.parquet_schema import schema

    shape = schema(columns)
    settings: dict[str, Any] = {
        "compression": "zstd",
        "compression_level": 3,
        "version": "2.6",
        "data_page_version": "1.0",
    }
    with parquet.ParquetWriter(path, shape, **settings) as file:

        def write(rows: Sequence[Row]) -> None:
            for row in rows:
                require_text(row)
            file.write_table(pyarrow.Table.from_pylist(list(rows), schema=shape))

        yield write


def require_text(row: Row) -> None:
    """Refuses a row with a text that cannot be written to the letter; the error names the prompt."""
    reason = unstorable(texts_in(row))
    if reason:
        name = row.get("key")
        beginning = str(row["prompt"])[:60].encode("ascii", "backslashreplace").decode()
        raise StudioError(
            f"Prompt {name} cannot be exported: {reason}, in what is known of “{beginning}”. Nothing was written. "
            f"Leave it out (--filter -id:{name}), or mend the file that it comes from and import that anew."
        )


def _cell(value: Any) -> Any:
    return _encoded(value) if isinstance(value, list) else value


def _harmless(value: Any) -> Any:
    cell = _cell(value)
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell

"""Write rows to CSV, JSON, JSONL and Parquet files. A text is written exactly, or the row's prompt is rejected."""

import codecs
import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from orbench_studio.domain.data.export_columns import STRINGS, Columns
from orbench_studio.errors import StudioError
from orbench_studio.formats.tables import texts_in, unstorable

Row = Mapping[str, Any]
Write = Callable[[Sequence[Row]], None]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_encoded = json.JSONEncoder(ensure_ascii=False).encode


class _Lines:
    """Encodes the lines of the csv module at once, so that a text that UTF-8 cannot encode is found in its row."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.row: Row = {}

    def write(self, line: str) -> None:
        if "\0" in line or "\\u0000" in line:  # a NUL, or a text that contains the escape sequence
            require_text(self.row)
        try:
            self._file.write(line.encode())
        except UnicodeEncodeError:
            require_text(self.row)
            raise


@contextmanager
def csv_rows(path: Path, columns: Columns, *, formulas: bool = True, bom: bool = False) -> Iterator[Write]:
    """Write a CSV file with CRLF line ends, as OR-Bench publishes them; nested values are JSON.

    `formulas=False` puts an apostrophe before cells that a spreadsheet would run as formulas, and before those that
    have one; see `unescaped`. `bom` begins the file with a byte order mark, by which Excel knows UTF-8.
    """
    cell = _cell if formulas else _escaped
    with path.open("wb") as file:
        if bom:
            file.write(codecs.BOM_UTF8)
        lines = _Lines(file)
        writer = csv.writer(lines)
        writer.writerow(columns)

        def write(rows: Sequence[Row]) -> None:
            for row in rows:
                lines.row = row
                writer.writerow([cell(row[name]) for name in columns])

        yield write


@contextmanager
def jsonl_rows(path: Path, columns: Columns) -> Iterator[Write]:
    """Write one JSON object per line."""
    with path.open("wb") as file:
        lines = _Lines(file)

        def write(rows: Sequence[Row]) -> None:
            for row in rows:
                lines.row = row
                lines.write(_encoded({name: row[name] for name in columns}) + "\n")

        yield write


@contextmanager
def json_rows(path: Path, of: Callable[[Row], Iterator[Row]]) -> Iterator[Write]:
    """Write one JSON array with the records that `of` makes of each row."""
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
def parquet_rows(path: Path, columns: Columns) -> Iterator[Write]:
    """Write a Parquet file whose bytes depend only on the rows; each call writes one row group."""
    import pyarrow
    from pyarrow import parquet

    def arrow(kind: Any) -> Any:
        if isinstance(kind, Mapping):
            return pyarrow.list_(pyarrow.struct([(name, arrow(inner)) for name, inner in kind.items()]))
        return types[kind]

    types = {
        str: pyarrow.string(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        bool: pyarrow.bool_(),
        STRINGS: pyarrow.list_(pyarrow.string()),
    }
    schema = pyarrow.schema([(name, arrow(kind)) for name, kind in columns.items()])
    settings: dict[str, Any] = {
        "compression": "zstd",
        "compression_level": 3,
        "version": "2.6",
        "data_page_version": "1.0",
    }
    with parquet.ParquetWriter(path, schema, **settings) as file:

        def write(rows: Sequence[Row]) -> None:
            for row in rows:
                require_text(row)
            file.write_table(pyarrow.Table.from_pylist(list(rows), schema=schema))

        yield write


def require_text(row: Row) -> None:
    """Raise StudioError, naming the prompt, for a row with a text that cannot be written exactly."""
    reason = unstorable(texts_in(row))
    if reason:
        name = row.get("key")
        beginning = str(row["prompt"])[:60].encode("ascii", "backslashreplace").decode()
        raise StudioError(
            f"Prompt {name} cannot be exported: {reason} (it begins “{beginning}”). Nothing was written. "
            f"Exclude it (--filter -id:{name}), or repair the file it was imported from and import that again."
        )


def _cell(value: Any) -> Any:
    return _encoded(value) if isinstance(value, list) else value


def _escaped(value: Any) -> Any:
    cell = _cell(value)
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip("'").startswith(_FORMULA) else cell


def unescaped(cell: str) -> str:
    """The text of a cell before it was escaped."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA) else cell

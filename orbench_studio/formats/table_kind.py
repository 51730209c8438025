"""Detect the type of table in a file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from orbench_studio.errors import FileFaultError
from orbench_studio.formats import csv_table, inspect_log, json_shape, json_table, parquet_table, workbook_table
from orbench_studio.formats.around_rows import NOTHING_WANTED, Wanted
from orbench_studio.formats.byte_source import InputFile, Progress, file_fault
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.tables import Table, stem_and_kind

_PARQUET, _ARROW, _FEATHER = b"PAR1", b"\xff\xff\xff\xff", b"ARROW1"
_WORKBOOK = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"
_PACKED = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "Zstandard", b"7z\xbc\xaf": "7-Zip", b"Rar!": "RAR"}


def open_table(file: InputFile, rows: str | None = None, wanted: Wanted = NOTHING_WANTED, *, header: int = 1) -> Table:
    """Open the file as a table, by its extension or else by its first bytes.

    `rows` says where the rows are in a JSON file or workbook, or which lines are between the texts of a text file;
    `wanted` names columns and paths that may begin late in the file; `header` is the line with the columns' names.
    A text file without a header (0) is a list of texts, one on each line.
    """
    kind = stem_and_kind(file.name)[1]
    if packed := next((name for begin, name in _PACKED.items() if file.head.startswith(begin)), ""):
        raise file_fault(file.name, f"it is compressed with {packed}. Unpack it, or compress it with gzip or zip.")
    if file.name.lower().endswith((".yaml", ".yml")):
        raise file_fault(file.name, "YAML files are not read. Save its list as JSON.")
    if kind == "workbook" or file.head.startswith(_WORKBOOK):
        return workbook_table.open_workbook(file, rows, header)
    if _is_packed_or_binary(file, kind) or not _is_json(file, kind):
        if not header and file.name.lower().endswith(".txt"):
            return csv_table.open_texts(file, rows)
        if rows and kind == "lines" and not _is_packed_or_binary(file, kind):
            return json_shape.open_lines(file, rows, wanted)
        if rows:
            text = f"its rows are not in parts, so there is nothing under {rows!r}."
            if file.name.lower().endswith(".txt"):
                text = f"{text} If {rows!r} is the line between its texts, it has no header."
            raise FileFaultError(f"{file.name}: {text}", wants="header" if file.name.lower().endswith(".txt") else "")
        return _whole(file, kind, wanted, header)
    return json_shape.open_json(file, rows, wanted)


@contextmanager
def opened(path: Path, options: ReadOptions, on_progress: Progress | None = None) -> Iterator[tuple[InputFile, Table]]:
    """A file and the table in it, read with these options."""
    file = InputFile(path, options.encoding, on_progress)
    try:
        with file.explained():
            table = open_table(file, options.rows, _wanted(options.mapping), header=options.header)
        yield file, table
    finally:
        file.close()


def _wanted(mapping: ColumnMapping | None) -> Wanted:
    """The paths that a mapping names: their columns may begin late in a file of objects."""
    columns = mapping.columns if mapping else {}
    found = Wanted(dict.fromkeys(each for path in columns.values() for each in (path, *path.split("|"))))
    found.prompt, found.response = (
        columns[part].split("|") if part in columns else () for part in (Field.PROMPT, Field.RESPONSE)
    )
    return found


def _is_packed_or_binary(file: InputFile, kind: str) -> bool:
    """Whether a file is none of texts, or a log."""
    binary = (_PARQUET, _ARROW, _FEATHER, _ZIP)
    return kind in ("parquet", "inspect") or file.head.startswith(binary) or _is_log(file, kind)


def _is_log(file: InputFile, kind: str) -> bool:
    return kind == "json" and not file.packed and inspect_log.is_log(file.path)


def _is_json(file: InputFile, kind: str) -> bool:
    """Whether a file is one JSON value, not one on each line."""
    start = file.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return kind == "json" or (not kind and start in (b"[", b"{")) or (kind == "lines" and json_shape.is_array(file))


def _whole(file: InputFile, kind: str, wanted: Sequence[str], header: int) -> Table:
    if kind == "parquet" or file.head.startswith(_PARQUET):
        if file.packed:
            raise file_fault(file.name, "a Parquet file inside gzip cannot be read. Unpack it first.")
        return parquet_table.open_parquet(file.path)
    if file.head.startswith((_ARROW, _FEATHER)):
        return parquet_table.open_arrow(file.path, is_file=file.head.startswith(_FEATHER))
    if kind == "inspect":
        return inspect_log.open_eval(file)
    if file.head.startswith(_ZIP):
        raise file_fault(file.name, "this is a zip archive. Unpack it, or give it the ending .zip.")
    if _is_log(file, kind):
        return inspect_log.open_log(file)
    if kind == "lines":
        return json_table.open_lines(file, wanted)
    return csv_table.open_delimited(file, "\t" if kind == "tabs" else None, header)

"""Read one file: open it, recognise its format, check its rows, and convert them to records."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from orbench_studio.formats import guards
from orbench_studio.formats.byte_source import InputFile, Progress, file_fault
from orbench_studio.formats.doctor import Doctor, Finding
from orbench_studio.formats.mapped import MAPPED
from orbench_studio.formats.mapping import ColumnMapping, propose
from orbench_studio.formats.reader_interface import Bound, Reader, ReadOptions, Sheet
from orbench_studio.formats.readers import choose, headerless, recognise
from orbench_studio.formats.records import Record, RowFault
from orbench_studio.formats.table_kind import open_table
from orbench_studio.formats.tables import Cells, Row, Table, listing

_PREVIEW_ROWS = 20


class Reading:
    """A file that is being read. `records` can be iterated once; format and header are known before."""

    def __init__(self, file: InputFile, table: Table, format_name: str | None, options: ReadOptions) -> None:
        self._file = file
        self._rows, self.header = _with_header(file.name, table, format_name)
        if format_name is None and options.mapping is not None:
            format_name = MAPPED.name
        self.reader: Reader = choose(file.name, self.header, format_name)
        sheet = Sheet(file.name, self.header, options, table.bound)
        self._bound: Bound = self.reader.bind(sheet)
        self.inferred = sheet.inferred
        self._doctor = Doctor(self.header, self._bound.identity, self._bound.checks, options.mend)
        self.records: Iterator[Record | RowFault | Finding] = self._records()

    @property
    def format(self) -> str:
        """The name of the format."""
        return self.reader.name

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file on disk; complete after the last record."""
        return self._file.source.sha256

    @property
    def bytes_read(self) -> int:
        """The number of bytes of the file on disk that were read so far."""
        return self._file.source.bytes_read

    @property
    def total_bytes(self) -> int:
        """The size of the file on disk."""
        return self._file.source.total_bytes

    def _records(self) -> Iterator[Record | RowFault | Finding]:
        examine, notes, title = self._doctor.examine, self._doctor.notes, self.reader.title
        with self._file.explained():
            for row in self._rows:
                if isinstance(row, RowFault):
                    yield row
                    continue
                line = row[0]
                taken = examine(line, row[1])
                yield from notes()
                for cells in taken:
                    yield guards.row(line, title, self._taken, line, cells)
        self._file.finish()

    def _taken(self, line: int, cells: Cells) -> Record:
        record = self._bound.take(line, cells)
        guards.require_sound(record)
        return record


@contextmanager
def read_file(
    path: Path,
    *,
    format_name: str | None = None,
    options: ReadOptions | None = None,
    on_progress: Progress | None = None,
) -> Iterator[Reading]:
    """Open a file to import. Raises FileFaultError for a fault of the file, here or while its records are read.

    The last check (has the file changed meanwhile?) follows the last record: read to the end before committing.
    `on_progress(bytes_read, total_bytes)` is called for every block and may raise to cancel.
    """
    options = options or ReadOptions()
    with _opened(path, options.encoding, on_progress) as (file, table):
        yield Reading(file, table, format_name, options)


@dataclass(frozen=True, slots=True)
class Preview:
    """The header and first rows of a file, for the dialog that maps its columns."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    format: str | None
    proposal: ColumnMapping | None


def preview_file(path: Path, *, encoding: str | None = None) -> Preview:
    """The header, the first rows, the format if it is a known one, and a proposed mapping."""
    with _opened(path, encoding, None) as (file, table):
        rows, header = _with_header(file.name, table, None)
        with file.explained():
            first = tuple(tuple(row[1]) for row in islice(rows, _PREVIEW_ROWS) if not isinstance(row, RowFault))
        known = recognise(header)
        return Preview(header, first, known.name if known else None, propose(header))


@contextmanager
def _opened(path: Path, encoding: str | None, on_progress: Progress | None) -> Iterator[tuple[InputFile, Table]]:
    file = InputFile(path, encoding, on_progress)
    try:
        with file.explained():
            table = open_table(file)
        yield file, table
    finally:
        file.close()


def _with_header(name: str, table: Table, format_name: str | None) -> tuple[Iterator[Row | RowFault], tuple[str, ...]]:
    columns = headerless(name, table, format_name)
    return (table.rows, table.header(name)) if columns is None else (table.all_rows(), columns)


@contextmanager
def read_columns(
    path: Path, columns: Sequence[str], *, encoding: str | None = None
) -> Iterator[Iterator[Row | RowFault]]:
    """Read some columns of any table; raises FileFaultError for a file that lacks one of them."""
    with _opened(path, encoding, None) as (file, table):
        header = table.header(file.name)
        missing = [name for name in columns if name not in header]
        if missing:
            text = f"there is no column {', '.join(missing)}; the file has {listing(header)}."
            raise file_fault(file.name, text)
        places = [header.index(name) for name in columns]
        table.bound.update(places)
        yield _columns(file, table, places)


def _columns(file: InputFile, table: Table, places: Sequence[int]) -> Iterator[Row | RowFault]:
    with file.explained():
        for row in table.rows:
            if isinstance(row, RowFault):
                yield row
            else:
                yield row[0], [row[1][place] for place in places]
    file.finish()

"""Read one file: open it, recognise its format, check its rows, and convert them to records."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import islice
from pathlib import Path

from orbench_studio.errors import FileFaultError, shortened
from orbench_studio.formats import class_words, row_guard, text_lines
from orbench_studio.formats.byte_source import InputFile, Progress, file_fault
from orbench_studio.formats.column_names import names_field
from orbench_studio.formats.file_mapping import names_of
from orbench_studio.formats.import_doctor import Doctor, Finding
from orbench_studio.formats.mapped import MAPPED
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.name_columns import values_in
from orbench_studio.formats.nested_paths import alternatives
from orbench_studio.formats.proposals import Proposal, Question, other_texts, propose
from orbench_studio.formats.reader_interface import Bound, Reader, ReadOptions, Sheet
from orbench_studio.formats.readers import choose, has_sentence, headerless, looks_like_data, recognise
from orbench_studio.formats.records import Record, RowFault
from orbench_studio.formats.remembered_mapping import remembering, shape
from orbench_studio.formats.requests_file import Requests, requests_of
from orbench_studio.formats.table_kind import opened
from orbench_studio.formats.tables import Cells, Row, Table, listing, within_names

_PREVIEW_ROWS = 20
_PROPOSED_ROWS = 500  # on which a proposal rests
_OTHER_ROWS = "rows of another kind were not read ({}: {})"
_REPLACED = "rows of an earlier state ({}) were left out for later ones of the same {}"
_UNFINISHED = "rows of an earlier state ({}) were read, as no later row of the same {} follows"


class Reading:
    """A file that is being read. `records` can be iterated once; format and header are known before."""

    def __init__(self, file: InputFile, table: Table, format_name: str | None, options: ReadOptions) -> None:
        self._file = file
        rows, header = _with_header(file.name, table, format_name, options)
        self.shape = shape(header)
        self.options = remembering(options, header) if format_name is None else options
        self.is_remembered = self.options is not options
        options = self.options
        is_doubtful = table.first_is_row and options.header == 1
        ahead = _first_rows(file.path, options)[1] if is_doubtful and (len(header) == 1 or has_sentence(header)) else ()
        self.has_doubtful_header = is_doubtful and looks_like_data(header, ahead[:_PREVIEW_ROWS])
        self.reader = self._reader(header, format_name)
        if self.reader.fixed and options.mapping is not None:
            text = f"the columns of the format {self.reader.name} cannot be mapped. Map prompt too, or name no column."
            raise file_fault(file.name, text)
        self._requests = self._requests_of(self.reader, header)
        self.header = (*header, *(self._requests.columns if self._requests else ()))
        first_rows = cache(self._first_rows)
        proposal = self._proposed(format_name)
        sheet = Sheet(file.name, self.header, options, table.bound, proposal=proposal, first_rows=first_rows)
        self._bound: Bound = self.reader.bind(sheet)
        self.inferred = sheet.inferred
        self.unused_names = names_of(options)  # those that no record has so far
        self._count_unread(sheet)
        self._rows = rows if self._requests is None else self._requests.joined(rows, sheet.tally)
        self.tally = sheet.tally
        self.tally.notes.update(table.notes | file.notes)
        self._late, self._passed = table.late, table.passed
        self.tally.doubts += [*table.doubts, *file.doubts]
        if not options.header and (number := _line_of_names(table, 1)):
            self.tally.doubts.append(f"Line {number} seems to have the names of the columns, but is read as a row.")
        if options.encoding is not None and not file.is_decoded:
            text = f"Option without effect, as the file itself says how its texts are encoded: {options.encoding}"
            self.tally.doubts.append(f"{text} (--encoding).")
        self._only = [(header.index(column), value) for column, value in self.reader.only.items() if column in header]
        self._earlier: tuple[int, str, int] | None = None
        if self.reader.earlier and self.reader.earlier[2] in header:
            state, value, by = self.reader.earlier
            self._earlier = header.index(state), value, header.index(by)
        self._of_run = {header.index(column): "" for column in self.reader.of_run if column in header}
        self._doctor = Doctor(self.header, self._bound.identity, sheet.bound, self._bound.checks, options.mend)
        self.records: Iterator[Record | RowFault | Finding] = self._records()

    @property
    def format(self) -> str:
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

    def _reader(self, header: Sequence[str], format_name: str | None) -> Reader:
        file, options = self._file, self.options
        try:
            return _reader(file.name, header, format_name, options, may_be_data=self.has_doubtful_header)
        except FileFaultError as error:
            file.require_no_nul()  # else the user maps the columns of a file that cannot be read
            is_of_texts = file.name.lower().endswith(".txt") and not options.rows
            is_of_texts = is_of_texts and not (len(header) > 2 and text_lines.delimiter_of(file))  # else a table
            mark, shared = text_lines.divider_of(file) if is_of_texts else ("", "")
            if mark:
                text = f"{file.name}: {shared}. To read its parts as columns, name it as the place of the rows"
                raise FileFaultError(f"{text}. The file then has no header.", wants="rows", likely=mark) from None
            if error.wants == "format" and (requests := self._requests_of(MAPPED, header)):
                text = f"{error} Those of its requests are {listing(requests.columns)}."
                raise FileFaultError(text, wants="format") from None
            raise

    def _requests_of(self, reader: Reader, header: Sequence[str]) -> Requests | None:
        file, options = self._file, self.options
        on_progress = file.source.on_progress
        rows = partial(_all_cells, file.path, options, on_progress)
        return requests_of(file.name, reader, header, options, rows, on_progress)

    def _count_unread(self, sheet: Sheet) -> None:
        """Name the columns that are not imported. The key of the requests is that of the rows."""
        of_requests = self._requests.columns if self._requests is not None else ()
        key = self._requests.key if self._requests is not None else ""
        ignored = [name for at, name in enumerate(self.header) if name and name != key and at not in sheet.bound]
        if ignored:
            sheet.tally.notes[f"columns that are not imported ({listing(ignored)})"] = len(ignored)
        if of_requests and max(sheet.bound, default=-1) < len(self.header) - len(of_requests):
            sheet.tally.doubts.append("Option without effect, as no column of the requests is mapped: requests.")
        if self.options.joined_by and self._requests is None:
            sheet.tally.doubts.append("Option without effect without a file of requests: joined-by.")

    def _first_rows(self) -> Sequence[Sequence[str]]:
        rows = _first_rows(self._file.path, self.options)[1]
        return rows if self._requests is None else self._requests.joined_cells(rows)

    def _records(self) -> Iterator[Record | RowFault | Finding]:
        examine, notes, title = self._doctor.examine, self._doctor.notes, self.reader.title
        with self._file.explained():
            for row in self._counted():
                if isinstance(row, RowFault):
                    yield row
                    continue
                line = row[0]
                taken = examine(line, row[1])
                yield from notes()
                for cells in taken:
                    record = row_guard.row(line, title, self._taken, line, cells)
                    if isinstance(record, RowFault):
                        self._doctor.forget(cells)
                    yield record
        self.tally.notes.update(self._passed)
        if late := sorted(self._late):
            self.tally.notes[f"further columns that are not imported ({listing(late)})"] = len(late)
        if parts := list(self.tally.unread_parts):
            self.tally.notes[f"values beside mapped ones that are not imported ({listing(parts)})"] = len(parts)
        self._file.finish()

    def _counted(self) -> Iterator[Row | RowFault]:
        """The rows that the format reads; one of an earlier state only if no later row of the same name follows."""
        unfinished: dict[str, Row] = {}
        for row in self._rows:
            if isinstance(row, RowFault):
                yield row
                continue
            cells, earlier = row[1], self._earlier_name(row[1])
            is_other = self._is_other(cells)
            if is_other and not earlier:
                self._of_run = {at: cells[at] or value for at, value in self._of_run.items()}
                at = self._only[0][0]
                self.tally.notes[_OTHER_ROWS.format(self.header[at], shortened(cells[at]) or "none")] += 1
                continue
            for at, value in self._of_run.items():
                cells[at] = cells[at] or value
            name = earlier or (cells[self._earlier[2]] if self._earlier else "")
            if unfinished.pop(name, None) is not None and self.reader.earlier:
                column, value, by = self.reader.earlier
                self.tally.notes[_REPLACED.format(f"{column} {value}", by)] += 1
            if is_other:
                unfinished[name] = row
            else:
                yield row
        if unfinished and self.reader.earlier:
            column, value, by = self.reader.earlier
            self.tally.notes[_UNFINISHED.format(f"{column} {value}", by)] += len(unfinished)
        yield from unfinished.values()

    def _earlier_name(self, cells: Cells) -> str:
        """What names the subject of a row of an earlier state; empty for any other row."""
        if self._earlier is None:
            return ""
        state, value, by = self._earlier
        is_earlier = all(_has(cells[at], value if at == state else only) for at, only in self._only)
        return cells[by] if is_earlier else ""

    def _proposed(self, format_name: str | None) -> Proposal:
        """What the first rows say where no one says which column is the prompt.

        Raises FileFaultError if a column that a recognised format does not know may have been sent, or be the response.
        """
        mapping = self.options.mapping
        if mapping is not None and Field.PROMPT in mapping.columns:
            return Proposal()
        if self.reader is MAPPED:
            return propose(*_first_rows(self._file.path, self.options)[:2])
        if format_name is None and not self.reader.known.issuperset(self.header):
            header, rows, _ = _first_rows(self._file.path, self.options)
            others = other_texts(header, rows, self.reader.columns, self.reader.known)
            if others:
                text = f"{self._file.name}: it looks like {self.reader.name}, but {listing(others)}"
                text = f"{text} may have been sent too, or be the response"
                raise FileFaultError(f"{text}. Name the format, if it is.", wants="format")
        return Proposal()

    def _is_other(self, cells: Cells) -> bool:
        """Whether a row is one of those that the format does not read, such as the settings in a log."""
        return not all(_has(cells[at], value) for at, value in self._only)

    def _taken(self, line: int, cells: Cells) -> Record:
        record = self._bound.take(line, cells)
        row_guard.require_sound(record)
        for response in record.responses:
            self.tally.openings.add(response)
            if response.text:
                self.tally.repeats.add(response.model, response.text)
        if self.unused_names:
            names = set(values_in(record))
            self.unused_names = {part: of for part, of in self.unused_names.items() if (part, of) not in names}
        return record


def _has(cell: str, value: str) -> bool:
    """Whether a cell has a value; pandas writes 2 as 2.0."""
    return cell == value or class_words.word(cell) == value


def _reader(
    name: str, header: Sequence[str], format_name: str | None, options: ReadOptions, *, may_be_data: bool
) -> Reader:
    """The format: the requested one, else the recognised one; with a mapping of the user any table.

    One with the responses inside the cells is that of a tool, and also gives those to prompts that the user maps.
    """
    if format_name is not None or options.mapping is None:
        return choose(name, header, format_name, may_be_data=may_be_data)
    known, columns = recognise(header), options.mapping.columns
    response = known.columns.get(Field.RESPONSE, "") if known else ""
    is_lost = Field.RESPONSE not in columns and response not in header and bool(alternatives(header, response))
    if known is not None and (known.keeps or known.joins or is_lost or Field.PROMPT not in columns):
        return known
    return MAPPED


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
    with opened(path, options, on_progress) as (file, table):
        try:
            reading = Reading(file, table, format_name, options)
        except FileFaultError as error:
            raise _with_places(error, table, options) from None
        yield reading


def _with_places(error: FileFaultError, table: Table, options: ReadOptions) -> FileFaultError:
    """The error with the line that probably has the names of the columns, or with the other tables of the file."""
    if options.header == 1 and (number := _line_of_names(table, table.first[0] + 1)):
        text = f"{error} Line {number} seems to have the names of the columns."
        return FileFaultError(text, wants="header", likely=str(number))
    text = f"{error} {table.others}" if table.others and error.wants in ("", "format") else str(error)
    return FileFaultError(text, error.wants, error.likely, error.columns)


def _line_of_names(table: Table, first: int) -> int:
    """The line, from this one on, with the most usual names of columns, and more than the header has; 0 if none has."""
    lines = {number: cells for number, cells in table.first_lines() if number >= first and sum(map(bool, cells)) > 1}
    counts = {number: sum(map(names_field, cells)) for number, cells in lines.items()}
    least = sum(map(names_field, table.first[1])) if first > 1 else 1
    best = max(counts, key=lambda number: counts[number], default=0)
    return best if best and counts[best] > least else 0


@dataclass(frozen=True, slots=True)
class Preview:
    """The header and first rows of a file, for the dialog that maps its columns.

    `certain` are the columns of which the proposal is sure, `questions` what the user must say; while one of them is
    about the prompt or the response, `proposal` has no prompt.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    format: str | None
    proposal: ColumnMapping | None
    certain: Mapping[Field, str] = field(default_factory=dict)
    questions: Sequence[Question] = ()
    may_lack_header: bool = False  # the first row could be data, as in CSV
    shape: str = ""  # of the columns of the file itself


def preview_file(path: Path, options: ReadOptions | None = None, on_progress: Progress | None = None) -> Preview:
    """The header, the first rows, the format if it is a known one, and a proposed mapping.

    `on_progress` is called where the whole file is read, to join it to its requests.
    """
    options = options or ReadOptions()
    header, rows, may_lack = _first_rows(path, options)
    known, of = recognise(header), shape(header)
    with suppress(FileFaultError):  # which the import tells
        rows_of = partial(_all_cells, path, options, on_progress)
        if requests := requests_of(path.name, known or MAPPED, header, options, rows_of, on_progress):
            header, rows = (*header, *requests.columns), requests.joined_cells(rows)
    shown = tuple(rows[:_PREVIEW_ROWS])
    if known is not None and not other_texts(header, rows, known.columns, known.known):
        mapping = known.mapping and replace(
            known.mapping, columns={part: path for part, path in known.columns.items() if alternatives(header, path)}
        )
        return Preview(header, shown, known.name, mapping, may_lack_header=may_lack, shape=of)
    found = propose(header, rows)
    return Preview(header, shown, None, found.mapping, found.columns, found.questions, may_lack, of)


def _first_rows(path: Path, options: ReadOptions) -> tuple[tuple[str, ...], list[tuple[str, ...]], bool]:
    """The header, the first rows, and whether there may be no header.

    A fault in a later row than those that are shown is left to the import.
    """
    found: list[tuple[str, ...]] = []
    with opened(path, options, None) as (file, table):
        rows, header = _with_header(file.name, table, None, options)
        try:
            with file.explained():
                for row in islice(rows, _PROPOSED_ROWS):
                    found += [] if isinstance(row, RowFault) else [tuple(row[1])]
        except FileFaultError:
            if len(found) < _PREVIEW_ROWS:
                raise
    return header, found, table.first_is_row


def _all_cells(path: Path, options: ReadOptions, on_progress: Progress | None) -> Iterator[Cells]:
    with opened(path, options, on_progress) as (file, table), file.explained():
        yield from (row[1] for row in _with_header(file.name, table, None, options)[0] if not isinstance(row, RowFault))


def _with_header(
    name: str, table: Table, format_name: str | None, options: ReadOptions
) -> tuple[Iterator[Row | RowFault], tuple[str, ...]]:
    if table.first_is_row and not options.header:
        return table.all_rows(), tuple(str(at) for at in range(len(table.first[1])))
    is_numbered = table.first[1] == [str(at) for at in range(len(table.first[1]))]
    if not table.first_is_row and (options.header > 1 or not (options.header or is_numbered)):
        text = "its columns have names of their own: it has no line with them. Leave the header out."
        raise file_fault(name, text)
    columns = headerless(name, table, format_name)
    if columns is not None:
        return table.all_rows(), columns
    header = table.header(name)
    return within_names(table, header), header


@contextmanager
def read_columns(
    path: Path, columns: Sequence[str], *, encoding: str | None = None
) -> Iterator[Iterator[Row | RowFault]]:
    """Read some columns of any table; raises FileFaultError for a file that lacks one of them."""
    with opened(path, ReadOptions(encoding=encoding), None) as (file, table):
        if file.doubts:
            raise file_fault(file.name, file.doubts[0])
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

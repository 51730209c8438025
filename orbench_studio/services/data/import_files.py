"""Import files: streamed, each in one transaction, idempotent, with a report on every row."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import Connection, update

from orbench_studio.domain.core.changes import ALL_CHANGED, Changes
from orbench_studio.domain.data.hub_address import downloaded_from
from orbench_studio.errors import CancelledError, DoubtfulFileError, FileFaultError
from orbench_studio.formats.byte_source import file_fault, name_of
from orbench_studio.formats.class_words import word
from orbench_studio.formats.export_overwrite import repair
from orbench_studio.formats.import_doctor import OFFERS, Fault, Finding
from orbench_studio.formats.manifest import Manifest, folder_of, manifest_at
from orbench_studio.formats.mapping import CODED, ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.readers import readers
from orbench_studio.formats.reading import Preview, Reading, preview_file, read_file
from orbench_studio.formats.records import VALUE, Record, RowFault
from orbench_studio.formats.studio_rows import STUDIO
from orbench_studio.formats.tables import NestedCell
from orbench_studio.formats.tally import NOT_READ, REJECTED, UNPARSED, ColumnTally
from orbench_studio.services.data import manifest_import
from orbench_studio.services.data.prompt_import import OTHER_LABEL, OTHER_TEXT
from orbench_studio.services.data.record_import import RecordImport, gc_paused
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.tables import SOURCES

__all__ = [
    "OFFERS",
    "REJECTED",
    "UNPARSED",
    "VALUE",
    "ColumnMapping",
    "ColumnTally",
    "Fault",
    "Field",
    "Finding",
    "ImportReport",
    "Preview",
    "ReadOptions",
    "RowFault",
    "formats",
    "import_file",
    "inspect_file",
    "is_nested",
    "preview_file",
]

BATCH = 2_000  # records added at a time,
_BATCH_CHARACTERS = 8_000_000  # or as many as have about so many characters
REPAIRED = "interrupted exports undone"
_DOUBTFUL = 0.1  # the share of rows from which something is a warning
_OWN = "own category: "
REMEMBERED = 1_000  # rejected rows and findings listed in a report; all are counted

Progress = Callable[[int, int], bool]


@dataclass
class ImportReport:
    """The result of an import: every row was imported, was a duplicate of what the workspace has, or was rejected.

    `added` counts new records by kind; `rejected_rows` and `findings` list the first thousand, `rejected` and `faults`
    count all. `inferred` has the names that come from the file's name, by what they name (`model`, `judge`). `values`
    has the values of the mapped columns with what each became, `warnings` what makes the result doubtful.
    """

    file: str
    format: str
    imported: int = 0
    duplicates: int = 0
    rejected: int = 0
    rejected_rows: list[RowFault] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    added: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    inferred: dict[str, str] = field(default_factory=dict)
    values: list[ColumnTally] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def changes(self) -> Changes:
        """What the import changed."""
        return ALL_CHANGED if self.imported or self.added else Changes()


def import_file(
    workspace: Workspace,
    path: Path,
    options: ReadOptions,
    *,
    format_name: str | None = None,
    strict: bool = False,
    on_progress: Progress = lambda _done, _total: True,
) -> ImportReport:
    """Import a file completely, or not at all.

    `on_progress(bytes_read, bytes_total)` returns False to cancel. Raises a StudioError, and leaves the workspace as it
    was, for a fault of the file, a cancellation, a file without a valid row and, with `strict`, a rejected row or
    another doubt.
    """
    repaired = _repair(path)
    exported = manifest_at(path)
    if exported is not None:
        report = _import_export(workspace, exported, on_progress)
        report.notes |= {REPAIRED: 1} if repaired else {}
        return report
    goes_on = _cancelling(path, on_progress)
    with (
        gc_paused(),
        read_file(path, format_name=format_name, options=options, on_progress=goes_on) as file,
        workspace.writing() as db,
    ):
        report = ImportReport(name_of(path), file.format, inferred=file.inferred)
        source = _Source(db, downloaded_from(path) or report.file, file.format)
        record_import = RecordImport(db, source.id, report.file, join_near=options.join_near)
        for records in _batches(file, report):
            record_import.add(records)
        report.imported, report.duplicates = record_import.imported, record_import.duplicates
        _require_rows(report)
        _finish(report, file, options, record_import.notes)
        _require_all_codes(report, options)
        if strict:
            _require_sound(report)
        record_import.finish()
        source.close(file.sha256)
        report.added = {kind: count for kind, count in record_import.added.items() if count}
        report.notes |= record_import.notes
    return report


def is_nested(cell: str) -> bool:
    """Whether a cell of a preview holds a list or an object."""
    return isinstance(cell, NestedCell)


def formats() -> list[tuple[str, str]]:
    """The names and titles of all formats, the user's presets among them."""
    return [(reader.name, reader.title) for reader in readers()]


def _import_export(workspace: Workspace, exported: Manifest, on_progress: Progress) -> ImportReport:
    """Import all files of an export; every record keeps the source that the exporting workspace gave it."""
    report = ImportReport(exported.folder.name, STUDIO.name)
    options = ReadOptions()
    with gc_paused(), workspace.writing() as db:
        restored = manifest_import.begin(db, exported)
        record_import = RecordImport(db, int, exported.folder.name, restored=restored)
        for path, sha256 in exported.files.items():
            goes_on = _cancelling(path, on_progress)
            with read_file(path, format_name=STUDIO.name, options=options, on_progress=goes_on) as file:
                for records in _batches(file, report):
                    record_import.add(records)
                _require_sound(report)
            if file.sha256 != sha256:
                raise file_fault(path.name, "its content differs from the manifest of the export. Export again.")
        report.imported, report.duplicates = record_import.imported, record_import.duplicates
        record_import.finish()
        report.added = {kind: count for kind, count in record_import.added.items() if count}
        report.added |= manifest_import.finish(db, exported)
        report.notes = dict(record_import.notes)
    return report


def inspect_file(
    path: Path,
    options: ReadOptions,
    *,
    format_name: str | None = None,
    on_progress: Progress = lambda _done, _total: True,
) -> ImportReport:
    """Read a whole file and report what an import would find, without importing anything."""
    repaired = _repair(path)
    if (exported := manifest_at(path)) is not None:
        path, format_name = next(iter(exported.files)), STUDIO.name
    goes_on = _cancelling(path, on_progress)
    with gc_paused(), read_file(path, format_name=format_name, options=options, on_progress=goes_on) as file:
        report = ImportReport(name_of(path), file.format, inferred=file.inferred)
        for records in _batches(file, report):
            report.imported += len(records)
        _finish(report, file, options)
    report.notes |= {REPAIRED: 1} if repaired else {}
    if not report.rejected:
        _require_rows(report)
    return report


def _repair(path: Path) -> bool:
    """Undo an interrupted export in the folder that the path names, so that a complete export is read."""
    folder = folder_of(path)
    return folder is not None and repair(folder)


def _cancelling(path: Path, on_progress: Progress) -> Callable[[int, int], None]:
    def goes_on(done: int, total: int) -> None:
        if not on_progress(done, total):
            raise CancelledError(f"The import of {path.name} was cancelled. Nothing was imported.")

    return goes_on


def _batches(file: Reading, report: ImportReport) -> Iterable[list[Record]]:
    records: list[Record] = []
    size = 0
    for item in file.records:
        if isinstance(item, Record):
            records.append(item)
            size += len(item.prompt.text) + sum(len(response.text) for response in item.responses)
            if len(records) == BATCH or size > _BATCH_CHARACTERS:
                yield records
                records, size = [], 0
        elif isinstance(item, RowFault):
            _reject(report, item)
        else:
            report.faults[item.fault] += 1
            if len(report.findings) < REMEMBERED:
                report.findings.append(item)
    if records:
        yield records


def _reject(report: ImportReport, fault: RowFault) -> None:
    report.rejected += 1
    if len(report.rejected_rows) < REMEMBERED:
        report.rejected_rows.append(fault)


def _finish(
    report: ImportReport, file: Reading, options: ReadOptions, stored: Mapping[str, int] = MappingProxyType({})
) -> None:
    """Add the value counts, notes and warnings to the report."""
    report.values = file.tally.columns
    report.notes |= file.tally.notes
    if file.has_doubtful_header:
        report.warnings.append("The first row looks like data, and was read as the names of the columns.")
    if options.mapping and Field.KEY in options.mapping.columns and (joined := stored.get(OTHER_TEXT, 0)):
        rows = "1 row has" if joined == 1 else f"{joined:,} rows have"
        text = f"{rows} another text than an earlier prompt with the same key, which stays. Texts were left out"
        report.warnings.append(f"{text}: map a column whose values are unique to key, or none.")
    answered = options.mapping is not None and Field.RESPONSE in options.mapping.columns
    if answered and (other := stored.get(OTHER_LABEL, 0)):
        text = f"{other:,} of the labels contradict an earlier label of the same prompt, which stays"
        report.warnings.append(f"{text}. If they judge the responses, map them to response_verdict.")
    report.warnings += file.tally.doubts
    report.warnings += _doubts(report)
    report.warnings += _of_categories(report.values, options)


def _doubts(report: ImportReport) -> Iterator[str]:
    rows = report.imported + report.duplicates + report.rejected
    if report.rejected > _DOUBTFUL * rows:
        yield f"{report.rejected:,} of {rows:,} rows are rejected."
    responses = sum(column.texts for column in report.values if column.field == Field.RESPONSE)
    errors = 0 if _is_repaired(report, Fault.API_ERROR) else report.faults[Fault.API_ERROR]
    if errors > _DOUBTFUL * responses:
        yield f"{errors:,} of {responses:,} responses are errors of an API, or stand for an empty cell."
    for column in report.values:
        unread = column.became(UNPARSED)
        if unread > _DOUBTFUL * column.total:
            yield f"{unread:,} of {column.total:,} values of {column.column} ({column.field}) are unparsed."
        if column.field == Field.SEED and (numbers := column.became(NOT_READ)):
            values = f"{numbers:,} of {column.total + column.texts:,} values of {column.column} (seed)"
            yield f"{values} are numbers. They were not read."
        if column.field not in (Field.PROMPT, Field.RESPONSE, Field.SEED):
            continue
        of = f"of {column.texts:,} texts of {column.column} ({column.field})"
        if column.nested_texts > _DOUBTFUL * column.texts:
            nested = f"{column.nested_texts:,} {of} are lists or objects"
            yield f"{nested}. Map a path inside of them."
        if column.empty > _DOUBTFUL * column.texts:
            yield f"{column.empty:,} {of} are empty."
        if column.identifiers > _DOUBTFUL * column.texts:
            yield f"{column.identifiers:,} {of} are numbers, letters or identifiers. Map the column that has the texts."


def _is_repaired(report: ImportReport, fault: Fault) -> bool:
    return any(finding.mended for finding in report.findings if finding.fault == fault)


def _of_categories(values: Iterable[ColumnTally], options: ReadOptions) -> Iterator[str]:
    """One warning about the categories that are not OR-Bench's."""
    own = Counter[str]()
    mapped = options.mapping.meanings if options.mapping else {}
    stated = {*map(word, options.meanings), *mapped.get(Field.CATEGORY, ())}
    for column in values:
        if column.field == Field.CATEGORY:
            for (value, became), count in column.values.items():
                if became.startswith(_OWN) and word(value) not in stated:
                    own[became.removeprefix(_OWN)] += count
    if own:
        names = ", ".join(f"{name} {count:,}" for name, count in own.most_common(10))
        more = f" and {len(own) - 10:,} more" if len(own) > 10 else ""
        rows = f"{own.total():,} rows have categories that are not OR-Bench's ten"
        yield f"{rows}: {names}{more}. You can join them to the ten."


def _require_all_codes(report: ImportReport, options: ReadOptions) -> None:
    """Refuse a file of which a column of numbers would be read by half: 1 as toxic, and 2 not at all."""
    mapped = options.mapping.meanings if options.mapping else {}
    for column in report.values:
        if column.field not in CODED or column.field == Field.CATEGORY:
            continue
        read, rejected = column.codes({*options.meanings, *mapped.get(Field(column.field), ())})
        if read and rejected:
            numbers = ", ".join(sorted({*read, *rejected}))
            text = f"the column {column.column} ({column.field}) has the values {numbers}. Set the meaning of each"
            raise FileFaultError(f"{report.file}: {text}. Nothing was imported.", VALUE)


def _require_sound(report: ImportReport) -> None:
    """Raise an error for a rejected row or a doubt."""
    doubts = report.warnings
    nothing = "Nothing was imported (--strict)."
    if report.rejected_rows:
        fault = report.rejected_rows[0]
        text = f"{report.file}, line {fault.line}: {fault.reason}. {nothing}"
        raise (DoubtfulFileError if doubts else FileFaultError)(text, fault.wants)
    if doubts:
        raise DoubtfulFileError(f"{report.file}: {' '.join(doubts)} {nothing}")


def _require_rows(report: ImportReport) -> None:
    if report.imported or report.duplicates:
        return
    if not report.rejected_rows:
        raise FileFaultError(f"{report.file} has a header but no rows. Nothing was imported.")
    first = report.rejected_rows[0]
    reasons = f"all {report.rejected:,} rows were rejected. The first, on line {first.line}: {first.reason}."
    raise FileFaultError(f"{report.file}: {reasons}", first.wants)


class _Source:
    """The row of the file in the workspace, written when the first record of it is added."""

    def __init__(self, db: Connection, name: str, format_name: str) -> None:
        self._db = db
        self._row = {"name": name, "format": format_name, "sha256": "", "imported_at": datetime.now(UTC)}
        self._id: int | None = None

    def id(self) -> int:
        if self._id is None:
            self._id = inserted(self._db, SOURCES, self._row)
        return self._id

    def close(self, sha256: str) -> None:
        """Store the hash of the file, which is known once it was read to the end."""
        if self._id is not None:
            self._db.execute(update(SOURCES).where(SOURCES.c.id == self._id).values(sha256=sha256))

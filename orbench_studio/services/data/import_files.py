"""Import files: streamed, each in one transaction, idempotent, with a report on every row."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, update

from orbench_studio.domain.data.hub_address import downloaded_from
from orbench_studio.errors import CancelledError, DoubtfulFileError, FileFaultError
from orbench_studio.formats.byte_source import file_fault, name_of
from orbench_studio.formats.class_words import asks_yes_or_no, is_bare, word
from orbench_studio.formats.column_evidence import is_sentence
from orbench_studio.formats.export_overwrite import repair
from orbench_studio.formats.file_names import model_in
from orbench_studio.formats.import_doctor import OFFERS, Fault, Finding
from orbench_studio.formats.manifest import Manifest, folder_of, manifest_at
from orbench_studio.formats.mapped import MAPPED
from orbench_studio.formats.mapping import CODED, ColumnMapping, Field, can_mean
from orbench_studio.formats.proposals import Question
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.readers import readers
from orbench_studio.formats.reading import Preview, Reading, preview_file, read_file
from orbench_studio.formats.records import VALUE, Record, RowFault
from orbench_studio.formats.remembered_mapping import from_text as from_remembered_text
from orbench_studio.formats.remembered_mapping import to_text as remembered_text
from orbench_studio.formats.studio_rows import STUDIO
from orbench_studio.formats.tables import NestedCell, listing
from orbench_studio.formats.tally import NO_CATEGORY, NOT_READ, REJECTED, UNPARSED, ColumnTally
from orbench_studio.services.data import manifest_import
from orbench_studio.services.data.import_report import ImportReport, finish
from orbench_studio.services.data.record_import import RecordImport, gc_paused
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.tables import SOURCES

__all__ = [
    "CODED",
    "NOT_READ",
    "NO_CATEGORY",
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
    "Question",
    "ReadOptions",
    "RowFault",
    "cancelling",
    "formats",
    "from_remembered_text",
    "import_file",
    "inspect_file",
    "is_nested",
    "is_sentence",
    "model_in",
    "preview_file",
    "remembered_text",
]

BATCH = 2_000  # records added at a time,
_BATCH_CHARACTERS = 8_000_000  # or as many as have about so many characters
REPAIRED = "interrupted exports undone"
_OF_ALL_FILES = ("join-near", "mend")  # options that the window sets for all files at once
REMEMBERED = 1_000  # rejected rows and findings listed in a report; all are counted

Progress = Callable[[int, int], bool]


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
        _refuse_options(exported, options, format_name)
        report = _import_export(workspace, exported, on_progress)
        report.notes |= {REPAIRED: 1} if repaired else {}
        if unused := ", ".join(name for name in options.given() if name in _OF_ALL_FILES):
            report.warnings.append(f"Options without effect on an export: {unused}.")
        return report
    goes_on = cancelling(path, on_progress)
    with (
        gc_paused(),
        read_file(path, format_name=format_name, options=options, on_progress=goes_on) as file,
        workspace.writing() as db,
    ):
        report = ImportReport(name_of(path), file.format, inferred=file.inferred)
        report.source = downloaded_from(path) or report.file
        source = _Source(db, report.source, file.format)
        record_import = RecordImport(db, source.id, report.file, join_near=options.join_near)
        for records in _batches(file, report):
            record_import.add(records)
        report.imported, report.duplicates = record_import.imported, record_import.duplicates
        _require_rows(report)
        finish(report, file, record_import)
        _require_all_codes(report, file.options)
        if strict:
            _require_sound(report)
        report.warnings += record_import.finish()
        report.imported, report.duplicates = record_import.imported, record_import.duplicates
        report.duplicates += report.left_out
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
        other_rule = manifest_import.restore_rule(db, exported)
        record_import = RecordImport(db, int, exported.folder.name, restored=restored)
        for path, sha256 in exported.files.items():
            goes_on = cancelling(path, on_progress)
            with read_file(path, format_name=STUDIO.name, options=options, on_progress=goes_on) as file:
                for records in _batches(file, report):
                    record_import.add(manifest_import.unescaped(records, exported))
                _require_sound(report)
            if file.sha256 != sha256:
                raise file_fault(path.name, "its content differs from the manifest of the export. Export again.")
        report.warnings += [*other_rule, *record_import.finish()]
        report.imported, report.duplicates = record_import.imported, record_import.duplicates
        report.added = {kind: count for kind, count in record_import.added.items() if count}
        report.added |= manifest_import.finish(db, exported)
        report.notes = dict(record_import.notes)
    return report


def _refuse_options(exported: Manifest, options: ReadOptions, format_name: str | None) -> None:
    """Raise an error for options that say how to read a file, which an export itself says."""
    given = [name for name in options.given() if name not in _OF_ALL_FILES]
    given += ["format"] if format_name not in (None, STUDIO.name) else []
    if given:
        text = "it is an export of this program, which says itself how it is read. Options without effect:"
        raise file_fault(exported.folder.name, f"{text} {', '.join(given)}. Leave them out.")


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
        _refuse_options(exported, options, format_name)
        path, format_name = next(iter(exported.files)), STUDIO.name
    goes_on = cancelling(path, on_progress)
    with gc_paused(), read_file(path, format_name=format_name, options=options, on_progress=goes_on) as file:
        report = ImportReport(name_of(path), file.format, inferred=file.inferred)
        for records in _batches(file, report):
            report.imported += len(records)
        finish(report, file)
    report.notes |= {REPAIRED: 1} if repaired else {}
    if not report.rejected:
        _require_rows(report)
    return report


def _repair(path: Path) -> bool:
    """Undo an interrupted export in the folder that the path names, so that a complete export is read."""
    folder = folder_of(path)
    return folder is not None and repair(folder)


def cancelling(path: Path, on_progress: Progress) -> Callable[[int, int], None]:
    """What is called for each block of a file that is read, and raises CancelledError where it must not go on."""

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
            report.left_out += item.mended and item.fault is Fault.DUPLICATE
            if len(report.findings) < REMEMBERED:
                report.findings.append(item)
    if records:
        yield records


def _reject(report: ImportReport, fault: RowFault) -> None:
    report.rejected += 1
    if len(report.rejected_rows) < REMEMBERED:
        report.rejected_rows.append(fault)


def _require_all_codes(report: ImportReport, options: ReadOptions) -> None:
    """Refuse a file of which numbers would be read by half (1 as toxic, and 2 not at all), or alike in two columns."""
    coded = [column for column in report.values if column.field in CODED and column.field != Field.CATEGORY]
    for column in coded if report.format == MAPPED.name else ():
        read, rejected = column.codes()
        is_scale = {*map(word, read)} == {"1"} and not asks_yes_or_no(column.column)
        if read and (rejected or is_scale):
            numbers = listing(sorted({*read, *rejected}))
            values = f"has the values {numbers}" if rejected else "has no other number than 1, which may be of a scale"
            text = f"the column {column.column} ({column.field}) {values}. Set the meaning of each"
            raise FileFaultError(f"{report.file}: {text}. Nothing was imported.", VALUE)
    for stated, meaning in options.meanings.items():
        able = [column for column in coded if can_mean(Field(column.field), meaning)]
        several = [column for column in able if is_bare(stated) and column.has_value(stated)]
        if len({column.column for column in several}) > 1:
            each = " ".join(f"{column.column}:{stated}=MEANING" for column in several)
            text = f"the value {stated} is in several columns. Set its meaning in each: {each}"
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
    reasons = f"all rows were rejected ({report.rejected:,}). The first, on line {first.line}: {first.reason}."
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

"""Importing files: streamed, each in one transaction, idempotent, with a report of every row."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, update

from orbench_studio.domain.core.changes import ALL_CHANGED, Changes
from orbench_studio.errors import CancelledError, FileFaultError
from orbench_studio.formats.byte_source import file_fault, name_of
from orbench_studio.formats.doctor import OFFERS, Fault, Finding
from orbench_studio.formats.export_overwrite import repair
from orbench_studio.formats.manifest import Manifest, folder_of, manifest_at
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.readers import READERS
from orbench_studio.formats.reading import Preview, Reading, preview_file, read_file
from orbench_studio.formats.records import Record, RowFault
from orbench_studio.formats.studio_rows import STUDIO
from orbench_studio.services.data import manifest_import
from orbench_studio.services.data.record_import import RecordImport, gc_paused
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.bulk_sql import inserted
from orbench_studio.store.core.tables import SOURCES

__all__ = [
    "OFFERS",
    "READERS",
    "ColumnMapping",
    "Fault",
    "Field",
    "Finding",
    "ImportReport",
    "Preview",
    "ReadOptions",
    "RowFault",
    "import_file",
    "inspect_file",
    "preview_file",
]

TOGETHER = 2_000  # records merged at a time,
_TOGETHER_SIZE = 8_000_000  # or as many as have about so many characters
REPAIRED = "interrupted exports undone"
REMEMBERED = 1_000  # refusals and findings listed in a report; all are counted

Progress = Callable[[int, int], bool]


@dataclass
class ImportReport:
    """What became of a file: every row was taken, merged with what is known, or refused.

    `added` counts what is new by kind; `refused` and `findings` list the first thousand, `refused_rows` and
    `faults` count all. `inferred` has the names that were taken from the file's name, by what they name.
    """

    file: str
    format: str
    taken: int = 0
    merged: int = 0
    refused_rows: int = 0
    refused: list[RowFault] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    added: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    inferred: dict[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> Changes:
        """What the import touched."""
        return ALL_CHANGED if self.taken or self.added else Changes()


def import_file(
    workspace: Workspace,
    path: Path,
    options: ReadOptions,
    *,
    format_name: str | None = None,
    strict: bool = False,
    on_progress: Progress = lambda _done, _total: True,
) -> ImportReport:
    """Take a file into the workspace, or nothing of it.

    `on_progress` is told the bytes read and the bytes there are, and answers whether to go on. A fault of the file, a
    cancellation, with `strict` also the first refused row, or a file of which nothing can be taken raises, and leaves
    the workspace as it was.
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
        source = _Source(db, report.file, file.format)
        intake = RecordImport(db, source.id, report.file)
        for records in _batches(file, report, strict=strict):
            intake.take(records)
        report.taken, report.merged = intake.taken, intake.merged
        _require_rows(report)
        intake.finish()
        source.close(file.sha256)
        report.added = {kind: count for kind, count in intake.added.items() if count}
        report.notes = dict(intake.notes)
    return report


def _import_export(workspace: Workspace, exported: Manifest, on_progress: Progress) -> ImportReport:
    """Take an export back as it was written: all of it, from every file, attributed to what it came from at first."""
    report = ImportReport(exported.folder.name, STUDIO.name)
    options = ReadOptions()
    with gc_paused(), workspace.writing() as db:
        restored = manifest_import.begin(db, exported)
        intake = RecordImport(db, int, exported.folder.name, restored=restored)
        for path, sha256 in exported.files.items():
            goes_on = _cancelling(path, on_progress)
            with read_file(path, format_name=STUDIO.name, options=options, on_progress=goes_on) as file:
                for records in _batches(file, report, strict=True):
                    intake.take(records)
            if file.sha256 != sha256:
                raise file_fault(path.name, "it is not the file that the export's manifest tells of. Export again.")
        report.taken, report.merged = intake.taken, intake.merged
        intake.finish()
        report.added = {kind: count for kind, count in intake.added.items() if count}
        report.added |= manifest_import.finish(db, exported)
        report.notes = dict(intake.notes)
    return report


def inspect_file(
    path: Path,
    options: ReadOptions,
    *,
    format_name: str | None = None,
    on_progress: Progress = lambda _done, _total: True,
) -> ImportReport:
    """Read a file from end to end and report what an import would find, without taking anything."""
    repaired = _repair(path)
    if (exported := manifest_at(path)) is not None:
        path, format_name = next(iter(exported.files)), STUDIO.name
    goes_on = _cancelling(path, on_progress)
    with gc_paused(), read_file(path, format_name=format_name, options=options, on_progress=goes_on) as file:
        report = ImportReport(name_of(path), file.format, inferred=file.inferred)
        for records in _batches(file, report, strict=False):
            report.taken += len(records)
    report.notes |= {REPAIRED: 1} if repaired else {}
    _require_rows(report)
    return report


def _repair(path: Path) -> bool:
    """Undo an export that was interrupted, where the path names one, so that a whole one is read."""
    folder = folder_of(path)
    return folder is not None and repair(folder)


def _cancelling(path: Path, on_progress: Progress) -> Callable[[int, int], None]:
    def goes_on(done: int, total: int) -> None:
        if not on_progress(done, total):
            raise CancelledError(f"The import of {path.name} was cancelled; nothing of it was kept.")

    return goes_on


def _batches(file: Reading, report: ImportReport, *, strict: bool) -> Iterable[list[Record]]:
    records: list[Record] = []
    size = 0
    for item in file.records:
        if isinstance(item, Record):
            records.append(item)
            size += len(item.prompt.text) + sum(len(response.text) for response in item.responses)
            if len(records) == TOGETHER or size > _TOGETHER_SIZE:
                yield records
                records, size = [], 0
        elif isinstance(item, RowFault):
            _refuse(report, item, strict=strict)
        else:
            report.faults[item.fault] += 1
            if len(report.findings) < REMEMBERED:
                report.findings.append(item)
    if records:
        yield records


def _refuse(report: ImportReport, fault: RowFault, *, strict: bool) -> None:
    if strict:
        raise FileFaultError(f"{report.file}, line {fault.line}: {fault.reason} Nothing was imported (--strict).")
    report.refused_rows += 1
    if len(report.refused) < REMEMBERED:
        report.refused.append(fault)


def _require_rows(report: ImportReport) -> None:
    if report.taken or report.merged:
        return
    if not report.refused:
        raise FileFaultError(f"{report.file} has a header and no rows. Nothing was imported.")
    first = report.refused[0]
    refused = f"all {report.refused_rows} rows were refused; the first, on line {first.line}: {first.reason}"
    raise FileFaultError(f"{report.file}: {refused}")


class _Source:
    """The row of the file in the workspace, written when something of it is taken."""

    def __init__(self, db: Connection, name: str, format_name: str) -> None:
        self._db = db
        self._row = {"name": name, "format": format_name, "sha256": "", "imported_at": datetime.now(UTC)}
        self._id: int | None = None

    def id(self) -> int:
        if self._id is None:
            self._id = inserted(self._db, SOURCES, self._row)
        return self._id

    def close(self, sha256: str) -> None:
        """Write down the hash of the file, known once all of it was read."""
        if self._id is not None:
            self._db.execute(update(SOURCES).where(SOURCES.c.id == self._id).values(sha256=sha256))

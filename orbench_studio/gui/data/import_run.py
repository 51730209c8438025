"""The files of one import: checked first, then imported, one after the other."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from PySide6.QtCore import QObject, Signal

from orbench_studio.domain.review.queue import Field as QueryField
from orbench_studio.domain.review.queue import QueueFilter, Term
from orbench_studio.errors import FileFaultError
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.data.import_files import (
    CODED,
    ColumnMapping,
    Fault,
    Field,
    ImportReport,
    Preview,
    Question,
    ReadOptions,
    cancelling,
    from_remembered_text,
    import_file,
    inspect_file,
    preview_file,
)
from orbench_studio.services.workspace.statistics import progress
from orbench_studio.services.workspace.workspace import Workspace

# Whose values a column has: without a column for it, the name is entered for the whole file.
OWNERS = {
    Field.RESPONSE: Field.MODEL,
    Field.VERDICT: Field.MODERATOR,
    Field.PROMPT_VERDICT: Field.MODERATOR,
    Field.RESPONSE_VERDICT: Field.MODERATOR,
    Field.ANSWER_CLASS: Field.JUDGE,
    Field.IS_REFUSAL: Field.JUDGE,
}


@dataclass
class FileToImport:
    """A file with its report, or with the error that prevents its import, and what the user said about it."""

    path: Path
    format: str | None = None
    mapping: ColumnMapping | None = None
    meanings: dict[str, str] = field(default_factory=dict)
    rows: str | None = None
    requests: Path | None = None
    encoding: str | None = None
    likely_encoding: str = ""  # of a file that is not in the encoding that it was read in
    header: int = 1  # the line with the names of the columns; 0 without
    names: dict[str, str] = field(default_factory=dict)  # of its model, moderator, judge and annotator
    preview: Preview | None = None
    report: ImportReport | None = None
    error: str = ""
    wants: str = ""  # what is missing: model, moderator, judge, format, header, rows, requests, encoding, value
    taken: bool = False
    edited: bool = False  # the user changed how it is read
    confirmed: bool = False  # the user chose the column of the prompt
    remembered: bool = False  # mapping and meanings are those of an earlier file with the same columns
    assigned: dict[str | None, tuple[ColumnMapping | None, bool]] = field(default_factory=dict)  # of other formats
    replaced: dict[Field, str] = field(default_factory=dict)  # the column that gave a field before another was chosen
    column: str = ""  # that is imported, where the file is listed once for each of several
    preset: set[str] = field(default_factory=set)  # the names whose column was chosen for the user, once

    @property
    def unconfirmed(self) -> list[tuple[Field, str, str]]:
        """Columns mapped as for an earlier file whose values would be stored under a name entered for this file."""
        columns = self.mapping.columns if self.mapping and self.remembered and not self.taken else {}
        owned = ((part, owner) for part, owner in OWNERS.items() if part in columns and owner not in columns)
        return [(part, columns[part], self.names[owner]) for part, owner in owned if owner in self.names]

    @property
    def title(self) -> str:
        """The name of the file, with the column that is imported where it is listed once for each."""
        return f"{self.path.name} ({self.column})" if self.column else self.path.name

    @property
    def other(self) -> tuple[Field, str] | None:
        """A field with a name of its own, such as the response of a model, and the column that gave it before."""
        columns = self.mapping.columns if self.mapping and not self.taken else {}
        able = (one for one in self.replaced.items() if one[0] in OWNERS.keys() & columns.keys())
        return next(((part, column) for part, column in able if column not in columns.values()), None)

    def split(self) -> "FileToImport | None":
        """The same file with its other column, to import both; each is named by its column until the user names it."""
        if self.other is None or self.mapping is None:
            return None
        part, column = self.other
        self.column, owner = self.mapping.columns[part], str(OWNERS[part])
        self.names = {owner: self.column, **self.names}
        self.replaced = {}
        mapping = replace(self.mapping, columns={**self.mapping.columns, part: column})
        names = {**self.names, owner: column}
        return replace(self, mapping=mapping, names=names, column=column, report=None, error="", replaced={})

    @property
    def questions(self) -> list[Question]:
        """What is not clear about the columns, until the user has mapped them."""
        if self.preview is None or self.taken or self.format is not None:
            return []
        columns = self.mapping.columns if self.mapping else {}
        return [
            asked
            for asked in self.preview.questions
            if asked.field not in (*columns, *self.names)
            and not (asked.field in CODED and set(asked.columns) & set(columns.values()))
        ]

    def map_likely(self, column: str) -> bool:
        """Map the column that hardly has anything else than the name that is missing; the user may undo it."""
        if self.mapping is None or self.wants in self.preset or self.wants not in OWNERS.values():
            return False
        self.preset.add(self.wants)
        self.mapping = replace(self.mapping, columns={**self.mapping.columns, Field(self.wants): column})
        return True

    @property
    def is_open(self) -> bool:
        """Whether the user must say first which column is the prompt or the response."""
        asks = any(asked.field in (Field.PROMPT, Field.RESPONSE) for asked in self.questions)
        return bool(self.unconfirmed) or (asks and not self.confirmed)


@dataclass(frozen=True)
class Repairs:
    """The faults to repair in all files, and whether nearly equal prompts are joined."""

    mend: frozenset[Fault] = frozenset()
    join_near: bool = False

    def options(self, file: FileToImport) -> ReadOptions:
        return ReadOptions(
            mapping=file.mapping,
            meanings=file.meanings,
            rows=file.rows,
            requests=file.requests,
            joined_by=file.names.get("joined_by"),
            join_near=self.join_near,
            encoding=file.encoding,
            header=file.header,
            mend=self.mend,
            model=file.names.get("model"),
            moderator=file.names.get("moderator"),
            judge=file.names.get("judge"),
            annotator=file.names.get("annotator"),
        )


class ImportRun(QObject):
    """Checks and imports files on the database's thread; can be cancelled between two reads."""

    progressed = Signal(object, object)  # bytes read and bytes there are, of the file being read
    advanced = Signal()  # when the report on a file changed
    finished = Signal()  # when the run is complete or was cancelled

    def __init__(self, session: Session, files: list[Path]) -> None:
        super().__init__()
        self.files = [FileToImport(path) for path in files]
        self.running = False
        self._session = session
        self._cancelled = Event()
        session.closed.connect(self.cancel)  # the window does not wait for a long file to close

    def look(self, repairs: Repairs, only: FileToImport | None = None) -> None:
        """Read every file that is not imported yet, or one of them, without importing it."""

        def look(file: FileToImport, _workspace: Workspace) -> ImportReport:
            self._preview(file, repairs)
            return inspect_file(file.path, repairs.options(file), format_name=file.format, on_progress=self._goes_on)

        self._begin(look, takes=False, only=only)

    def take(self, repairs: Repairs) -> None:
        """Import every file that can be read."""

        def take(file: FileToImport, workspace: Workspace) -> ImportReport:
            options = repairs.options(file)
            return import_file(workspace, file.path, options, format_name=file.format, on_progress=self._goes_on)

        self._begin(take, takes=True)

    @property
    def ready(self) -> list[FileToImport]:
        """The files that can be imported: not imported yet, without an error or an open question, and with a row."""
        able = (f for f in self.files if not f.taken and not f.error and not f.is_open)
        return [f for f in able if f.report is None or f.report.imported]

    def split(self, place: int) -> None:
        """List a file a second time below, with its other column."""
        if (other := self.files[place].split()) is not None:
            self.files.insert(place + 1, other)

    def find_prompts(self, found: Callable[[QueueFilter], object]) -> None:
        """Give the filter of the imported prompts; none, since a source is not blind, if there are no others."""
        reports = [file.report for file in self.files if file.taken and file.report is not None]
        added = {one.source: one.added["prompts"] for one in reports if one.source and one.added.get("prompts")}

        def give(decided_and_all: tuple[int, int]) -> None:
            others = decided_and_all[1] > sum(added.values())
            found(QueueFilter((Term(QueryField.SOURCE, tuple(added)),) if added and others else ()))

        self._session.run(progress, give)

    def cancel(self) -> None:
        """Stop; nothing of the current file is imported."""
        self._cancelled.set()

    def _preview(self, file: FileToImport, repairs: Repairs) -> None:
        """Read the first rows; a table of no known format gets the mapping that was used before, or a proposal."""
        options = replace(repairs.options(file), mapping=None)
        file.preview = preview_file(file.path, options, cancelling(file.path, self._goes_on))
        if file.format is not None or file.mapping is not None:
            return
        remembered, meanings = self._remembered(file.preview)
        changed = {**meanings, **file.meanings} != meanings
        file.remembered = (remembered is not None or bool(meanings)) and not changed
        file.meanings = {**meanings, **file.meanings}
        if file.preview.format is None:
            file.confirmed = remembered is not None
            certain = ColumnMapping(file.preview.certain) if file.preview.proposal else None
            file.mapping = remembered or certain

    def _remembered(self, preview: Preview) -> tuple[ColumnMapping | None, dict[str, str]]:
        stored = self._session.settings.mappings.get(preview.shape)
        try:
            return from_remembered_text(stored) if stored else (None, {})
        except ValueError:
            return None, {}  # the settings were edited by hand

    def _begin(
        self, work: Callable[[FileToImport, Workspace], ImportReport], *, takes: bool, only: FileToImport | None = None
    ) -> None:
        self._cancelled.clear()
        self.running = True
        waiting = self.ready if takes else [file for file in self.files if not file.taken]
        self._next([only] if only is not None else waiting, work, takes=takes)

    def _next(
        self, waiting: list[FileToImport], work: Callable[[FileToImport, Workspace], ImportReport], *, takes: bool
    ) -> None:
        workspace = self._session.workspace
        if not waiting or self._cancelled.is_set() or workspace is None:
            self.running = False
            self.finished.emit()
            return
        file, *rest = waiting

        def done(report: ImportReport) -> None:
            file.report, file.error, file.wants, file.taken = report, "", "", takes
            if takes:
                self._session.operations.changed.emit(report.changes)
            follow()

        def failed(error: Exception) -> None:
            file.report, file.error = None, str(error)
            file.wants, likely = (error.wants, error.likely) if isinstance(error, FileFaultError) else ("", "")
            if file.wants == "encoding":
                file.likely_encoding = likely or file.likely_encoding
            elif likely and file.map_likely(likely):
                rest.insert(0, file)
            follow()

        def follow() -> None:
            self.advanced.emit()
            self._next(rest, work, takes=takes)

        self._session.operations.run(lambda: work(file, workspace), done, failed, show_errors=False)

    def _goes_on(self, done: int, total: int) -> bool:
        self.progressed.emit(done, total)
        return not self._cancelled.is_set()

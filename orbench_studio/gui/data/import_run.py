"""A set of files on their way into the workspace: looked through first, then taken, one after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from PySide6.QtCore import QObject, Signal

from orbench_studio.errors import FileFaultError
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.data.import_files import (
    ColumnMapping,
    Fault,
    ImportReport,
    ReadOptions,
    import_file,
    inspect_file,
)
from orbench_studio.services.workspace.workspace import Workspace


@dataclass
class FileToImport:
    """One file, and what is known of it so far: a report, or the error that refuses it."""

    path: Path
    mapping: ColumnMapping | None = None
    report: ImportReport | None = None
    error: str = ""
    wants: str = ""  # what is missing: model, moderator, judge, format
    taken: bool = False


@dataclass(frozen=True)
class Names:
    """What the user adds for files that do not say it themselves, and the faults to mend."""

    model: str = ""
    moderator: str = ""
    judge: str = ""
    annotator: str = ""
    mend: frozenset[Fault] = frozenset()

    def options(self, file: FileToImport) -> ReadOptions:
        """The reader's options for a file."""
        given = {"model": self.model, "moderator": self.moderator, "judge": self.judge, "annotator": self.annotator}
        return ReadOptions(**{k: v or None for k, v in given.items()}, mapping=file.mapping, mend=self.mend)


class ImportRun(QObject):
    """Looks through files and takes them, on the database's thread; can be cancelled between any two pieces."""

    progressed = Signal(object, object)  # bytes read and bytes there are, of the file being read
    advanced = Signal()  # when something more is known of a file
    finished = Signal()  # when there is nothing left to do, or the run was cancelled

    def __init__(self, session: Session, files: list[Path]) -> None:
        super().__init__()
        self.files = [FileToImport(path) for path in files]
        self.running = False
        self._session = session
        self._cancelled = Event()
        session.closed.connect(self.cancel)  # the window does not wait for a long file to close

    def look(self, names: Names) -> None:
        """Read every file that is not in yet from end to end, and take nothing."""

        def look(file: FileToImport, _workspace: Workspace) -> ImportReport:
            return inspect_file(file.path, names.options(file), on_progress=self._goes_on)

        self._begin(look, takes=False)

    def take(self, names: Names) -> None:
        """Take every file that can be read into the workspace."""

        def take(file: FileToImport, workspace: Workspace) -> ImportReport:
            return import_file(workspace, file.path, names.options(file), on_progress=self._goes_on)

        self._begin(take, takes=True)

    def cancel(self) -> None:
        """Stop; the file being taken is left out whole."""
        self._cancelled.set()

    def _begin(self, work: Callable[[FileToImport, Workspace], ImportReport], *, takes: bool) -> None:
        self._cancelled.clear()
        self.running = True
        waiting = [file for file in self.files if not file.taken and not (takes and file.error)]
        self._next(waiting, work, takes=takes)

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
            file.report, file.error, file.taken = report, "", takes
            if takes:
                self._session.operations.changed.emit(report.changes)
            follow()

        def failed(error: Exception) -> None:
            file.report, file.error = None, str(error)
            file.wants = error.wants if isinstance(error, FileFaultError) else ""
            follow()

        def follow() -> None:
            self.advanced.emit()
            self._next(rest, work, takes=takes)

        self._session.operations.run(lambda: work(file, workspace), done, failed, tells=False)

    def _goes_on(self, done: int, total: int) -> bool:
        self.progressed.emit(done, total)
        return not self._cancelled.is_set()

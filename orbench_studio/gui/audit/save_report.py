"""Writing the report and the figures out of the window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from orbench_studio.domain.audit.refusal_rates import AuditOptions
from orbench_studio.errors import CancelledError
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.file_dialog import FileDialog
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.common.widgets import while_there
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.audit.audit_report import Provenance
    from orbench_studio.services.workspace.workspace import Workspace

Progress = Callable[[int, int], bool]
_KINDS = "HTML (*.html);;Markdown (*.md)"


class ReportSaving(QObject):
    """One file or folder at a time, off the window's thread."""

    message = Signal(str)
    failed = Signal(str)

    def __init__(self, session: Session, strip: ProgressStrip, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._strip = strip
        self._window = window

    def ask_report(self, counts: AuditCounts, options: AuditOptions) -> None:
        """Ask where to, and write the report there."""
        dialog = self._dialog(tr("Save the report"), f"{self._name()}.html")
        dialog.setNameFilters(_KINDS.split(";;"))
        dialog.setDefaultSuffix("html")
        dialog.fileSelected.connect(lambda path: self.report(counts, options, Path(path)))
        dialog.open()

    def ask_figures(self, counts: AuditCounts, options: AuditOptions) -> None:
        """Ask for a folder, and write the figures into it."""
        dialog = self._dialog(tr("Save the figures in a folder"), "")
        dialog.setFileMode(FileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda path: self.figures(counts, options, Path(path)))
        dialog.open()

    def report(self, counts: AuditCounts, options: AuditOptions, path: Path) -> None:
        """Write the report to a file: Markdown where its name says so, else HTML."""
        goes_on = self._begin(tr("Writing the report"))

        def read(workspace: Workspace) -> Provenance:
            from orbench_studio.services.audit import audit_report

            return audit_report.provenance(workspace)

        def write(origin: Provenance) -> None:
            self._compute(partial(_write_report, origin, counts, options, path, goes_on))

        self._session.run(read, while_there(self._window, write), while_there(self._window, self._stopped), tells=False)

    def figures(self, counts: AuditCounts, options: AuditOptions, folder: Path) -> None:
        """Write every figure into a folder."""

        goes_on = self._begin(tr("Drawing the figures"))
        self._compute(partial(_write_figures, counts, options, folder, goes_on))

    def _begin(self, words: str) -> Progress:
        goes_on = self._strip.begin(words)
        self._strip.cancel.setFocus()
        return goes_on

    def _compute(self, work: Callable[[], str]) -> None:
        there = self._window
        self._session.background.run(
            work, while_there(there, self._done), while_there(there, self._stopped), tells=False
        )

    def _done(self, message: str) -> None:
        self._strip.end()
        self.message.emit(message)

    def _stopped(self, error: Exception) -> None:
        self._strip.end()
        (self.message if isinstance(error, CancelledError) else self.failed).emit(str(error))

    def _dialog(self, title: str, name: str) -> FileDialog:
        dialog = FileDialog(self._window, title)
        dialog.setAcceptMode(FileDialog.AcceptMode.AcceptSave)
        if name:
            dialog.selectFile(name)
        return dialog

    def _name(self) -> str:
        workspace = self._session.workspace
        return f"{workspace.name}-audit" if workspace is not None else "audit"


def _write_report(origin: Provenance, counts: AuditCounts, options: AuditOptions, path: Path, goes_on: Progress) -> str:
    from orbench_studio.services.audit import audit_report

    made = audit_report.report(origin, counts, options, datetime.now().astimezone(), on_progress=goes_on)
    write = audit_report.write_markdown if path.suffix.lower() == ".md" else audit_report.write_html
    write(made, path)
    return f"{tr('The report is in')} {path}"


def _write_figures(counts: AuditCounts, options: AuditOptions, folder: Path, goes_on: Progress) -> str:
    from orbench_studio.services.audit import audit_report, refusal_audit

    files = audit_report.write_figures(refusal_audit.audit(counts, options), folder, goes_on)
    return f"{len(files)} {tr('figures are in')} {folder}"

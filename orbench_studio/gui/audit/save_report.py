"""Saving the report and the figures from the window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QWidget

from orbench_studio.domain.audit.refusal_rates import AuditOptions
from orbench_studio.errors import CancelledError
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.file_dialog import FileDialog
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.common.widgets import if_alive
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.audit.audit_report import Provenance
    from orbench_studio.services.workspace.workspace import Workspace

Progress = Callable[[int, int], bool]
_FILE_TYPES = "HTML (*.html);;Markdown (*.md)"


class ReportSaving(QObject):
    """Saves one file or folder at a time in the background. A window that is closed meanwhile closes after it."""

    message = Signal(str)
    failed = Signal(str)

    def __init__(self, session: Session, strip: ProgressStrip, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._strip = strip
        self._window = window
        self._closes = False  # the window, at the end

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the window open while a file is written."""
        if event.type() is not QEvent.Type.Close:
            return super().eventFilter(watched, event)
        event.ignore()
        self._closes = True
        self.message.emit(tr("The window closes when the report is saved or cancelled."))
        return True

    def ask_report(self, counts: AuditCounts, options: AuditOptions) -> None:
        dialog = self._dialog(tr("Save report"), f"{self._name()}.html")
        dialog.setNameFilters(_FILE_TYPES.split(";;"))
        dialog.setDefaultSuffix("html")
        dialog.fileSelected.connect(lambda path: self.report(counts, options, Path(path)))
        dialog.open()

    def ask_figures(self, counts: AuditCounts, options: AuditOptions) -> None:
        dialog = self._dialog(tr("Save figures"), "")
        dialog.setFileMode(FileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda path: self.figures(counts, options, Path(path)))
        dialog.open()

    def report(self, counts: AuditCounts, options: AuditOptions, path: Path) -> None:
        """Save the report as Markdown if the name ends in .md, otherwise as HTML."""
        on_progress = self._begin(tr("Saving report"))

        def read(workspace: Workspace) -> Provenance:
            from orbench_studio.services.audit import audit_report

            return audit_report.provenance(workspace)

        def write(origin: Provenance) -> None:
            self._compute(partial(_write_report, origin, counts, options, path, on_progress))

        self._session.run(read, if_alive(self._window, write), if_alive(self._window, self._failed), show_errors=False)

    def figures(self, counts: AuditCounts, options: AuditOptions, folder: Path) -> None:
        on_progress = self._begin(tr("Saving figures"))
        self._compute(partial(_write_figures, counts, options, folder, on_progress))

    def _begin(self, text: str) -> Progress:
        on_progress = self._strip.begin(text)
        self._strip.cancel.setFocus()
        self._closes = False
        self._window.window().installEventFilter(self)
        return on_progress

    def _end(self, *, closes: bool) -> None:
        self._strip.end()
        self._window.window().removeEventFilter(self)
        if closes:
            self._window.window().close()

    def _compute(self, work: Callable[[], str]) -> None:
        window = self._window
        self._session.background.run(
            work, if_alive(window, self._done), if_alive(window, self._failed), show_errors=False
        )

    def _done(self, message: str) -> None:
        self.message.emit(message)
        self._end(closes=self._closes)

    def _failed(self, error: Exception) -> None:
        is_cancelled = isinstance(error, CancelledError)
        (self.message if is_cancelled else self.failed).emit(str(error))
        self._end(closes=self._closes and is_cancelled)

    def _dialog(self, title: str, name: str) -> FileDialog:
        dialog = FileDialog(self._window, title, "reports", first=str(self._session.folder))
        dialog.setAcceptMode(FileDialog.AcceptMode.AcceptSave)
        if name:
            dialog.selectFile(name)
        return dialog

    def _name(self) -> str:
        workspace = self._session.workspace
        return f"{workspace.name}-audit" if workspace is not None else "audit"


def _write_report(
    origin: Provenance, counts: AuditCounts, options: AuditOptions, path: Path, on_progress: Progress
) -> str:
    from orbench_studio.services.audit import audit_report

    made = audit_report.report(origin, counts, options, datetime.now().astimezone(), on_progress=on_progress)
    write = audit_report.write_markdown if path.suffix.lower() == ".md" else audit_report.write_html
    write(made, path)
    return tr("Report saved: {path}").format(path=path)


def _write_figures(counts: AuditCounts, options: AuditOptions, folder: Path, on_progress: Progress) -> str:
    from orbench_studio.services.audit import audit_report, refusal_audit

    files = audit_report.write_figures(refusal_audit.audit(counts, options), folder, on_progress)
    one, many = "1 figure file saved in {folder}", "{count} figure files saved in {folder}"
    return plural(len(files), one, many, folder=folder)

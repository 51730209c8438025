"""Export and merge label files in the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.gui.common.file_dialog import FileDialog
    from orbench_studio.services.data.label_files import MergeReport
    from orbench_studio.services.workspace.workspace import Workspace

_FILES = "Label files (*.jsonl)"
_MISSING = "1 decision skipped: its prompt is not in this workspace."
_MISSING_MANY = "{count} decisions skipped: their prompts are not in this workspace."
_DISPUTED = "1 prompt or response is disputed: resolve it on the Disputes page."
_DISPUTED_MANY = "{count} prompts or responses are disputed: resolve them on the Disputes page."


class LabelFiles(QObject):
    """Asks for files, exports or merges on the database's thread, and shows the result."""

    message = Signal(str)

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._window = parent

    def ask_merge(self) -> None:
        if not self._may():
            return
        dialog = self._dialog(tr("Merge label files"))
        dialog.setFileMode(dialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.merge([Path(name) for name in names]))
        dialog.open()

    def ask_write(self) -> None:
        """Ask where to export the reviewer's decisions."""
        if not self._may():
            return
        dialog = self._dialog(tr("Export my labels"))
        dialog.setAcceptMode(dialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("jsonl")
        dialog.selectFile(f"{self._session.annotator}.jsonl")
        dialog.fileSelected.connect(lambda name: self.write(Path(name)))
        dialog.open()

    def _may(self) -> bool:
        if self._session.workspace is None:
            self.message.emit(tr("Open a workspace first."))
        return self._session.workspace is not None

    def merge(self, files: list[Path]) -> None:
        def work(workspace: Workspace) -> MergeReport:
            from orbench_studio.services.data import label_files

            return label_files.merge(workspace, files)

        self._session.run(work, self._merged)

    def write(self, file: Path) -> None:
        """Export the reviewer's decisions."""
        annotator = self._session.annotator

        def work(workspace: Workspace) -> int:
            from orbench_studio.services.data import label_files

            return label_files.export_labels(workspace, file, annotator=annotator)

        def done(count: int) -> None:
            one, many = "1 decision exported to {file}.", "{count} decisions exported to {file}."
            self.message.emit(plural(count, one, many, file=file.name))

        self._session.run(work, done)

    def _merged(self, report: MergeReport) -> None:
        self._session.operations.changed.emit(report.changes)
        missing = sum(file.missing for file in report.files)
        disputed = report.disputed_labels + report.disputed_answers
        texts = [f"{report.changes.message}."]
        texts += [plural(missing, _MISSING, _MISSING_MANY)] if missing else []
        texts += [plural(disputed, _DISPUTED, _DISPUTED_MANY)] if disputed else []
        self.message.emit(" ".join(texts))
        if report.conflicts:
            from orbench_studio.domain.data.merge_conflict import conflict_texts
            from orbench_studio.gui.common.dialogs import ReportDialog

            explanation, *conflicts = conflict_texts(report.conflicts)
            ReportDialog(self._window, tr("Conflicts in the merge"), explanation, "\n\n".join(conflicts)).open()

    def _dialog(self, title: str) -> FileDialog:
        # Imported on first use: it would delay the first frame.
        from orbench_studio.gui.common.file_dialog import FileDialog

        dialog = FileDialog(self._window, title, "labels", first=str(self._session.folder))
        dialog.setNameFilter(tr(_FILES))
        return dialog

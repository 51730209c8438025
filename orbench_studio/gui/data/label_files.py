"""Label files from the window: one's own decisions out, other reviewers' in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.file_dialog import FileDialog
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.data.label_files import MergeReport
    from orbench_studio.services.workspace.workspace import Workspace

_FILES = "Label files (*.jsonl)"


class LabelFiles(QObject):
    """Asks where, does it on the database's thread, and says what came of it."""

    message = Signal(str)

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._window = parent

    def ask_merge(self) -> None:
        """Ask which label files to merge."""
        if not self._may():
            return
        dialog = self._dialog(tr("Merge label files"))
        dialog.setFileMode(FileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.merge([Path(name) for name in names]))
        dialog.open()

    def ask_write(self) -> None:
        """Ask where to write the reviewer's own decisions."""
        if not self._may():
            return
        dialog = self._dialog(tr("Write my label file"))
        dialog.setAcceptMode(FileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("jsonl")
        dialog.selectFile(f"{self._session.annotator}.jsonl")
        dialog.fileSelected.connect(lambda name: self.write(Path(name)))
        dialog.open()

    def _may(self) -> bool:
        if self._session.workspace is None:
            self.message.emit(tr("Open a workspace first: label files are of its prompts."))
        return self._session.workspace is not None

    def merge(self, files: list[Path]) -> None:
        """Take the decisions of these files."""

        def work(workspace: Workspace) -> MergeReport:
            from orbench_studio.services.data import label_files

            return label_files.merge(workspace, files)

        self._session.run(work, self._merged)

    def write(self, file: Path) -> None:
        """Write what the reviewer decided."""
        annotator = self._session.annotator

        def work(workspace: Workspace) -> int:
            from orbench_studio.services.data import label_files

            return label_files.export_labels(workspace, file, annotator=annotator)

        self._session.run(work, lambda count: self.message.emit(f"{count:,} {tr('decisions in')} {file.name}"))

    def _merged(self, report: MergeReport) -> None:
        self._session.operations.changed.emit(report.changes)
        missing = sum(file.missing for file in report.files)
        words = [report.changes.message]
        words += [f"{missing:,} {tr('about prompts that are not here')}"] if missing else []
        disputed = report.disputed_labels + report.disputed_answers
        words += [f"{disputed:,} {tr('disputed')}"] if disputed else []
        self.message.emit("   ·   ".join(words))

    def _dialog(self, title: str) -> FileDialog:
        dialog = FileDialog(self._window, title)
        dialog.setNameFilter(tr(_FILES))
        return dialog

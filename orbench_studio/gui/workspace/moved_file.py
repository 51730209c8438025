"""Handle a workspace file that was renamed, deleted or replaced while it was open.

Decisions are blocked, a copy of the open workspace is saved at once, and the user chooses how to continue.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDialogButtonBox, QPushButton, QWidget

from orbench_studio.domain.review.pending_decision import PendingDecision
from orbench_studio.domain.workspace.location import Location
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.file_selection import ask_new_workspace
from orbench_studio.gui.common.layouts import Stretch, column_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label
from orbench_studio.gui.workspace.decision_recorder import DecisionRecorder
from orbench_studio.gui.workspace.session import Session

_WIDTH = 620


class MovedFile(QObject):
    """Saves a copy with all decisions, closes the workspace, and offers ways to continue."""

    message = Signal(str)
    closed = Signal(str)  # with the reason and the path of the copy

    def __init__(self, session: Session, recorder: DecisionRecorder, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._dialog: MovedDialog | None = None
        self._why = ""
        self._unsaved: list[PendingDecision] = []
        session.moved.connect(self._notice)
        recorder.unsaved.connect(self._unsaved.append)
        session.opened.connect(self._unsaved.clear)

    def _notice(self, why: str) -> None:
        if self._dialog is not None:
            return
        assert self._session.workspace is not None  # the workspace whose file was moved
        self._why = why
        dialog = self._dialog = MovedDialog(self._window, why, self._session.workspace.place)
        dialog.elsewhere.clicked.connect(lambda: ask_new_workspace(self._window, self._save))
        dialog.merge.clicked.connect(self._merge)
        dialog.open_copy.clicked.connect(self._open_copy)
        dialog.finished.connect(self._end)
        dialog.open()
        self._save()

    def _save(self, path: Path | None = None) -> None:
        assert self._dialog is not None
        self._dialog.say(tr("Saving a copy of the open workspace…"))
        self._session.run(lambda workspace: workspace.save_copy(path), self._saved, self._not_saved, show_errors=False)

    def _not_saved(self, error: Exception) -> None:
        if self._dialog is not None:
            self._dialog.refuse(str(error))

    def _saved(self, copy: Path) -> None:
        """Close the file, so that its log cannot damage another one. Failed decisions go into the copy."""
        workspace, unsaved = self._session.workspace, list(self._unsaved)
        assert workspace is not None  # results for closed workspaces are dropped
        assert isinstance(workspace.place, Path)  # it was moved
        path, policy = workspace.place, workspace.policy
        self._unsaved.clear()
        self._session.close()

        def work() -> bool:
            from orbench_studio.services.data import moved_file_recovery

            moved_file_recovery.add_unsaved(copy, unsaved, policy)
            return moved_file_recovery.is_same_workspace(copy, path)

        self._session.settings.remember(copy)
        self.closed.emit(" ".join((self._why, tr("A copy was saved as {copy}").format(copy=copy))))
        self._session.operations.run(work, partial(self._offer, copy), partial(self._offer, copy, False))

    def _offer(self, copy: Path, can_merge: bool, fault: Exception | None = None) -> None:
        if self._dialog is not None:
            self._dialog.offer(copy, can_merge=can_merge, fault=str(fault or ""))

    def _merge(self) -> None:
        dialog = self._dialog
        assert dialog is not None and dialog.copy is not None  # its button was clicked
        path, copy = dialog.path, dialog.copy
        dialog.say(tr("Merging…"))

        def work() -> str:
            from orbench_studio.services.data import moved_file_recovery

            return moved_file_recovery.merge_into(path, copy)

        self._session.operations.run(work, partial(self._go_on, path), partial(self._offer, copy, False))

    def _open_copy(self) -> None:
        assert self._dialog is not None and self._dialog.copy is not None  # its button was clicked
        self._go_on(self._dialog.copy, tr("The copy is open."))

    def _go_on(self, place: Location, text: str) -> None:
        if self._dialog is not None:
            self._dialog.accept()
            self._session.open(place)
            self.message.emit(text)

    def _end(self) -> None:
        self._dialog = None


class MovedDialog(Dialog):
    """Explains what happened and where the copy is. It is modal, so that review shortcuts are blocked."""

    def __init__(self, parent: QWidget, why: str, place: Location) -> None:
        super().__init__(parent, tr("Workspace file moved or replaced"))
        assert isinstance(place, Path)  # a workspace on a server has no file
        self.path = place
        self.copy: Path | None = None
        self.text = label("", wrap=True)
        self.merge = QPushButton(tr("Merge into {file}").format(file=place.name).replace("&", "&&"))
        self.open_copy = QPushButton(tr("Open the copy"))
        self.elsewhere = QPushButton(tr("Save a copy…"))
        self._why = why
        self._build_ui()

    def say(self, text: str) -> None:
        """Show a progress text; no button is available meanwhile."""
        self._show(text)

    def refuse(self, fault: str) -> None:
        """Show why no copy could be saved, and offer to save one elsewhere."""
        advice = tr("Keep this window open until a copy is saved. Your decisions exist only here.")
        self._show(f"{fault}\n\n{advice}", self.elsewhere)

    def offer(self, copy: Path, *, can_merge: bool, fault: str = "") -> None:
        """Show where the copy is, and offer to continue with it or with the current file."""
        self.copy = copy
        saved = tr("A copy with all decisions was saved as:\n{copy}").format(copy=copy)
        merging = tr("Merge adds the decisions in the copy to the current file, and opens that file.")
        text = "\n\n".join(filter(None, (fault, saved, merging if can_merge else "")))
        self._show(text, *((self.merge,) if can_merge else ()), self.open_copy)

    def _show(self, text: str, *buttons: QPushButton) -> None:
        self.text.setText(f"{self._why}\n\n{text}")
        for button in (self.merge, self.open_copy, self.elsewhere):
            button.setVisible(button in buttons)
        if buttons:
            buttons[0].setDefault(True)
            buttons[0].setFocus()
        self.adjustSize()

    def _build_ui(self) -> None:
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        for button in (self.merge, self.open_copy, self.elsewhere):
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column_layout(self, self.text, Stretch(1), buttons, margins=(24, 24, 24, 16), spacing=16)
        self.setMinimumWidth(px(_WIDTH))

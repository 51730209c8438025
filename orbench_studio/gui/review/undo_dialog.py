"""Undo everything since a deed or a time: pick, see what it takes back, and do it in one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTableWidgetSelectionRange,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.common.widgets import label, set_role, while_there
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.domain.core.changes import Changes
    from orbench_studio.services.review.bulk_undo import Entry, UndoPreview
    from orbench_studio.services.workspace.workspace import Workspace

_LISTED = 1_000
_NAMED = 12  # prompts named one by one
_TYPING = 200  # milliseconds after the last letter until the time is looked at


def undo_since(
    session: Session, meant: UndoPreview, done: Callable[[Changes], None], failed: Callable[[Exception], None]
) -> None:
    """Undo what was previewed."""
    who = session.annotator

    def work(workspace: Workspace) -> Changes:
        from orbench_studio.services.review import bulk_undo

        return bulk_undo.undo_since(workspace, meant, annotator=who)

    session.run(work, done, failed)


class UndoSinceDialog(QDialog):
    """The reviewer's own deeds, latest first: everything down to the line picked is taken back."""

    chosen = Signal(object)  # a TakenBack, when the user wants it undone

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Undo everything since…"))
        self._session = session
        self._deeds: list[Entry] = []
        self._meant: UndoPreview | None = None
        self._table = QTableWidget(0, 2)
        self._time = QLineEdit()
        self._says = label("", "quiet")
        self._undo = QPushButton(tr("Undo"))
        self._typing = QTimer(self)
        self._build_ui()
        self._connect()
        self._list()

    def accept(self) -> None:
        if self._meant is not None and self._meant.entries:
            self.chosen.emit(self._meant)
            super().accept()

    def _list(self) -> None:
        """Ask for what the reviewer decided last and has not undone."""
        who = self._session.annotator

        def work(workspace: Workspace) -> list[Entry]:
            from orbench_studio.services.review import bulk_undo

            return bulk_undo.entries_of(workspace, annotator=who, limit=_LISTED)

        self._session.run(work, while_there(self, self._show))

    def _show(self, deeds: list[Entry]) -> None:
        self._deeds = deeds
        self._table.setRowCount(len(deeds))
        for row, deed in enumerate(deeds):
            more = f"   ({deed.annotations:,} {tr('decisions')})" if deed.annotations > 1 else ""
            for column, text in enumerate((f"{deed.at.astimezone():%Y-%m-%d %H:%M:%S}", deed.summary + more)):
                self._table.setItem(row, column, QTableWidgetItem(text))
        if deeds:
            self._table.setCurrentCell(0, 0)
        else:
            self._say(tr("You have decided nothing here that is in force, so there is nothing to undo."))
        self._table.setFocus()

    def _pick(self, row: int) -> None:
        """Take back everything down to this line."""
        if 0 <= row < len(self._deeds):
            self._ask(self._deeds[row].id)

    def _read_time(self) -> None:
        if self._time.text().strip():
            self._ask(self._time.text())

    def _ask(self, since: int | str) -> None:
        self._meant = None
        self._undo.setEnabled(False)
        who = self._session.annotator

        def work(workspace: Workspace) -> UndoPreview:
            from orbench_studio.services.review import bulk_undo

            begin = bulk_undo.parse_time(since, datetime.now().astimezone()) if isinstance(since, str) else since
            return bulk_undo.preview(workspace, annotator=who, since=begin)

        self._session.run(work, while_there(self, self._preview), while_there(self, self._refuse), tells=False)

    def _refuse(self, error: Exception) -> None:
        self._say(str(error), "error")

    def _preview(self, meant: UndoPreview) -> None:
        self._meant = meant
        self._undo.setEnabled(bool(meant.entries))
        self._mark(len(meant.entries))
        if not meant.entries:
            self._say(tr("You have decided nothing since then that is in force."))
            return
        named = ", ".join(f"#{prompt_id}" for prompt_id in meant.prompt_ids[:_NAMED])
        more = f" {tr('and')} {len(meant.prompt_ids) - _NAMED:,} {tr('more')}" if len(meant.prompt_ids) > _NAMED else ""
        since = f"{meant.entries[-1].at.astimezone():%Y-%m-%d %H:%M:%S}"
        self._say(f"{tr('Since')} {since}: {meant.summary}, {named}{more}.")

    def _mark(self, deeds: int) -> None:
        """Show the lines that are taken back as selected."""
        self._table.blockSignals(True)
        self._table.clearSelection()
        if deeds:
            lines = QTableWidgetSelectionRange(0, 0, min(deeds, len(self._deeds)) - 1, 1)
            self._table.setRangeSelected(lines, True)
        self._table.blockSignals(False)

    def _say(self, text: str, role: str = "quiet") -> None:
        set_role(self._says, "role", role)
        self._says.setText(text)

    def _connect(self) -> None:
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self._read_time)
        self._time.textEdited.connect(lambda _: self._typing.start())
        self._table.currentCellChanged.connect(lambda row, *_: self._pick(row))

    def _build_ui(self) -> None:
        self._table.setAccessibleName(tr("Your decisions, latest first"))
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.setShowGrid(False)
        self._table.setWordWrap(False)
        self._table.setTabKeyNavigation(False)
        self._table.verticalHeader().hide()
        head = self._table.horizontalHeader()
        head.hide()
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setStretchLastSection(True)
        self._says.setWordWrap(True)
        self._undo.setProperty("role", "primary")
        self._undo.setEnabled(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(self._undo, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(self._build_head())
        layout.addWidget(self._table)
        layout.addWidget(self._says)
        layout.addWidget(label(f"{key_text('redo')} {tr('puts all of it back.')}", "meta"))
        layout.addWidget(buttons)
        self.resize(640, 480)

    def _build_head(self) -> QHBoxLayout:
        words = label(tr("Pick the first decision to take back, or write a time:"), "quiet")
        words.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._time.setPlaceholderText("14:05")
        self._time.setAccessibleName(tr("Time to undo since"))
        self._time.setMaximumWidth(160)
        row = QHBoxLayout()
        row.addWidget(words, 1)
        row.addWidget(self._time)
        return row

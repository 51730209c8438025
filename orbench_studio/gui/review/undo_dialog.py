"""The reviewer's own decisions, to read, and to undo one of them or everything since one or since a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDialogButtonBox, QHBoxLayout, QLineEdit, QPushButton, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.common.content_cover import PromptTexts, beginning
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import if_alive, label, show_status
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.review.bulk_undo import Entry, UndoPreview
    from orbench_studio.services.workspace.workspace import Workspace

_LISTED = 1_000
_COLUMNS = (
    Column("When", 60, whole=True),
    Column("Decision", 180),
    Column("Prompt", 100, share=1),
    Column("Decisions", 60, number=True),
)
_COUNT = 3
_NAMED = 12  # prompts named one by one
_TYPING = 200  # milliseconds after the last key until the time is read


def undo_since(
    session: Session, previewed: UndoPreview, done: Callable[[Changes], None], failed: Callable[[Exception], None]
) -> None:
    who = session.annotator

    def work(workspace: Workspace) -> Changes:
        from orbench_studio.services.review import bulk_undo

        return bulk_undo.undo_since(workspace, previewed, annotator=who)

    session.run(work, done, failed)


def undo_entry(
    session: Session, entry: int, done: Callable[[Changes], None], failed: Callable[[Exception], None]
) -> None:
    """Undo one decision, whatever was decided since."""
    who = session.annotator

    def work(workspace: Workspace) -> Changes:
        from orbench_studio.services.review import bulk_undo

        return bulk_undo.undo_entry(workspace, entry, annotator=who)

    session.run(work, done, failed)


class UndoSinceDialog(Dialog):
    """The reviewer's own decisions, latest first. Enter undoes nothing."""

    chosen = Signal(object)  # an UndoPreview, when the user confirms it
    entry_chosen = Signal(int)  # the id of the entry that the user undoes alone

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent, tr("Your decisions"))
        self._session = session
        self._previewed: UndoPreview | None = None
        self._table = Table(tr("Your decisions, latest first"), _COLUMNS)
        self._time = QLineEdit()
        self._status = label("", "quiet", wrap=True)
        self._undo_alone = QPushButton(tr("Undo this decision"))
        self._undo = QPushButton(tr("Undo everything from then on"))
        self._typing = QTimer(self)
        self._build_ui()
        self._connect()
        self._list()

    def accept(self) -> None:
        if self._previewed is not None and self._previewed.entries:
            self.chosen.emit(self._previewed)
            super().accept()

    def _list(self) -> None:
        """Load the reviewer's latest decisions that are not undone or replaced."""
        who = self._session.annotator

        def work(workspace: Workspace) -> tuple[list[Entry], PromptTexts]:
            from orbench_studio.services.review import bulk_undo, history

            entries = bulk_undo.entries_of(workspace, annotator=who, limit=_LISTED)
            return entries, history.prompt_texts(workspace, [entry.id for entry in entries])

        self._session.run(work, if_alive(self, self._show))

    def _show(self, listed: tuple[list[Entry], PromptTexts]) -> None:
        entries, texts = listed
        rows = [_row(entry, beginning(self._session.settings, texts, entry.id)) for entry in entries]
        self._table.setColumnHidden(_COUNT, not any(row[_COUNT] for row in rows))
        self._table.show_rows(entries, rows)
        if not entries:
            show_status(self._status, tr("Nothing to undo: you have no current decisions."))
        self._table.setFocus()

    def _picked(self) -> Entry | None:
        rows = self._table.selectionModel().selectedRows()
        return self._table.rows.keys[rows[0].row()] if rows else None  # type: ignore[return-value]  # keys of rows are objects

    def _pick(self) -> None:
        """Preview the undo of everything down to the selected row."""
        entry = self._picked()
        self._undo_alone.setEnabled(entry is not None)
        if entry is not None:
            self._ask(entry.id)

    def _accept_alone(self) -> None:
        entry = self._picked()
        if entry is not None:
            self.entry_chosen.emit(entry.id)
            super().accept()

    def _read_time(self) -> None:
        if self._time.text().strip():
            self._table.clearSelection()
            self._ask(self._time.text())

    def _ask(self, since: int | str) -> None:
        self._previewed = None
        self._undo.setEnabled(False)
        who = self._session.annotator

        def work(workspace: Workspace) -> UndoPreview:
            from orbench_studio.services.review import bulk_undo

            begin = bulk_undo.parse_time(since, datetime.now().astimezone()) if isinstance(since, str) else since
            return bulk_undo.preview(workspace, annotator=who, since=begin)

        self._session.run(work, if_alive(self, self._preview), if_alive(self, self._refuse), show_errors=False)

    def _refuse(self, error: Exception) -> None:
        show_status(self._status, str(error), "error")

    def _preview(self, previewed: UndoPreview) -> None:
        self._previewed = previewed
        self._undo.setEnabled(bool(previewed.entries))
        if not previewed.entries:
            show_status(self._status, tr("Nothing to undo: you have no current decisions since then."))
            return
        named = ", ".join(f"#{prompt_id}" for prompt_id in previewed.prompt_ids[:_NAMED])
        if len(previewed.prompt_ids) > _NAMED:
            named = tr("{prompts} and {count} more").format(
                prompts=named, count=f"{len(previewed.prompt_ids) - _NAMED:,}"
            )
        since = f"{previewed.entries[-1].at.astimezone():%Y-%m-%d %H:%M:%S}"
        text = tr("Everything from {time} on: {summary}, {prompts}.")
        if self._picked() is not None:
            text = tr(
                "“Undo this decision” undoes only the selected row. Everything from {time} on: {summary}, {prompts}."
            )
        show_status(self._status, text.format(time=since, summary=previewed.summary, prompts=named))

    def _connect(self) -> None:
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self._read_time)
        self._time.textEdited.connect(lambda _: self._typing.start())
        self._table.selectionModel().selectionChanged.connect(lambda *_: self._pick())
        self._undo.clicked.connect(self.accept)
        self._undo_alone.clicked.connect(self._accept_alone)

    def _build_ui(self) -> None:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        for button in (self._undo_alone, self._undo):
            button.setEnabled(False)
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        for each in buttons.buttons():
            if isinstance(each, QPushButton):
                each.setAutoDefault(False)  # Enter in the list or the field undoes nothing
        buttons.rejected.connect(self.reject)
        self.fill(
            self._build_head(),
            self._table,
            self._status,
            label(tr("{key} brings undone decisions back.").format(key=key_text("redo")), "meta"),
            buttons,
            size=(900, 480),
        )

    def _build_head(self) -> QHBoxLayout:
        text = tr("Select a decision to undo it, alone or with all later ones. Or enter a local time:")
        title = label(text, "quiet", wrap=True)
        title.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._time.setPlaceholderText("14:05")
        self._time.setAccessibleName(tr("Time from which on to undo"))
        self._time.setFixedWidth(px(96))
        return row_layout(None, (title, 1), self._time)


def _row(entry: Entry, prompt: str) -> tuple[str, ...]:
    count = f"{entry.annotations:,}" if entry.annotations > 1 else ""
    return f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}", entry.summary, prompt, count

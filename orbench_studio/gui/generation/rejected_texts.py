"""Texts that were set aside because they repeat others, and replies without any. Seeds stay covered until asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QVBoxLayout, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label, while_there
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.generation.seeds_and_rewrites import SetAside, Unread
    from orbench_studio.services.workspace.workspace import Workspace

    Found = tuple[list[tuple[str, SetAside]], list[Unread]]

_COLUMNS = (
    Column("What", 80),
    Column("Left out", 200, 1),
    Column("Because it repeats", 200, 1),
    Column("How", 150),
)
_COVERED = "░░░"
_WORDS = "Texts that are the same but for case, spaces and punctuation, or a word or two apart; the first stayed."
_REPLIES = "And replies in which no text could be read, as they came."


class RejectedTextsDialog(QDialog):
    """The latest thousand of each kind. What a model replied may be a seed, and is covered as one."""

    def __init__(self, parent: QWidget, session: Session, theme: Theme) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("What was left out"))
        self.table = Table(theme, tr("Left out"), _COLUMNS)
        self.uncover = QCheckBox(tr("Show seeds and replies, which may be harmful"))
        self._found: Found = ([], [])
        self.uncover.toggled.connect(self._show)
        column = QVBoxLayout(self)
        for widget in (label(tr(_WORDS), "quiet"), label(tr(_REPLIES), "quiet"), self.table, self.uncover):
            column.addWidget(widget)
        self.resize(860, 520)
        session.run(_read, while_there(self, self._take))

    def _take(self, found: Found) -> None:
        self._found = found
        self._show()

    def _show(self) -> None:
        aside, replies = self._found
        rows = [self._row(*line) for line in aside] + [self._reply(reply) for reply in replies]
        self.table.show_rows(list(range(len(rows))), rows)

    def _row(self, what: str, line: SetAside) -> tuple[str, ...]:
        text = self._covered(line.text, covers=what == "seed" or line.is_seed)  # it repeats the seed, or nearly
        how = tr("the same") if line.is_same else tr("nearly")
        return tr(what), text, self._covered(line.same_as, covers=line.is_seed), how

    def _reply(self, reply: Unread) -> tuple[str, ...]:
        how = tr("declined") if reply.declined else tr("no text in it")
        return tr("reply"), self._covered(reply.raw, covers=True), "", how

    def _covered(self, text: str, *, covers: bool) -> str:
        return f"{_COVERED} {tr('covered')}" if covers and not self.uncover.isChecked() else text


def _read(workspace: Workspace) -> Found:
    from orbench_studio.services.generation import seeds_and_rewrites

    aside = [
        (what, line)
        for what, seeds in (("rewrite", False), ("seed", True))
        for line in seeds_and_rewrites.set_aside(workspace, seeds=seeds)
    ]
    return aside, seeds_and_rewrites.unread(workspace)

"""Rejected texts: duplicates, and replies without a text. Seeds are hidden by default."""

from PySide6.QtWidgets import QCheckBox, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog, set_size
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.widgets import if_alive, label
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.generation import seeds_and_rewrites
from orbench_studio.services.generation.seeds_and_rewrites import SetAside, Unread
from orbench_studio.services.workspace.workspace import Workspace

Found = tuple[list[tuple[str, SetAside]], list[Unread]]

_COLUMNS = (Column("Kind", 80), Column("Rejected text", 200, 1), Column("Duplicate of", 200, 1), Column("Reason", 150))
_DUPLICATES = "Duplicates (equal except for case, spaces and punctuation) and near duplicates (one or two words apart)."
_REPLIES = "Replies in which no text was found are listed unchanged."


class RejectedTextsDialog(Dialog):
    """The latest thousand of each kind. Replies are hidden like seeds, because they may contain one."""

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent, tr("Rejected texts"))
        self.table = Table(tr("Rejected texts"), _COLUMNS)
        self.reveal = QCheckBox(tr("Show seeds and replies (may be harmful)"))
        self._found: Found = ([], [])
        self.reveal.toggled.connect(self._show)
        column_layout(
            self, label(tr(_DUPLICATES), "quiet"), label(tr(_REPLIES), "quiet"), self.table, self.reveal, margins=None
        )
        set_size(self, 860, 520)
        session.run(_read, if_alive(self, self._set_found))

    def _set_found(self, found: Found) -> None:
        self._found = found
        self._show()

    def _show(self) -> None:
        duplicates, replies = self._found
        rows = [self._row(*line) for line in duplicates] + [self._reply(reply) for reply in replies]
        self.table.show_rows(list(range(len(rows))), rows)

    def _row(self, kind: str, line: SetAside) -> tuple[str, ...]:
        text = self._text(line.text, hide=kind == "seed" or line.is_seed)  # a duplicate of a seed is like a seed
        reason = tr("duplicate") if line.is_same else tr("near duplicate")
        return tr(kind), text, self._text(line.same_as, hide=line.is_seed), reason

    def _reply(self, reply: Unread) -> tuple[str, ...]:
        reason = tr("declined") if reply.declined else tr("no text found")
        return tr("reply"), self._text(reply.raw, hide=True), "", reason

    def _text(self, text: str, *, hide: bool) -> str:
        return tr("░░░ hidden") if hide and not self.reveal.isChecked() else text


def _read(workspace: Workspace) -> Found:
    duplicates = [
        (kind, line)
        for kind, seeds in (("rewrite", False), ("seed", True))
        for line in seeds_and_rewrites.duplicates(workspace, seeds=seeds)
    ]
    return duplicates, seeds_and_rewrites.replies_without_text(workspace)

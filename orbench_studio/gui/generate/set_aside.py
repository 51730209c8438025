"""Texts that were set aside because they repeat others. Seeds among them stay covered until they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QVBoxLayout, QWidget

from orbench_studio.gui.actions import tr
from orbench_studio.gui.evaluate.table import Column, Table
from orbench_studio.gui.session import Session
from orbench_studio.gui.theme import Theme
from orbench_studio.gui.widgets import label, while_there

if TYPE_CHECKING:
    from orbench_studio.services.generating import SetAside
    from orbench_studio.services.workspace import Workspace

_COLUMNS = (
    Column("What", 80),
    Column("Set aside", 200, 1),
    Column("Because it repeats", 200, 1),
    Column("How", 100),
)
_COVERED = "░░░"


class SetAsideDialog(QDialog):
    """The latest thousand of each kind."""

    def __init__(self, parent: QWidget, session: Session, theme: Theme) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Texts that were set aside"))
        self.table = Table(theme, tr("Set aside"), _COLUMNS)
        self.uncover = QCheckBox(tr("Show seeds, which are harmful by nature"))
        self._found: list[tuple[str, SetAside]] = []
        self.uncover.toggled.connect(self._show)
        words = tr("The same but for case, spaces and punctuation, or nearly: a word or two apart. The first stayed.")
        column = QVBoxLayout(self)
        for widget in (label(words, "quiet"), self.table, self.uncover):
            column.addWidget(widget)
        self.resize(760, 480)
        session.run(_read, while_there(self, self._take))

    def _take(self, found: list[tuple[str, SetAside]]) -> None:
        self._found = found
        self._show()

    def _show(self) -> None:
        self.table.show_rows(list(range(len(self._found))), [self._row(*line) for line in self._found])

    def _row(self, what: str, line: SetAside) -> tuple[str, ...]:
        covers = not self.uncover.isChecked()
        text = f"{_COVERED} {tr('covered')}" if covers and what == "seed" else line.text
        same_as = f"{_COVERED} {tr('covered')}" if covers and line.is_seed else line.same_as
        return tr(what), text, same_as, tr("the same") if line.is_same else tr("nearly")


def _read(workspace: Workspace) -> list[tuple[str, SetAside]]:
    from orbench_studio.services import generating

    return [
        (what, line)
        for what, seeds in (("rewrite", False), ("seed", True))
        for line in generating.set_aside(workspace, seeds=seeds)
    ]

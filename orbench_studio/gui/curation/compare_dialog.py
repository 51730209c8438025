"""What two sets of prompts differ in, and why."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.curation.subset import Difference, DifferingPrompt, SubsetSummary
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.content_cover import text_shown
from orbench_studio.gui.common.file_selection import ask_tables
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label, set_role, while_there
from orbench_studio.gui.curation import recipe_run
from orbench_studio.gui.workspace.session import Session

_COLUMNS = (Column("#", 60, number=True), Column("Why", 180, 1), Column("Prompt", 200, 2))


class CompareDialog(QDialog):
    """A subset against another one, or against a published file."""

    def __init__(self, parent: QWidget, session: Session, theme: Theme, name: str) -> None:
        super().__init__(parent)
        self._session, self._name = session, name
        self.other = QComboBox()
        self._file = QPushButton(tr("A published file…"))
        self.says = label("", "quiet")
        self._titles = label("", "strong"), label("", "strong")
        self.tables = Table(theme, tr("Only in the first"), _COLUMNS), Table(theme, tr("Only in the second"), _COLUMNS)
        self._build_ui()
        self.other.currentIndexChanged.connect(lambda _: self._compare())
        self._file.clicked.connect(lambda: ask_tables(self, self._add_files))
        recipe_run.subsets(session, while_there(self, self._offer))

    def _offer(self, found: Sequence[SubsetSummary]) -> None:
        for one in found:
            if one.name != self._name:
                self.other.addItem(one.name, one.name)
        if self.other.count() == 0:
            self.says.setText(tr("There is no other subset yet. Compare with a published file."))

    def _add_files(self, files: list[Path]) -> None:
        for file in files[:1]:
            self.other.addItem(file.name, str(file))
            self.other.setCurrentIndex(self.other.count() - 1)

    def _compare(self) -> None:
        other = self.other.currentData()
        if other is not None:
            recipe_run.compare(
                self._session, self._name, other, while_there(self, self._show), while_there(self, self._complain)
            )

    def _show(self, found: Difference) -> None:
        set_role(self.says, "role", "quiet")
        self.says.setText(f"{found.both:,} {tr('prompts in both')}")
        second = self.other.currentText()
        for title, table, only, where in zip(
            self._titles,
            self.tables,
            (found.only_first, found.only_second),
            ((self._name, second), (second, self._name)),
            strict=True,
        ):
            title.setText(f"{len(only):,} {tr('in')} {where[0]}, {tr('not in')} {where[1]}{_reasons(only)}")
            settings = self._session.settings
            rows = [
                (f"{one.prompt_id or '–'}", one.why, text_shown(settings, one.category, " ".join(one.text.split())))
                for one in only
            ]
            table.show_rows(list(range(len(rows))), rows)

    def _complain(self, error: Exception) -> None:
        set_role(self.says, "role", "error")
        self.says.setText(str(error))
        for title, table in zip(self._titles, self.tables, strict=True):
            title.setText("")
            table.show_rows([], [])

    def _build_ui(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Compare subsets"))
        self.other.setAccessibleName(tr("Compare with"))
        self.says.setWordWrap(True)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(label(f"{self._name} {tr('against')}", "strong"))
        head.addWidget(self.other, 1)
        head.addWidget(self._file)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.says)
        for title, table in zip(self._titles, self.tables, strict=True):
            title.setWordWrap(True)
            column.addWidget(title)
            column.addWidget(table, 1)
        column.addLayout(foot)
        self.resize(820, 600)


def _reasons(only: Sequence[DifferingPrompt]) -> str:
    counted = Counter(one.why for one in only).most_common(3)
    return ": " + "; ".join(f"{count:,} {why}" for why, count in counted) if counted else ""

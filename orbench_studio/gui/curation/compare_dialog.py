"""Dialog that compares two sets of prompts."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QPushButton, QWidget

from orbench_studio.domain.curation.subset import Difference, DifferingPrompt, SubsetSummary
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.content_cover import text_shown
from orbench_studio.gui.common.dialogs import Dialog, set_size
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.file_selection import ask_tables
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.widgets import if_alive, label, show_status
from orbench_studio.gui.curation import recipe_run
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.workspace.workspace import Workspace

_COLUMNS = (Column("#", 60, number=True), Column("Reason", 180, 1), Column("Prompt", 200, 2))


class CompareDialog(Dialog):
    """Compares a subset with another subset or with a table."""

    def __init__(self, parent: QWidget, session: Session, name: str) -> None:
        super().__init__(parent, tr("Compare subsets"))
        self._session, self._name = session, name
        self.other = ComboBox()
        self._file = QPushButton(tr("Open table…"))
        self.status = label("", "quiet", wrap=True)
        self._titles = label("", "strong"), label("", "strong")
        self.tables = (Table(tr("Only in the first set"), _COLUMNS), Table(tr("Only in the second set"), _COLUMNS))
        self._build_ui()
        self.other.currentIndexChanged.connect(lambda _: self._compare())
        self._file.clicked.connect(lambda: ask_tables(self, self._add_files))
        recipe_run.subsets(session, if_alive(self, self._offer))

    def _offer(self, found: Sequence[SubsetSummary]) -> None:
        for one in found:
            if one.name != self._name:
                self.other.addItem(one.name, one.name)
        if self.other.count() == 0:
            self.status.setText(tr("No other subset yet. Open a table to compare with."))

    def _add_files(self, files: list[Path]) -> None:
        for file in files[:1]:
            self.other.addItem(file.name, str(file))
            self.other.setCurrentIndex(self.other.count() - 1)

    def _compare(self) -> None:
        other = self.other.currentData()
        if other is None:
            return

        def work(workspace: "Workspace") -> Difference:
            from orbench_studio.services.curation import subsets

            return subsets.compare(workspace, self._name, other)

        self._session.run(work, if_alive(self, self._show), if_alive(self, self._show_error), show_errors=False)

    def _show(self, found: Difference) -> None:
        show_status(self.status, tr("Prompts in both: {count}").format(count=f"{found.both:,}"))
        settings = self._session.settings
        names, both_sides = (self._name, self.other.currentText()), (found.only_first, found.only_second)
        for title, table, name, only in zip(self._titles, self.tables, names, both_sides, strict=True):
            count = f"{len(only):,}"
            title.setText(tr("Only in {name}: {count}").format(name=name, count=count) + _reasons(only))
            rows = [
                (f"{one.prompt_id or '–'}", one.reason, text_shown(settings, one.category, " ".join(one.text.split())))
                for one in only
            ]
            table.show_rows(list(range(len(rows))), rows)

    def _show_error(self, error: Exception) -> None:
        show_status(self.status, str(error), "error")
        for title, table in zip(self._titles, self.tables, strict=True):
            title.setText("")
            table.show_rows([], [])

    def _build_ui(self) -> None:
        self.other.setAccessibleName(tr("Compare with"))
        head = row_layout(
            None,
            label(tr("Compare {name} with").format(name=self._name), "strong"),
            (self.other, 1),
            self._file,
            spacing=8,
        )
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        foot = row_layout(None, Stretch(), close)
        column = column_layout(self, head, self.status, margins=(24, 24, 24, 16), spacing=8)
        for title, table in zip(self._titles, self.tables, strict=True):
            title.setWordWrap(True)
            column.addWidget(title)
            column.addWidget(table, 1)
        column.addLayout(foot)
        set_size(self, 820, 600)


def _reasons(only: Sequence[DifferingPrompt]) -> str:
    counted = Counter(one.reason for one in only).most_common(3)
    return f" ({'; '.join(f'{reason}: {count:,}' for reason, count in counted)})" if counted else ""

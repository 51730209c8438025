"""Panes with the selected prompts and with the saved subsets."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from orbench_studio.domain.curation.selection import Selection
from orbench_studio.domain.curation.subset import SubsetSummary
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import Stretch, column_layout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.menus import Command
from orbench_studio.gui.common.widgets import label

_PROMPTS = (
    Column("#", 48, number=True),
    Column("Category", 100),
    Column("Refused / judged", 60, number=True, tip="Refusals of the judged responses to the prompt"),
    Column("Prompt", 120, 1),
)
_SUBSETS = (Column("Name", 90, 1), Column("Prompts", 76, number=True), Column("Saved", 108))


class PreviewPane(QWidget):
    """The first prompts that a recipe selects, in its order."""

    review_wanted = Signal()  # all selected prompts
    prompt_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.review = QPushButton(tr("Review"))
        self.save = QPushButton(tr("Save…"))
        self.export = QPushButton(tr("Export…"))
        self.status = label("", "quiet")
        self.prompts = Table(tr("Selected prompts"), _PROMPTS)
        self.prompts.narrow = True
        self._build_ui()
        self.review.clicked.connect(self.review_wanted)
        self.prompts.entries = lambda prompt_id, _column: [
            Command(tr("Review this prompt"), lambda: self.prompt_wanted.emit(prompt_id)),
            Command(tr("Review all selected prompts"), self.review_wanted.emit),
        ]
        self.prompts.opened.connect(lambda prompt_id, _column: self.prompt_wanted.emit(prompt_id))

    def show_result(self, found: Selection | None) -> None:
        """Clear the list, and enable the buttons if the result has prompts."""
        self.prompts.show_rows([], [])
        self.status.setText("")
        for button in (self.review, self.save, self.export):
            button.setEnabled(found is not None and bool(found.chosen))

    def show_prompts(self, rows: Sequence[QueueRow], total: int) -> None:
        lines = [
            (f"{row.prompt_id}", str(row.category or tr("none")), f"{row.refusals:,}/{row.judged:,}", row.text)
            for row in rows
        ]
        self.prompts.show_rows([row.prompt_id for row in rows], lines)
        message = tr("First {shown} of {total} prompts").format(shown=f"{len(rows):,}", total=f"{total:,}")
        self.status.setText(message if total > len(rows) else "")

    def _build_ui(self) -> None:
        self.save.setProperty("role", "primary")
        buttons = Flow(self.save, self.export, self.review)
        column_layout(self, label(tr("Selected prompts"), "title"), buttons, (self.prompts, 1), self.status, spacing=8)


class SavedPane(QWidget):
    """The saved subsets, with buttons for the selected one."""

    export_wanted = Signal(str)
    compare_wanted = Signal(str)
    delete_wanted = Signal(str)
    review_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.subsets = Table(tr("Saved subsets"), _SUBSETS)
        self.export, self.compare = QPushButton(tr("Export…")), QPushButton(tr("Compare…"))
        self.review, self.delete = QPushButton(tr("Review")), QPushButton(tr("Delete…"))
        self.buttons = Flow(self.export, self.compare, self.review, self.delete)
        no_subsets = tr("No saved subsets yet. To save the selected prompts under a name, click “Save…”.")
        self.none = label(no_subsets, "quiet", wrap=True)
        self._build_ui()
        self.subsets.chosen.connect(lambda _: self._update_buttons())
        self.subsets.opened.connect(lambda name, _column: self.review_wanted.emit(name))
        for button, wanted in (
            (self.export, self.export_wanted),
            (self.compare, self.compare_wanted),
            (self.review, self.review_wanted),
            (self.delete, self.delete_wanted),
        ):
            button.clicked.connect(lambda _checked=False, w=wanted: w.emit(self.subsets.current()))
        self.subsets.entries = lambda name, _column: [
            Command(tr("Review"), lambda: self.review_wanted.emit(name)),
            Command(tr("Export…"), lambda: self.export_wanted.emit(name)),
            Command(tr("Compare…"), lambda: self.compare_wanted.emit(name)),
            Command(tr("Delete…"), lambda: self.delete_wanted.emit(name)),
        ]
        self._update_buttons()

    def show_subsets(self, found: Sequence[SubsetSummary]) -> None:
        """Show the saved subsets, newest first."""
        self.none.setVisible(not found)
        for part in (self.subsets, self.buttons):
            part.setVisible(bool(found))
        rows = [(one.name, f"{one.prompts:,}", f"{one.created_at.astimezone():%Y-%m-%d}") for one in found]
        self.subsets.show_rows([one.name for one in found], rows)
        if self.subsets.current() is None and found:
            self.subsets.choose(found[0].name)
        self._update_buttons()

    def _update_buttons(self) -> None:
        for button in (self.export, self.compare, self.review, self.delete):
            button.setEnabled(self.subsets.current() is not None)

    def _build_ui(self) -> None:
        column_layout(
            self, label(tr("Saved subsets"), "strong"), self.none, (self.subsets, 1), self.buttons, Stretch(), spacing=8
        )

"""Dialog of near duplicates: groups side by side, each labelled with one decision and one undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QPushButton, QSplitter, QWidget

from orbench_studio.domain.core.annotation import Visible
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.curation.near_duplicates import Grouping
from orbench_studio.domain.review.queue import Field, QueueFilter, Status, Term
from orbench_studio.errors import CancelledError
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.content_cover import row_shown, text_shown
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.fields import DoubleSpinBox, pad
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.common.theme import LABELS, Theme
from orbench_studio.gui.common.widgets import ENTER, PageArea, if_alive, label, show_status
from orbench_studio.gui.curation.nearest_dialog import prompt_card
from orbench_studio.gui.review.bulk_dialog import BulkDialog
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.curation.near_duplicates import DuplicateSearch, GroupMember, Texts
    from orbench_studio.services.workspace.workspace import Workspace

_COLUMNS = (Column("Group", 70, 1, number=True), Column("Prompts", 80, number=True))
_SHOWN = 40  # prompts of a group
_ACROSS = 2  # cards in a row
_MORE = "1 more prompt. Click Review to open all."
_MORE_MANY = "{count} more prompts. Click Review to open all."


class DuplicateGroups(NamedTuple):
    """The last search, if any, and its groups with their sizes, largest first."""

    grouping: Grouping | None
    groups: list[tuple[int, int]]


class DuplicatesDialog(Dialog):
    """Shows the groups on the left and the prompts of the selected group on the right."""

    review_wanted = Signal(QueueFilter)
    message = Signal(str)

    def __init__(self, parent: QWidget, session: Session, theme: Theme) -> None:
        super().__init__(parent, tr("Near duplicates"))
        self._session, self._theme = session, theme
        self._ids: list[int] = []  # of the shown group
        self.status = label("", "quiet", wrap=True)
        self.threshold = pad(DoubleSpinBox())
        self.search = QPushButton(tr("Find"))
        self.strip = ProgressStrip()
        self.groups = Table(tr("Groups"), _COLUMNS)
        self.members = PageArea()
        self.decide, self.review = QPushButton(tr("Label group…")), QPushButton(tr("Review"))
        self._build_ui()
        self._connect()
        self._load_groups()

    def _load_groups(self) -> None:
        def work(workspace: Workspace) -> DuplicateGroups:
            from orbench_studio.services.curation import near_duplicates

            return DuplicateGroups(near_duplicates.grouping(workspace), near_duplicates.groups(workspace))

        self._session.run(work, if_alive(self, self._show))

    def _show(self, found: DuplicateGroups) -> None:
        last = found.grouping
        if last is None:
            show_status(self.status, tr("Not searched yet. Click Find to find prompts with nearly the same wording."))
        else:
            self.threshold.setValue(last.threshold)
            none = tr("No two of {compared} prompts have a similarity of {threshold} or more ({time}).")
            some = tr(
                "Prompts in groups: {prompts} of {compared}; groups: {groups}; minimum similarity {threshold} ({time})"
            )
            message = some if last.groups else none
            show_status(
                self.status,
                message.format(
                    prompts=f"{last.prompts:,}",
                    compared=f"{last.compared:,}",
                    groups=f"{last.groups:,}",
                    threshold=f"{last.threshold:g}",
                    time=f"{last.at.astimezone():%Y-%m-%d %H:%M}",
                ),
            )
        rows = [(f"{group_id}", f"{count:,}") for group_id, count in found.groups]
        self.groups.show_rows([group_id for group_id, _ in found.groups], rows)
        if found.groups and self.groups.current() is None:
            self.groups.choose(found.groups[0][0])
        if not found.groups:
            self._show_members([])

    def _load(self, group_id: object) -> None:
        if not isinstance(group_id, int):
            return

        def work(workspace: Workspace) -> list[GroupMember]:
            from orbench_studio.services.curation import near_duplicates

            return near_duplicates.members(workspace, group_id)

        self._session.run(work, if_alive(self, self._show_members))

    def _show_members(self, found: list[GroupMember]) -> None:
        self._ids = [one.row.prompt_id for one in found]
        page = QWidget()
        page.setObjectName("page")
        grid = QGridLayout(page)
        grid.setContentsMargins(16, 8, 16, 16)
        grid.setSpacing(16)
        for place, one in enumerate(found[:_SHOWN]):
            grid.addWidget(self._card(one), place // _ACROSS, place % _ACROSS, Qt.AlignmentFlag.AlignTop)
        if len(found) > _SHOWN:
            more = plural(len(found) - _SHOWN, _MORE, _MORE_MANY)
            grid.addWidget(label(more, "quiet"), _SHOWN // _ACROSS, 0)
        for column in range(_ACROSS):
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        self.members.setWidget(page)
        for button in (self.decide, self.review):
            button.setEnabled(bool(found))

    def _card(self, one: GroupMember) -> QWidget:
        row = one.row
        mark = LABELS[row.final_label if row.status is Status.DECIDED else None]
        category = row.category or tr("no category")
        similarity = tr("similarity {value}").format(value=f"{one.similarity:.2f}")
        head = f"#{row.prompt_id} · {category} · {mark.shape} {mark.word} · {similarity}"
        return prompt_card(self._theme, head, text_shown(self._session.settings, row.category, one.text))

    def _find(self) -> None:
        self.search.setEnabled(False)
        on_progress = self.strip.begin(tr("Comparing prompts"))
        threshold = round(self.threshold.value(), 2)
        done, failed = if_alive(self, self._found), if_alive(self, self._failed)
        session, searched = self._session, self._session.workspace

        def read(workspace: Workspace) -> Texts:
            from orbench_studio.services.curation import near_duplicates

            return near_duplicates.texts(workspace)

        def search(texts: Texts) -> None:
            def work() -> DuplicateSearch:
                from orbench_studio.services.curation import near_duplicates

                return near_duplicates.search(texts, threshold, on_progress)

            session.background.run(work, save, failed, show_errors=False)

        def save(found: DuplicateSearch) -> None:
            def write(workspace: Workspace) -> Changes:
                from orbench_studio.services.curation import near_duplicates

                return near_duplicates.save_groups(workspace, found)

            if session.workspace is searched:
                session.run(write, done, failed)

        session.run(read, search, failed)

    def _found(self, changes: Changes) -> None:
        self._end_search()
        self.message.emit(changes.message)
        self._load_groups()

    def _failed(self, error: Exception) -> None:
        self._end_search()
        show_status(self.status, str(error), "quiet" if isinstance(error, CancelledError) else "error")

    def _end_search(self) -> None:
        self.strip.end()
        self.search.setEnabled(True)

    def _decide(self) -> None:
        settings = self._session.settings
        dialog = BulkDialog(
            self,
            self._session,
            {"chosen": tuple(self._ids)},
            wanted=None,
            visible=frozenset[Visible](),
            shown_as=lambda row: row_shown(settings, row),
        )
        dialog.message.connect(self.message)
        dialog.open()

    def _review(self) -> None:
        self.review_wanted.emit(QueueFilter((Term(Field.GROUP, (str(self.groups.current()),)),)))
        self.close()

    def _changed(self, changes: Changes) -> None:
        if changes.kinds & {Kind.ANNOTATIONS, Kind.GROUPS}:
            self._load(self.groups.current())

    def done(self, result: int) -> None:
        self.strip.end()  # cancels a running search
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ctrl = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.key() in ENTER and ctrl and self.decide.isEnabled():
            self._decide()
        elif event.key() not in ENTER:
            super().keyPressEvent(event)

    def _connect(self) -> None:
        self.search.clicked.connect(self._find)
        self.decide.clicked.connect(self._decide)
        self.review.clicked.connect(self._review)
        self.groups.chosen.connect(self._load)
        self.groups.opened.connect(lambda _key, _column: self._decide())
        self._session.operations.changed.connect(self._changed)
        self._session.leaving.connect(self.close)

    def _build_ui(self) -> None:
        self.threshold.setRange(0.5, 0.95)
        self.threshold.setSingleStep(0.05)
        self.threshold.setValue(0.6)
        self.threshold.setToolTip(tr("Share of character 4-grams that two prompts have in common"))
        self.threshold.setAccessibleName(tr("Minimum similarity"))
        head = row_layout(
            None, (self.status, 1), label(tr("Minimum similarity"), "quiet"), self.threshold, self.search, spacing=8
        )
        self.members.setAccessibleName(tr("Prompts of the group"))
        split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        split.addWidget(self.groups)
        split.addWidget(self.members)
        split.setStretchFactor(1, 1)
        split.setSizes([220, 680])
        foot = row_layout(
            None,
            (label(tr("Press Ctrl+Enter to label all prompts of the group. One undo reverts it."), "meta"), 1),
            spacing=8,
        )
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        self.decide.setProperty("role", "primary")
        for button in (close, self.review, self.decide):
            button.setAutoDefault(False)
            foot.addWidget(button)
        self.search.setAutoDefault(False)
        self.fill(head, self.strip, (split, 1), foot, size=(1000, 640))

"""Prompts that are nearly the same, in groups: side by side, decided once for all of a group, with one undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.domain.core.annotation import Visible
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.review.queue import Field, QueueFilter, Status, Term
from orbench_studio.errors import CancelledError
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.content_cover import row_shown, text_shown
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.common.text_pane import TextPane, Type
from orbench_studio.gui.common.theme import LABELS, Theme
from orbench_studio.gui.common.widgets import ENTER, label, set_role, while_there
from orbench_studio.gui.curation import duplicate_search
from orbench_studio.gui.review.bulk_dialog import BulkDialog
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.curation.near_duplicates import GroupMember

_COLUMNS = (Column("Group", 70, 1, number=True), Column("Prompts", 80, number=True))
_SHOWN = 40  # prompts of a group that are laid side by side
_ACROSS = 2
_TYPE = Type(15, 24)


class DuplicatesDialog(QDialog):
    """Groups on the left, the prompts of one beside each other on the right."""

    review_wanted = Signal(QueueFilter)
    message = Signal(str)

    def __init__(self, parent: QWidget, session: Session, theme: Theme) -> None:
        super().__init__(parent)
        self._session, self._theme = session, theme
        self._ids: list[int] = []  # of the group that is shown
        self.says = label("", "quiet")
        self.threshold = QDoubleSpinBox()
        self.search = QPushButton(tr("Find"))
        self.strip = ProgressStrip()
        self.groups = Table(theme, tr("Groups"), _COLUMNS)
        self.members = QScrollArea()
        self.decide, self.review = QPushButton(tr("Decide for all of the group…")), QPushButton(tr("Review"))
        self._build_ui()
        self._connect()
        self._look()

    def _look(self) -> None:
        duplicate_search.groups(self._session, while_there(self, self._show))

    def _show(self, found: duplicate_search.DuplicateGroups) -> None:
        of = found.grouping
        if of is None:
            self._say(tr("Nobody has looked for near duplicates here yet. Find compares all prompts by their letters."))
        else:
            self.threshold.setValue(of.threshold)
            words = f"{of.prompts:,} {tr('of')} {of.compared:,} {tr('prompts in')} {of.groups:,} {tr('groups')}"
            when = f"{of.at.astimezone():%Y-%m-%d %H:%M}"
            self._say(f"{words}, {tr('each at least')} {of.threshold:g} {tr('like the first of its group')} ({when})")
        rows = [(f"{group_id}", f"{count:,}") for group_id, count in found.groups]
        self.groups.show_rows([group_id for group_id, _ in found.groups], rows)
        if found.groups and self.groups.current() is None:
            self.groups.choose(found.groups[0][0])
        if not found.groups:
            self._show_members([])

    def _load(self, group_id: object) -> None:
        if isinstance(group_id, int):
            duplicate_search.members(self._session, group_id, while_there(self, self._show_members))

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
            more = label(f"… {tr('and')} {len(found) - _SHOWN:,} {tr('more; Review opens all of them.')}", "quiet")
            grid.addWidget(more, _SHOWN // _ACROSS, 0)
        for column in range(_ACROSS):
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        self.members.setWidget(page)
        for button in (self.decide, self.review):
            button.setEnabled(bool(found))

    def _card(self, one: GroupMember) -> QWidget:
        row = one.row
        mark = LABELS[row.final_label if row.status is Status.DECIDED else None]
        card = QFrame()
        card.setObjectName("panel")
        column = QVBoxLayout(card)
        column.setContentsMargins(12, 8, 12, 8)
        category = row.category or tr("no category")
        head = f"#{row.prompt_id} · {category} · {mark.shape} {mark.word} · {tr('alike')} {one.similarity:.2f}"
        column.addWidget(label(head, "meta"))
        text = TextPane(self._theme, _TYPE, grows=True)
        text.setAccessibleName(f"{tr('Prompt')} {row.prompt_id}")
        text.show_text(text_shown(self._session.settings, row.category, one.text))
        column.addWidget(text)
        return card

    def _find(self) -> None:
        self.search.setEnabled(False)
        goes_on = self.strip.begin(tr("Comparing prompts"))
        found, stopped = while_there(self, self._found), while_there(self, self._stopped)
        duplicate_search.find(self._session, round(self.threshold.value(), 2), goes_on, found, stopped)

    def _found(self, changes: Changes) -> None:
        self._rest()
        self.message.emit(changes.message)
        self._look()

    def _stopped(self, error: Exception) -> None:
        self._rest()
        self._say(str(error), "quiet" if isinstance(error, CancelledError) else "error")

    def _rest(self) -> None:
        self.strip.end()
        self.search.setEnabled(True)

    def _say(self, text: str, role: str = "quiet") -> None:
        set_role(self.says, "role", role)
        self.says.setText(text)

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
        self.strip.end()  # whatever is being compared is not wanted any more
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        held = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.key() in ENTER and held and self.decide.isEnabled():
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
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Near duplicates"))
        self.says.setWordWrap(True)
        self.threshold.setRange(0.5, 0.95)
        self.threshold.setSingleStep(0.05)
        self.threshold.setValue(0.6)
        self.threshold.setToolTip(tr("Share of runs of four characters that two prompts have in common"))
        self.threshold.setAccessibleName(tr("How alike"))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.says, 1)
        head.addWidget(label(tr("at least"), "quiet"))
        head.addWidget(self.threshold)
        head.addWidget(self.search)
        self.members.setWidgetResizable(True)
        self.members.setFrameShape(QFrame.Shape.NoFrame)
        self.members.setAccessibleName(tr("Prompts of the group"))
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self.groups)
        split.addWidget(self.members)
        split.setStretchFactor(1, 1)
        split.setSizes([220, 680])
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(label(tr("Ctrl+Enter decides for all of a group; one undo takes it back."), "meta"), 1)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        self.decide.setProperty("role", "primary")
        for button in (close, self.review, self.decide):
            button.setAutoDefault(False)
            foot.addWidget(button)
        self.search.setAutoDefault(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(self.strip)
        column.addWidget(split, 1)
        column.addLayout(foot)
        self.resize(1000, 640)

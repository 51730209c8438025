"""Team page: queues with their progress, and the activity of annotators."""

from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.core.changes import ALL_CHANGED, Changes
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.review.query import write
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.domain.team.progress import Activity
from orbench_studio.domain.team.queue import QueueState, TeamQueue, assignments_filter
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.bars import Shades
from orbench_studio.gui.common.empty_state import EmptyState
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.live_table import Column, StaticTable
from orbench_studio.gui.common.text_table import note, table_of
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import PageArea, if_alive, label, permit
from orbench_studio.gui.team.gold_dialog import GoldDialog
from orbench_studio.gui.team.people_table import NOTE, people_tables
from orbench_studio.gui.team.queue_card import OWNER_ONLY, QueueCard
from orbench_studio.gui.team.queue_dialog import QueueDialog
from orbench_studio.gui.team.removal_dialog import RemovalDialog
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.team import team_queues
from orbench_studio.services.team.team_queues import QueueStatus
from orbench_studio.services.workspace.workspace import Workspace

_MOST_COMPARED = 20  # annotators

_STEPS = (
    "Make a queue: choose prompts, how many people label each, and who gets which.",
    "Annotators join the queue on this page. Labels stay hidden from others until a prompt is complete.",
    "Decide disagreements on the Disputes page. The agreement of annotators is shown here.",
)


class TeamPage(PageArea):
    """Reloads after every change while it is visible."""

    message = Signal(str)
    review_wanted = Signal(QueueFilter)  # the user joins a queue
    page_wanted = Signal(str)  # name of another page

    def __init__(self, session: Session, theme: Theme, current: Callable[[], QueueFilter]) -> None:
        super().__init__()
        self._session, self._theme = session, theme
        self._current = current  # filter of the review queue
        self.statuses: list[QueueStatus] = []
        self._others: list[str] = []  # annotators except the user
        self.cards: list[QueueCard] = []
        self.new = QPushButton(tr("New queue…"))
        self.returned, self.remove = QPushButton(), QPushButton(tr("Remove annotator…"))
        self._first = QPushButton(tr("New queue…"))
        self._first.clicked.connect(lambda: self.ask(None))
        self.empty = EmptyState(tr("No team queues yet"), [tr(step) for step in _STEPS], (self._first,))
        self._queues = QVBoxLayout()
        self._tables: list[QWidget] = []
        self._note = note(tr(NOTE))
        self._build_ui()
        self.new.clicked.connect(lambda: self.ask(None))
        self.returned.clicked.connect(self._review_returned)
        self.remove.clicked.connect(self.ask_removal)
        theme.changed.connect(lambda: self.refresh(ALL_CHANGED))

    def refresh(self, changes: Changes) -> None:
        """Reload after an operation changed anything."""
        if self.isVisible() and changes:
            self.load()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.load()

    def load(self) -> None:
        """Load the queues and the activity of annotators."""

        def work(workspace: Workspace) -> tuple[list[QueueStatus], list[Activity], dict[tuple[str, str], Rate]]:
            return team_queues.queues(workspace), team_queues.people(workspace), team_queues.agreement(workspace)

        self._session.run(work, lambda found: self._show(*found))

    def ask(self, before: TeamQueue | None) -> None:
        """Open the dialog for a new queue, or to change `before`."""
        dialog = QueueDialog(self, self._session, before, write(self._current()) if before is None else before.query)
        close = if_alive(dialog, lambda _: dialog.close())
        show_error = if_alive(dialog, lambda error: dialog.show_error(str(error)))

        who = self._session.annotator

        def save(wanted: TeamQueue) -> None:
            def work(workspace: Workspace) -> Changes:
                return (
                    team_queues.make(workspace, wanted, by=who)
                    if before is None
                    else team_queues.change(workspace, before.name, wanted, by=who)
                )

            def done(changes: Changes) -> None:
                close(changes)
                self._done(changes)

            self._session.run(work, done, show_error, show_errors=False)

        dialog.wanted.connect(save)
        dialog.open()

    def ask_gold(self, queue: TeamQueue) -> None:
        """Open the dialog that marks gold prompts of a queue."""
        dialog = GoldDialog(self, self._session)
        close = if_alive(dialog, lambda _: dialog.close())
        show_error = if_alive(dialog, lambda error: dialog.show_error(str(error)))

        who = self._session.annotator

        def mark(query: str, share: float) -> None:
            def work(workspace: Workspace) -> Changes:
                return team_queues.mark_gold(workspace, queue.name, query, share, by=who)

            def done(changes: Changes) -> None:
                close(changes)
                self._done(changes)

            self._session.run(work, done, show_error, show_errors=False)

        dialog.wanted.connect(mark)
        dialog.open()

    def ask_removal(self) -> None:
        """Open the dialog that removes an annotator."""
        dialog = RemovalDialog(self, self._session, self._others)
        dialog.message.connect(self.message)
        dialog.open()

    def set_state(self, name: str, state: QueueState) -> None:
        """Open, pause or end a queue."""
        who = self._session.annotator

        self._session.run(lambda workspace: team_queues.set_state(workspace, name, state, by=who), self._done)

    def _done(self, changes: Changes) -> None:
        self.message.emit(changes.message)

    def _show(
        self, statuses: list[QueueStatus], people: list[Activity], agreement: dict[tuple[str, str], Rate]
    ) -> None:
        self.statuses = statuses
        annotator, workspace = self._session.annotator, self._session.workspace
        is_owner = workspace is None or workspace.is_owner
        for button in (self.new, self.remove, self._first):
            permit(button, permitted=is_owner, who=tr(OWNER_ONLY))
        while len(self.cards) < len(statuses):
            self._add_card()
        for place, card in enumerate(self.cards):
            card.setVisible(place < len(statuses))
            if place < len(statuses):
                card.show_status(statuses[place], annotator, is_owner=is_owner)
        self.empty.setVisible(not statuses)
        self.new.setVisible(bool(statuses))
        returned = sum(one.returned for one in people if one.annotator == annotator)
        self.returned.setVisible(bool(returned))
        self._others = [one.annotator for one in people if one.annotator != annotator]
        self.remove.setVisible(bool(self._others))
        self.returned.setText(tr("Sent back to you: {count}").format(count=f"{returned:,}"))
        for table in self._tables:
            table.deleteLater()
        self._tables = [table_of(one) for one in people_tables(people, datetime.now(UTC))] if people else []
        self._tables += [matrix_of(agreement, self._theme)] if agreement else []
        for table in self._tables:
            self._column.insertWidget(self._column.count() - 2, table)
        self._note.setVisible(bool(people))

    def _add_card(self) -> None:
        """Add a card; its buttons look up which queue it shows when they are clicked."""
        card, place = QueueCard(self._theme), len(self.cards)
        self.cards.append(card)
        self._queues.addWidget(card)
        card.joined.connect(lambda: self.join(self.statuses[place].queue))
        card.change_wanted.connect(lambda: self.ask(self.statuses[place].queue))
        card.gold_wanted.connect(lambda: self.ask_gold(self.statuses[place].queue))
        card.state_wanted.connect(lambda state: self.set_state(self.statuses[place].queue.name, state))
        card.disputes_wanted.connect(lambda: self.page_wanted.emit("page_disputes"))

    def _review_returned(self) -> None:
        self.review_wanted.emit(QueueFilter((Term(Field.RETURNED, (self._session.annotator,)),)))

    def join(self, queue: TeamQueue) -> None:
        """Review the prompts that are assigned to the user in a queue."""
        self.review_wanted.emit(assignments_filter(queue.name, self._session.annotator))

    def _build_ui(self) -> None:
        self.setAccessibleName(tr("Team"))
        page = QWidget()
        page.setObjectName("page")
        heading = row_layout(None, label(tr("Team"), "title"), Stretch(), self.returned, self.remove, self.new)
        self._queues.setSpacing(12)
        parts = heading, self.empty, self._queues, self._note, Stretch(1)
        self._column = column_layout(page, *parts, margins=(24, 24, 24, 24), spacing=16)
        for part in (self.empty, self.returned, self.remove, self._note):
            part.hide()
        self.setWidget(page)


def matrix_of(agreement: dict[tuple[str, str], Rate], theme: Theme) -> QWidget:
    names = sorted({name for pair in agreement for name in pair})[:_MOST_COMPARED]
    columns = [Column(tr("Annotator"), 100), *(Column(name, 90, number=True) for name in names)]
    table = StaticTable(tr("Agreement of annotators"), columns)

    def rate(row: str, column: str) -> Rate | None:
        return agreement.get((row, column)) or agreement.get((column, row))

    def disagreement(row: str, column: int) -> float | None:
        of = rate(row, names[column - 1]) if column else None
        return None if of is None or of.value is None else 1 - of.value

    table.setItemDelegate(Shades(table, theme, disagreement))
    table.show_rows(names, [(row, *(_rate_text(rate(row, column)) for column in names)) for row in names])
    widget = QWidget()
    column_layout(
        widget,
        label(tr("Agreement of annotators"), "strong"),
        table,
        note(
            tr("Share of equal labels on the prompts that both labelled, with n. Labels that are hidden are left out.")
        ),
        spacing=8,
    )
    return widget


def _rate_text(rate: Rate | None) -> str:
    if rate is None or rate.value is None:
        return "—"
    return tr("{percent} % (n = {n})").format(percent=f"{100 * rate.value:.0f}", n=f"{rate.n:,}")

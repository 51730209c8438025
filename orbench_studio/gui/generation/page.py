"""The generate page: the next step on the left, the funnel and the moderators on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.moderation import Rule
from orbench_studio.domain.evaluation.batch import BatchProgress
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.text_table import note
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import rule, scrolled
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.generation.active_batch import ActiveBatch
from orbench_studio.gui.generation.form import StepForm
from orbench_studio.gui.generation.funnel_view import FunnelView
from orbench_studio.gui.generation.moderators_view import ModeratorsView, RuleField
from orbench_studio.gui.generation.rejected_texts import RejectedTextsDialog
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.generation.funnel import Funnel, Moderators
    from orbench_studio.services.workspace.workspace import Workspace

    Found = tuple[Funnel, Moderators | None, Rule, list[BatchProgress]]

_FORM = 340  # wide
_SHOWN = frozenset({Kind.PROMPTS, Kind.VOTES, Kind.BATCHES, Kind.ANNOTATIONS, Kind.RESPONSES})
_EMPTY = (
    "Begin with seeds on the left, or import some. simulated/writer and simulated/strict try it out without a model."
)


class GenerationPage(QWidget):
    """Asks off the window's thread, one question at a time; decides nothing."""

    review_wanted = Signal(QueueFilter)
    recipe_wanted = Signal(str)  # to curate by, by its name
    page_wanted = Signal(str)
    message = Signal(str)

    def __init__(self, session: Session, theme: Theme, runs: BatchOperations) -> None:
        super().__init__()
        self._session, self._theme, self.runs = session, theme, runs
        self.form = StepForm(session, theme, runs)
        self.funnel, self.rule, self.moderators = FunnelView(theme), RuleField(), ModeratorsView()
        self.at_work, self.says = ActiveBatch(runs), note(tr(_EMPTY))
        self.return_toxic, self.aside = QPushButton(tr("Return toxic rewrites")), QPushButton(tr("Left out…"))
        self._asking = self._asked_again = False
        self._right = QWidget()
        self._build_ui()
        self._connect()

    def refresh(self, changes: Changes) -> None:
        """Bring up to date what an operation touched."""
        if self.isVisible() and changes.kinds & _SHOWN:
            self._ask()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.runs.names(self.form.learn)
        self.runs.find_servers(self.form.learn)
        self.form.restate()
        self._ask()

    def _ask(self) -> None:
        """Ask how everything stands; asked again meanwhile, it asks once more afterwards."""
        self._asked_again = self._asking
        if not self._asking:
            self._asking = True
            busy = self.at_work.is_running
            self._session.run(lambda workspace: _read(workspace, busy=busy), self._show, lambda _error: self._rest())

    def _rest(self) -> None:
        self._asking = False
        if self._asked_again:
            self._ask()

    def _show(self, found: Found) -> None:
        funnel, moderators, in_force, unfinished = found
        self.funnel.show_funnel(funnel)
        if moderators is not None:
            self.moderators.show_moderators(moderators)
        self.rule.show_rule(in_force)
        self.says.setVisible(not funnel.count("seeds"))
        left_out = funnel.seeds_set_aside + funnel.rewrites_set_aside + funnel.declined + funnel.unread
        self.aside.setEnabled(left_out > 0)
        self.return_toxic.setEnabled(bool(funnel.count("toxic")))
        self.at_work.show_batch(unfinished[0] if unfinished else None)
        self._rest()

    def _launched(self, batch_id: int) -> None:
        self.runs.resume(batch_id)
        self._ask()

    def _ended(self) -> None:
        if self.isVisible():
            self._ask()
            self.form.restate()  # there is more to vote on, or less

    def _select(self, recipe: str) -> None:
        self.recipe_wanted.emit(recipe)
        self.page_wanted.emit("page_curate")

    def _count_by(self, chosen: Rule) -> None:
        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.generation import moderation_batches

            return moderation_batches.choose_rule(workspace, chosen)

        self._session.run(work, self._changed)

    def _return(self) -> None:
        rounds = max(self.form.rounds.value(), 1)

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.generation import seeds_and_rewrites

            return seeds_and_rewrites.return_toxic(workspace, rounds)

        self._session.run(work, self._changed)

    def _changed(self, changes: Changes) -> None:
        self.message.emit(changes.message)
        if changes:
            self._session.operations.changed.emit(changes)
        self.form.restate()

    def _show_aside(self) -> None:
        RejectedTextsDialog(self, self._session, self._theme).open()

    def _forget(self) -> None:
        """The workspace is another, or none."""
        self._asking = self._asked_again = False
        self.at_work.show_batch(None)

    def _connect(self) -> None:
        self.form.launched.connect(self._launched)
        self.funnel.review_wanted.connect(self.review_wanted)
        self.rule.chosen.connect(self._count_by)
        self.funnel.selection_wanted.connect(self._select)
        self.at_work.ended.connect(self._ended)
        self.at_work.doubted.connect(self._ask)
        self.at_work.all.clicked.connect(lambda: self.page_wanted.emit("page_evaluate"))
        self.return_toxic.clicked.connect(self._return)
        self.aside.clicked.connect(self._show_aside)
        self._session.leaving.connect(self._forget)
        self._theme.changed.connect(self._fit)

    def _build_ui(self) -> None:
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusProxy(self.form.step)
        self._right.setObjectName("page")
        column = QVBoxLayout(self._right)
        column.setContentsMargins(16, 16, 16, 24)
        column.setSpacing(16)
        deeds = Flow(self.return_toxic, self.aside)
        for widget in (self.says, self.funnel, deeds, self.at_work, rule(), self.rule, self.moderators):
            column.addWidget(widget)
        column.addStretch(1)
        area = scrolled(self._right)
        area.setFrameShape(QFrame.Shape.NoFrame)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.form)
        row.addWidget(rule(vertical=True))
        row.addWidget(area, 1)
        self._fit()

    def _fit(self) -> None:
        self.form.setFixedWidth(px(_FORM))


def _read(workspace: Workspace, *, busy: bool) -> Found:
    """How everything stands; how the moderators agree is reckoned over all votes, and waits until none come in."""
    from orbench_studio.services.evaluation import batch_control
    from orbench_studio.services.generation import funnel, moderation_batches

    unfinished = [
        progress
        for progress in batch_control.overview(workspace)
        if progress.batch.state not in (BatchState.COMPLETED, BatchState.CANCELLED)
    ]
    agreeing = None if busy else funnel.moderators(workspace)
    return funnel.funnel(workspace), agreeing, moderation_batches.rule(workspace), unfinished

"""The Generate page: the form of a step on the left, the funnel and the moderators on the right."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QPushButton, QWidget

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.moderation import Rule
from orbench_studio.domain.evaluation.batch import BatchProgress
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.empty_state import EmptyState
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.panels import Panel, Panels
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import rule, scrolled
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.generation.active_batch import ActiveBatch
from orbench_studio.gui.generation.form import StepForm
from orbench_studio.gui.generation.funnel_view import FunnelView
from orbench_studio.gui.generation.moderators_view import ModeratorsView, RuleField
from orbench_studio.gui.generation.rejected_texts import RejectedTextsDialog
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.generation import funnel, moderation_batches, seeds_and_rewrites
from orbench_studio.services.generation.funnel import Funnel, Moderators
from orbench_studio.services.workspace.workspace import Workspace

Found = tuple[Funnel, Moderators | None, Rule, list[BatchProgress]]

_FORM, _MIN_WIDTH = 380, 480  # pixels
_SHOWN = frozenset({Kind.PROMPTS, Kind.VOTES, Kind.BATCHES, Kind.ANNOTATIONS, Kind.RESPONSES})
_WRITER, _MODERATOR = "simulated/writer", "simulated/strict"
_STEPS = (
    "Write seeds with the form on the left, or import some: toxic requests, a few for each category.",
    "Rewrite them with a model into prompts that look toxic but are safe.",
    "Let several moderators vote. Then review the prompts that their consensus calls safe.",
)


class GenerationPage(QWidget):
    """Reads the state of the pipeline in the database thread, one query at a time."""

    review_wanted = Signal(QueueFilter)
    recipe_wanted = Signal(str)  # name of the recipe to open
    page_wanted = Signal(str)
    message = Signal(str)

    def __init__(self, session: Session, theme: Theme, runs: BatchOperations) -> None:
        super().__init__()
        self._session, self._theme, self.runs = session, theme, runs
        self.form = StepForm(session, theme, runs)
        self.funnel, self.rule, self.moderators = FunnelView(theme), RuleField(), ModeratorsView()
        self.active_batch, self.simulate = ActiveBatch(runs), QPushButton(tr("Try with simulated models"))
        self.empty = EmptyState(tr("No seeds yet"), [tr(step) for step in _STEPS], (self.simulate,))
        self.return_toxic, self.rejected = QPushButton(tr("Use toxic rewrites as seeds")), QPushButton(tr("Rejected…"))
        self._reading = self._read_again = False
        self._right = QWidget()
        panels = (
            Panel(tr("Next step"), self.form, _FORM),
            Panel(tr("Seeds and prompts"), scrolled(self._right), _MIN_WIDTH, 1),
        )
        self._panels = Panels("generate", session.settings, panels)
        self._build_ui()
        self._connect()

    def refresh(self, changes: Changes) -> None:
        """Update what an operation changed."""
        if self.isVisible() and changes.kinds & _SHOWN:
            self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.runs.names(self.form.learn)
        self.runs.find_servers(self.form.learn)
        self.form.restate()
        self._refresh()

    def _refresh(self) -> None:
        """Read the state; a request during a read repeats it once afterwards."""
        self._read_again = self._reading
        if not self._reading:
            self._reading = True
            busy = self.active_batch.is_running
            self._session.run(
                lambda workspace: _read(workspace, busy=busy), self._show, lambda _error: self._read_done()
            )

    def _read_done(self) -> None:
        self._reading = False
        if self._read_again:
            self._refresh()

    def _show(self, found: Found) -> None:
        funnel, moderators, voting_rule, unfinished = found
        self.funnel.show_funnel(funnel)
        if moderators is not None:
            self.moderators.show_moderators(moderators)
        self.rule.show_rule(voting_rule)
        self.empty.setVisible(not funnel.count("seeds"))
        rejected = funnel.seeds_set_aside + funnel.rewrites_set_aside + funnel.declined + funnel.unread
        self.rejected.setEnabled(rejected > 0)
        self.return_toxic.setEnabled(bool(funnel.count("toxic")))
        self.active_batch.show_batch(unfinished[0] if unfinished else None)
        self._read_done()

    def _launched(self, batch_id: int) -> None:
        self.runs.resume(batch_id)
        self._refresh()

    def _ended(self) -> None:
        if self.isVisible():
            self._refresh()
            self.form.restate()  # the estimate changed

    def _select(self, recipe: str) -> None:
        self.recipe_wanted.emit(recipe)
        self.page_wanted.emit("page_curate")

    def _set_rule(self, chosen: Rule) -> None:
        self._session.run(lambda workspace: moderation_batches.set_rule(workspace, chosen), self._changed)

    def _return(self) -> None:
        rounds = max(self.form.rounds.value(), 1)

        self._session.run(lambda workspace: seeds_and_rewrites.return_toxic(workspace, rounds), self._changed)

    def _changed(self, changes: Changes) -> None:
        self.message.emit(changes.message)
        if changes:
            self._session.operations.changed.emit(changes)
        self.form.restate()

    def _show_rejected(self) -> None:
        RejectedTextsDialog(self, self._session).open()

    def _reset(self) -> None:
        """Clear the page, after the workspace changed."""
        self._reading = self._read_again = False
        self.active_batch.show_batch(None)

    def _connect(self) -> None:
        self.simulate.clicked.connect(self._simulate)
        self.form.launched.connect(self._launched)
        self.funnel.review_wanted.connect(self.review_wanted)
        self.rule.chosen.connect(self._set_rule)
        self.funnel.selection_wanted.connect(self._select)
        self.active_batch.ended.connect(self._ended)
        self.active_batch.stale.connect(self._refresh)
        self.active_batch.all.clicked.connect(lambda: self.page_wanted.emit("page_evaluate"))
        self.return_toxic.clicked.connect(self._return)
        self.rejected.clicked.connect(self._show_rejected)
        self._session.leaving.connect(self._reset)
        self._theme.changed.connect(self._panels.fit)

    def _simulate(self) -> None:
        """Fill the form with simulated models, which need no key."""
        self.form.writer.setText(_WRITER)
        if not self.form.moderators.models:
            self.form.moderators.add(_MODERATOR)

    def _build_ui(self) -> None:
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusProxy(self.form.step)
        self._right.setObjectName("page")
        buttons = Flow(self.return_toxic, self.rejected)
        column_layout(
            self._right,
            self.empty,
            self.funnel,
            buttons,
            self.active_batch,
            rule(),
            self.rule,
            self.moderators,
            Stretch(1),
            margins=(16, 16, 16, 24),
            spacing=16,
        )
        row_layout(self, self._panels)


def _read(workspace: Workspace, *, busy: bool) -> Found:
    """Read the state. The agreement of moderators needs all votes, so it is skipped while a batch runs."""
    unfinished = [
        progress
        for progress in batch_control.overview(workspace)
        if progress.batch.state not in (BatchState.COMPLETED, BatchState.CANCELLED)
    ]
    agreement = None if busy else funnel.moderators(workspace)
    return funnel.funnel(workspace), agreement, moderation_batches.rule(workspace), unfinished

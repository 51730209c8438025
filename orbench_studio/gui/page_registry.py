"""The pages of the window, each created when it is first shown; the top bar and the rail come with the review page.

Their imports are deferred: the libraries behind them would delay the start of the window.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMainWindow

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.compact import is_compact

if TYPE_CHECKING:
    from orbench_studio.domain.review.decision import PromptView
    from orbench_studio.domain.review.queue import QueueFilter
    from orbench_studio.gui.audit.page import AuditPage
    from orbench_studio.gui.commands import Commands
    from orbench_studio.gui.common.actions import Actions
    from orbench_studio.gui.common.message_bar import MessageBar
    from orbench_studio.gui.common.page_stack import Rail
    from orbench_studio.gui.common.theme import Theme
    from orbench_studio.gui.curation.page import CurationPage
    from orbench_studio.gui.data.library_page import LibraryPage
    from orbench_studio.gui.evaluation.page import EvaluationPage
    from orbench_studio.gui.generation.page import GenerationPage
    from orbench_studio.gui.judging.judge_run import JudgeRun
    from orbench_studio.gui.judging.page import JudgesPage
    from orbench_studio.gui.main_window import MainWindow
    from orbench_studio.gui.review.page import ReviewPage
    from orbench_studio.gui.team.assign_dialog import AssignDialog
    from orbench_studio.gui.team.assigned_queue import AssignedQueue
    from orbench_studio.gui.team.check_dialog import CheckDialog
    from orbench_studio.gui.team.disputes_page import DisputesPage
    from orbench_studio.gui.team.page import TeamPage
    from orbench_studio.gui.top_bar import TopBar
    from orbench_studio.gui.workspace.decision_recorder import DecisionRecorder
    from orbench_studio.gui.workspace.session import Session
    from orbench_studio.gui.workspace.visits import Visits
    from orbench_studio.services.workspace.workspace import Workspace

_AFTER_OPENING = 3_000  # milliseconds


class PageRegistry(QMainWindow):
    """The part of the main window that creates these pages, connects their signals and fits them to its size."""

    _session: Session
    _recorder: DecisionRecorder
    _theme: Theme
    actions_table: Actions
    assigned_queue: AssignedQueue
    judging: JudgeRun
    messages: MessageBar
    _visits: Visits
    _is_compact = False

    def show_page(self, name: str) -> None:
        raise NotImplementedError

    def export(self, subset: str | None = None) -> None:
        """Show the export dialog, for a subset if one is given."""
        raise NotImplementedError

    def _review(self, wanted: QueueFilter) -> None:
        raise NotImplementedError

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._is_compact is not is_compact(self):
            self._fit_size()

    def _fit_size(self) -> None:
        """Set the sizes that do not follow from text for the current text size."""
        self._is_compact = is_compact(self)
        self.messages.fit()
        if self.has_review:
            self.rail.fit()
            self.top_bar.fit()
            self.review.panes.fit(self.review.size())

    @property
    def review(self) -> ReviewPage:
        """The first page, with what other features add to it: the prompts of team queues, the nearest toxic prompts."""
        return self._review_parts[0]

    @property
    def top_bar(self) -> TopBar:
        return self._review_parts[1]

    @property
    def rail(self) -> Rail:
        return self._review_parts[2]

    @property
    def has_review(self) -> bool:
        """Whether the review page is created, which takes longer than a frame."""
        return "_review_parts" in self.__dict__

    @cached_property
    def _commands(self) -> Commands:
        """What opens the command palette."""
        from orbench_studio.gui.commands import Commands

        return Commands(cast("MainWindow", self), self._session, self._theme)

    @cached_property
    def _review_parts(self) -> tuple[ReviewPage, TopBar, Rail]:
        from orbench_studio.gui.common.page_stack import Rail
        from orbench_studio.gui.review.decision_actions import DecisionActions
        from orbench_studio.gui.review.page import ReviewPage
        from orbench_studio.gui.review.refused_decisions import RefusedDecisions
        from orbench_studio.gui.review.side_panels import SidePanels
        from orbench_studio.gui.team.assigned_queue import AssignedQueue
        from orbench_studio.gui.top_bar import TopBar

        page = ReviewPage(self._session, self._recorder, self.actions_table, self._theme)
        DecisionActions(page, self._session, self._recorder)
        SidePanels(page, self._session)
        self.assigned_queue = AssignedQueue(page, self._session)
        refused = RefusedDecisions(self, self._session, page.message.emit, self._review)
        page.bind(
            {"nearest_toxic": self._show_nearest, "assign": self._assign, "check": self._check, "refused": refused.ask}
        )
        page.stated.connect(self.messages.show_decision)
        page.message.connect(self.messages.show_remark)
        page.ignored.connect(self.messages.show_message)
        page.outdated.connect(self.messages.end_remark)
        page.shown.connect(lambda _id: self._visits.moved())
        bar = TopBar(self._session, page.finder.bar, page.pace)
        bar.reviewer.message.connect(self.messages.show_message)
        bar.reviewer.clicked.connect(lambda: self.actions_table["reviewer"].trigger())
        bar.reviewer.changed.connect(page.start)
        bar.reviewer.changed.connect(self.assigned_queue.renamed)
        bar.suggestion.connect(self.messages.show_suggestion)
        page.progressed.connect(bar.count_today)
        page.decided.connect(bar.decided)
        rail = Rail(self.actions_table, self._theme)
        rail.chosen.connect(self.show_page)
        bar.hide()
        rail.hide()
        return page, bar, rail

    def _report_paused(self) -> None:
        """Name the last batch if it waits to be resumed, as after a window that was closed; the first prompt first."""

        def report(text: str) -> None:
            if text:
                self.messages.show_suggestion(text)

        QTimer.singleShot(_AFTER_OPENING, self, lambda: self._session.run(_paused, report, show_errors=False))

    def _show_nearest(self) -> None:
        from orbench_studio.gui.curation.nearest_dialog import NearestDialog

        view = self.review.view
        if view is None:
            return
        if self.review.reading.shield.covers:
            self.messages.show_message(tr("The text is covered. Show it first."))
            return
        NearestDialog(self.review, self._session, self._theme, abs(view.prompt.id), view.prompt.text).open()

    def _assign(self) -> None:
        from orbench_studio.gui.team.assign_dialog import AssignDialog

        if self.review.view is not None:
            self._open_team_dialog(AssignDialog(self, self._session, self._scopes(self.review.view)))

    def _check(self) -> None:
        from orbench_studio.domain.core.annotation import Aspect
        from orbench_studio.domain.review.queue import Field
        from orbench_studio.gui.team.check_dialog import CheckDialog

        view, by = self.review.view, self.review.finder.current.on(Field.BY)
        if view is not None:
            decided = [one.annotator for one in view.decided if one.aspect is Aspect.LABEL]
            person = by.values[0] if by is not None else next(iter(decided), "")
            self._open_team_dialog(CheckDialog(self, self._session, self._scopes(view), person))

    def _open_team_dialog(self, dialog: AssignDialog | CheckDialog) -> None:
        dialog.message.connect(self.messages.show_message)
        dialog.open()

    def _scopes(self, view: PromptView) -> dict[str, list[int]]:
        """The prompts that a dialog offers, by their descriptions: the selected ones, and all of the queue."""
        chosen, everything = self.review.queue.chosen(), self.review.model.ids()
        some = (
            tr("Selected prompts: {count}").format(count=f"{len(chosen):,}")
            if len(chosen) > 1
            else tr("Prompt #{number}").format(number=abs(view.prompt.id))
        )
        whole = tr("All prompts in the current filter: {count}").format(count=f"{len(everything):,}")
        return {some: chosen if len(chosen) > 1 else [abs(view.prompt.id)], whole: sorted({*map(abs, everything)})}

    @cached_property
    def library(self) -> LibraryPage:
        """The page of the workspace's counts, files and journal."""
        from orbench_studio.gui.data.library_page import LibraryPage

        page = LibraryPage(self._session, self._theme)
        page.review_wanted.connect(self._review)
        return page

    @cached_property
    def evaluate(self) -> EvaluationPage:
        from orbench_studio.gui.evaluation.page import EvaluationPage

        page = EvaluationPage(self._session, self._theme, self.judging, lambda: self.review.finder.current)
        page.runs.message.connect(self.messages.show_message)
        page.audit_wanted.connect(self._show_rates)
        page.review_wanted.connect(self._review)
        return page

    @cached_property
    def instruments(self) -> JudgesPage:
        from orbench_studio.gui.judging.page import JudgesPage

        page = JudgesPage(self._session, self.actions_table)
        page.message.connect(self.messages.show_message)
        return page

    @cached_property
    def generate(self) -> GenerationPage:
        """The page of seeds, rewrites and votes; it shares the batch operations of the evaluate page."""
        from orbench_studio.gui.generation.page import GenerationPage

        page = GenerationPage(self._session, self._theme, self.evaluate.runs)
        page.recipe_wanted.connect(lambda name: self.curate.begin_with(name))
        page.page_wanted.connect(self.show_page)
        page.message.connect(self.messages.show_message)
        page.review_wanted.connect(self._review)
        return page

    @cached_property
    def audit(self) -> AuditPage:
        """The page of refusal rates and agreement."""
        from orbench_studio.gui.audit.page import AuditPage

        page = AuditPage(self._session, self._theme, self.judging, self.actions_table)
        page.message.connect(self.messages.show_message)
        page.review_wanted.connect(self._review)
        return page

    def _show_rates(self, model: str) -> None:
        """Show the rates of a model on the audit page."""
        self.audit.show_rates(model)
        self.show_page("page_audit")

    @cached_property
    def curate(self) -> CurationPage:
        from orbench_studio.gui.curation.page import CurationPage

        page = CurationPage(self._session, self._theme)
        page.message.connect(self.messages.show_message)
        page.review_wanted.connect(self._review)
        page.export_wanted.connect(self.export)
        return page

    @cached_property
    def disputes(self) -> DisputesPage:
        """The page of disagreements between reviewers."""
        from orbench_studio.gui.team.disputes_page import DisputesPage

        page = DisputesPage(self._session, self._recorder, self.actions_table, self._theme)
        page.stated.connect(self.messages.show_decision)
        page.message.connect(self.messages.show_message)
        return page

    @cached_property
    def team(self) -> TeamPage:
        from orbench_studio.gui.team.page import TeamPage

        page = TeamPage(self._session, self._theme, lambda: self.review.finder.current)
        page.message.connect(self.messages.show_message)
        page.review_wanted.connect(self._review)
        page.page_wanted.connect(self.show_page)
        return page


def _paused(workspace: Workspace) -> str:
    """A message about the last batch if it waits to be resumed; empty otherwise."""
    from orbench_studio.domain.evaluation.states import BatchState
    from orbench_studio.services.evaluation import batch_control

    last = next(iter(batch_control.overview(workspace)), None)
    if last is None or last.status not in (BatchState.PAUSED.label, "interrupted"):
        return ""
    text = tr("Batch {number} is {status}: {done} of {total} done. To go on, press Resume on the Evaluate page.")
    counts = {"done": f"{last.done:,}", "total": f"{last.total:,}"}
    return text.format(number=last.batch.id, status=tr(last.status), **counts)

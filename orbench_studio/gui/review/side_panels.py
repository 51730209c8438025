"""What is around the queue: the guidelines beside the work, the history of the prompt, and undoing much at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.guideline import Guideline
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import while_there
from orbench_studio.gui.curation.nearest_dialog import NearestDialog
from orbench_studio.gui.review.guidelines_pane import GuidelinesDialog, GuidelinesPane
from orbench_studio.gui.review.timeline_dialog import TimelineDialog
from orbench_studio.gui.review.undo_dialog import UndoSinceDialog, undo_since
from orbench_studio.gui.team.assigned_queue import AssignedQueue
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.gui.review.page import ReviewPage


class SidePanels:
    """Opens these for the review page, and brings them what they show."""

    def __init__(self, page: ReviewPage, session: Session, theme: Theme) -> None:
        self._page = page
        self._session = session
        self._theme = theme
        self._again: int | None = None  # the line of a prompt shown again that is still to be decided
        self._draft = ""  # of guidelines that were not saved
        self.guidelines = GuidelinesPane(theme)
        self.guidelines.edit_wanted.connect(lambda: session.guidelines(self._edit))
        self.team = AssignedQueue(page, session)
        session.opened.connect(self._begin)
        session.operations.changed.connect(self._changed)

    def after(self, decision: Decision) -> None:
        """After a label, silently put a prompt to be shown again behind the one that is next, if it is time."""
        if decision.prompt_id == self._again:
            self._again = None
        if decision.aspect is Aspect.LABEL and (self._again is None or self._page.model.place_of(self._again) is None):
            self._session.shown_again(frozenset(self._page.model.ids()), self._show_again)

    def _show_again(self, row: QueueRow | None) -> None:
        model = self._page.model
        if row is not None and model.place_of(row.prompt_id) is None and model.ids():
            model.insert(self._page.queue.place() + 1, row)
            self._again = row.prompt_id

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions do."""
        return {
            "guidelines": self._toggle_guidelines,
            "timeline": self._show_timeline,
            "nearest_toxic": self._show_nearest,
            "undo_since": self._ask_undo_since,
        }

    def _begin(self) -> None:
        self._draft = ""
        self._refresh()

    def _changed(self, changes: Changes) -> None:
        if changes.prompt_ids is None:
            self._refresh()  # another window may have written them

    def _refresh(self) -> None:
        self._session.guidelines(self.guidelines.show_versions)

    def _toggle_guidelines(self) -> None:
        self._page.panes.toggle_aside()

    def _edit(self, versions: list[Guideline]) -> None:
        dialog = GuidelinesDialog(self._page, versions, self._draft)
        close = while_there(dialog, lambda _: dialog.close())
        dialog.written.connect(
            lambda text: self._session.write_guidelines(text, lambda done: self._written(close(done)))
        )
        dialog.left.connect(self._keep_draft)
        dialog.open()

    def _keep_draft(self, text: str) -> None:
        self._draft = text

    def _written(self, _: object) -> None:
        self._draft = ""
        self._refresh()

    def _show_timeline(self) -> None:
        view = self._page.view
        if view is None:
            return
        if self._page.blind or (view.prompt.id < 0 and view.nobody_decided):
            self._page.message.emit(tr("What others said of this prompt is hidden until you have decided."))
            return
        page, visible = self._page, self._page.visible
        dialog = TimelineDialog(page, view, covered=page.eye.shield.covers)

        def go_back(decision: Decision) -> None:
            if page.eye.may_decide(decision.aspect):
                page.write(decision, seen=view.version, visible=visible, stays=True)

        dialog.decided.connect(go_back)
        self._session.timeline(abs(view.prompt.id), while_there(dialog, dialog.show_events))
        dialog.open()

    def _show_nearest(self) -> None:
        view = self._page.view
        if view is None:
            return
        if self._page.eye.shield.covers:
            self._page.message.emit(tr("The text is covered. Show it first."))
            return
        NearestDialog(self._page, self._session, self._theme, abs(view.prompt.id), view.prompt.text).open()

    def _ask_undo_since(self) -> None:
        dialog = UndoSinceDialog(self._page, self._session)
        dialog.chosen.connect(lambda meant: self._page.reverse(partial(undo_since, self._session, meant)))
        dialog.open()

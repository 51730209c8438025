"""Guidelines, the timeline of the prompt, bulk undo, and prompts that are shown again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.consistency import Drift, pooled
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.guideline import Guideline
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.domain.review.timeline import Event
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.widgets import if_alive
from orbench_studio.gui.review.guidelines_pane import GuidelinesDialog
from orbench_studio.gui.review.page import ReviewPage
from orbench_studio.gui.review.timeline_dialog import TimelineDialog
from orbench_studio.gui.review.undo_dialog import UndoSinceDialog, undo_entry, undo_since
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace


class SidePanels:
    """Opens these for the review page, and loads what they show."""

    def __init__(self, page: ReviewPage, session: Session) -> None:
        self._page = page
        self._session = session
        self._again: int | None = None  # a prompt shown again that is not decided yet
        self._draft = ""  # of guidelines that were not saved
        page.guidelines.edit_wanted.connect(lambda: self._load_guidelines(self._edit))
        page.recorded.connect(self._after)
        page.trail.undo_wanted.connect(lambda entry: page.reverse(partial(undo_entry, session, entry)))
        session.opened.connect(self._begin)
        session.operations.changed.connect(self._changed)
        page.bind(
            {"guidelines": page.panes.toggle_aside, "timeline": self._show_timeline, "undo_since": self._ask_undo_since}
        )

    def _after(self, decision: Decision) -> None:
        """After a label: if one is due, silently insert a prompt to be shown again, behind the rows in view.

        Who reads ahead there decides about the rows in their order, so none may come between them.
        """
        if decision.prompt_id == self._again:
            self._again = None
        if decision.aspect is Aspect.LABEL and (self._again is None or self._page.model.place_of(self._again) is None):
            self._page.loader.show_again(frozenset(self._page.model.ids()), self._show_again)

    def _show_again(self, row: QueueRow | None) -> None:
        model = self._page.model
        if row is not None and model.place_of(row.prompt_id) is None and model.ids():
            model.insert(self._page.queue.place_out_of_view(), row)
            self._again = row.prompt_id

    def _begin(self) -> None:
        self._draft = ""
        self._refresh()

    def _changed(self, changes: Changes) -> None:
        if changes.prompt_ids is None:
            self._refresh()  # another window may have changed them
        elif any(prompt_id < 0 for prompt_id in changes.prompt_ids):  # a prompt that was shown again
            self._load_drift()

    def _refresh(self) -> None:
        self._load_guidelines(self._page.guidelines.show_versions)
        self._load_drift()

    def _load_drift(self) -> None:
        def work(workspace: Workspace) -> Drift:
            from orbench_studio.services.workspace import statistics

            return pooled(statistics.drift(workspace).values())

        self._session.run(work, self._page.guidelines.show_drift)

    def _load_guidelines(self, done: Callable[[list[Guideline]], object]) -> None:
        def work(workspace: Workspace) -> list[Guideline]:
            from orbench_studio.services.review import guidelines

            return guidelines.versions(workspace)

        self._session.run(work, done)

    def _edit(self, versions: list[Guideline]) -> None:
        dialog = GuidelinesDialog(self._page, versions, self._draft)
        close = if_alive(dialog, lambda _: dialog.close())

        def write(text: str) -> None:
            def work(workspace: Workspace) -> object:
                from orbench_studio.services.review import guidelines

                return guidelines.write(workspace, text)

            self._session.run(work, lambda done: self._written(close(done)))

        dialog.written.connect(write)
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
        if self._page.blind or (view.prompt.id < 0 and view.is_unlabelled):
            self._page.message.emit(tr("Other people's decisions are hidden until you have labelled this prompt."))
            return
        page = self._page
        dialog = TimelineDialog(page, view, covered=page.reading.shield.covers)

        def go_back(decision: Decision) -> None:
            if page.reading.may_decide(decision.aspect):
                visible = page.visible(decision.aspect, decision.response_id) | {Visible.CHANGE}
                page.write(decision, seen=view.version, visible=visible, stays=True)

        dialog.decided.connect(go_back)
        prompt_id, annotator = abs(view.prompt.id), self._session.annotator

        def work(workspace: Workspace) -> list[Event]:
            from orbench_studio.services.review import history

            return history.of_prompt(workspace, prompt_id, annotator)

        self._session.run(work, if_alive(dialog, dialog.show_events))
        dialog.open()

    def _ask_undo_since(self) -> None:
        dialog = UndoSinceDialog(self._page, self._session)
        dialog.chosen.connect(lambda meant: self._page.reverse(partial(undo_since, self._session, meant)))
        dialog.entry_chosen.connect(lambda entry: self._page.reverse(partial(undo_entry, self._session, entry)))
        dialog.open()

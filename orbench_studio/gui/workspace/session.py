"""The open workspace, as the window uses it: every call runs on the database's thread and answers on the window's.

Services are imported on that thread, so that the window is up before the database's libraries are.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.decision import Decision, PromptView
from orbench_studio.domain.review.guideline import Guideline
from orbench_studio.domain.review.queue import Field, Queue, QueueFilter, QueueRow, SavedView
from orbench_studio.domain.review.timeline import Event
from orbench_studio.domain.team.queue import given_to
from orbench_studio.domain.workspace.location import Location, is_same
from orbench_studio.errors import ConnectionLostError, WorkspaceMovedError
from orbench_studio.gui.common.operations import Operations, act_of
from orbench_studio.gui.workspace.connection import Connection
from orbench_studio.gui.workspace.watch import Watch
from orbench_studio.settings import Settings

if TYPE_CHECKING:
    from orbench_studio.services.review.bulk_labels import BulkPreview
    from orbench_studio.services.review.history import Entry
    from orbench_studio.services.workspace.statistics import Rate, Reveals, Source
    from orbench_studio.services.workspace.workspace import Workspace

    Overview = tuple[dict[str, Any], dict[str, Rate], dict[str, Reveals], list[Source], list[Entry]]


class Session(QObject):
    """One workspace at a time, and the person who reviews it."""

    opened = Signal()  # after a workspace has been opened; `workspace` is set
    closed = Signal()  # after it has been let go of
    moved = Signal(str)  # the file was renamed, deleted or replaced; in words, as often as somebody finds that out
    leaving = Signal()  # before that: what is asked for now still finds it open

    def __init__(self, operations: Operations, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.operations = operations
        self.background = Operations(self)  # what computes long and needs no workspace
        self.settings = settings
        self.workspace: Workspace | None = None
        self.own_work: set[int] = set()  # batches of this window that write meanwhile, and say themselves what
        self.connection = Connection(self)
        self._shown_again: dict[int, datetime] = {}  # since when, by line
        self._watch = Watch(self)

    @property
    def annotator(self) -> str:
        """Who decides here: on a server that says so, whoever its user is."""
        return (self.workspace and self.workspace.decides_as) or self.settings.annotator

    def open(
        self, place: Location, *, create: bool = False, failed: Callable[[Exception], object] | None = None
    ) -> None:
        """Open a workspace, or create one there; `failed` shows why not in the place of the message bar.

        The one that is open is closed first where it is that one.
        """
        if self.workspace is not None and is_same(self.workspace.place, place):
            self.close()

        def work() -> Workspace:
            from orbench_studio.services.workspace import workspace

            return workspace.create_workspace(place) if create else workspace.open_workspace(place)

        self.operations.run(work, self.adopt, failed, tells=failed is None, act=Session.adopt)

    def open_demo(self, scratch: Path) -> None:
        """Make a copy of the demo workspace in a folder and open it."""

        def work() -> Workspace:
            from orbench_studio.services.data import demo
            from orbench_studio.services.workspace import workspace

            path = scratch / "demo.orbench"
            return workspace.open_workspace(path) if path.exists() else demo.demo_workspace(path)

        self.operations.run(work, self.adopt, act=Session.adopt)

    def adopt(self, workspace: Workspace) -> None:
        """Take an open workspace over; the one before is closed."""
        self._let_go()
        self.workspace = workspace
        if not workspace.illustrative:
            self.settings.remember(workspace.place)
        self._watch.start()
        self.opened.emit()

    def close(self) -> None:
        """Let go of the workspace."""
        self._let_go()
        self.closed.emit()

    def queue(self, wanted: QueueFilter, shown: int | None, done: Callable[[Queue], None]) -> None:
        """Ask for the prompts that a filter lets through, to begin with the one shown where it is among them."""
        team = given_to(wanted)

        def work(workspace: Workspace) -> Queue:
            from orbench_studio.services.review import search
            from orbench_studio.services.team import assignments

            if team is not None and team[1] == self.annotator:
                assignments.claim(workspace, team[0], annotator=team[1])
            return search.queue_of(workspace, wanted, shown)

        self.run(work, done)

    def rows(self, prompt_ids: Sequence[int], done: Callable[[list[QueueRow]], None]) -> None:
        """Ask for lines of the queue."""
        again = {line: since for line, since in self._shown_again.items() if line in prompt_ids}
        who = self.annotator

        def work(workspace: Workspace) -> list[QueueRow]:
            from orbench_studio.services.review import search, self_consistency

            lines = [self_consistency.line(workspace, line, since, who) for line, since in again.items()]
            return lines + search.queue_rows(workspace, [prompt_id for prompt_id in prompt_ids if prompt_id > 0], who)

        self.run(work, done)

    def counts_of(self, wanted: QueueFilter, field: Field, done: Callable[[dict[str, int]], None]) -> None:
        """Ask how many prompts each value of a field would leave."""

        def work(workspace: Workspace) -> dict[str, int]:
            from orbench_studio.services.review import search

            return search.counts_of(workspace, wanted, field)

        self.run(work, done)

    def saved_views(self, done: Callable[[list[SavedView]], None]) -> None:
        """Ask for the saved views."""

        def work(workspace: Workspace) -> list[SavedView]:
            from orbench_studio.services.review import search

            return search.saved_views(workspace)

        self.run(work, done)

    def save_view(self, name: str, wanted: QueueFilter, done: Callable[[SavedView], None]) -> None:
        """Keep a filter under a name."""

        def work(workspace: Workspace) -> SavedView:
            from orbench_studio.services.review import search

            return search.save_view(workspace, name, wanted)

        self.run(work, done)

    def remove_view(self, name: str, done: Callable[[], None]) -> None:
        """Forget a saved view."""

        def work(workspace: Workspace) -> None:
            from orbench_studio.services.review import search

            search.remove_view(workspace, name)

        self.run(work, lambda _: done())

    def index_responses(
        self, on_progress: Callable[[int, int], bool], done: Callable[[], None], failed: Callable[[Exception], None]
    ) -> None:
        """Make the index that searches responses; the database's thread calls `on_progress`, and False cancels."""

        def work(workspace: Workspace) -> None:
            from orbench_studio.services.review import search

            search.index_responses(workspace, on_progress)

        self.run(work, lambda _: done(), failed)

    def load(self, prompt_id: int, done: Callable[[PromptView], None], *, wanted: bool = True) -> None:
        """Ask for one prompt with everything known of it; `wanted` at once, not for later."""
        since, who = self._shown_again.get(prompt_id), self.annotator

        def work(workspace: Workspace) -> PromptView:
            from orbench_studio.services.review import prompt_review, self_consistency

            if since is not None:
                return self_consistency.load(workspace, prompt_id, since, who)
            return prompt_review.load(workspace, prompt_id, who)

        self.connection.load(prompt_id, work, done, wanted=wanted)

    def decide(
        self,
        decision: Decision,
        *more: Decision,
        seen: int | None,
        visible: frozenset[Visible],
        done: Callable[[Changes], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Write a decision down; `done` is called once it is durable, on this machine where there is no connection."""
        self.connection.decide((decision, *more), seen, visible, done, failed)

    def bulk_preview(
        self, prompt_ids: Sequence[int], *, only_undecided: bool, done: Callable[[BulkPreview], object]
    ) -> None:
        """Ask what deciding these prompts would touch."""

        def work(workspace: Workspace) -> BulkPreview:
            from orbench_studio.services.review import bulk_labels

            return bulk_labels.preview(workspace, prompt_ids, only_undecided=only_undecided)

        self.run(work, done)

    def decide_all(
        self,
        prompt_ids: Sequence[int],
        what: tuple[Aspect, str],
        *,
        visible: frozenset[Visible],
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
        done: Callable[[Changes], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Decide the same of every prompt in one deed; the database's thread calls `progress` and `cancelled`."""

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.review import bulk_labels

            return bulk_labels.decide_all(
                workspace,
                prompt_ids,
                *what,
                annotator=self.annotator,
                visible=visible,
                progress=progress,
                cancelled=cancelled,
            )

        self.run(work, done, failed)

    def reverse(self, done: Callable[[Changes], None], failed: Callable[[Exception], None], *, redo: bool) -> None:
        """Undo or redo."""
        if self.connection.holds_back(failed):
            return

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.review import prompt_review

            return (prompt_review.redo if redo else prompt_review.undo)(workspace, annotator=self.annotator)

        self.run(work, done, failed)

    def shown_again(self, among: Container[int], done: Callable[[QueueRow | None], None]) -> None:
        """Ask for the line of a prompt among these that is to be shown to the reviewer again; None if not now."""
        now, who = datetime.now(UTC), self.annotator

        def work(workspace: Workspace) -> QueueRow | None:
            from orbench_studio.services.review import self_consistency

            prompt_id = self_consistency.due(workspace, among, annotator=who, per_cent=self.settings.recheck, now=now)
            return None if prompt_id is None else self_consistency.line(workspace, -prompt_id, now, who)

        def answer(row: QueueRow | None) -> None:
            if row is not None:
                self._shown_again[row.prompt_id] = now
            done(row)

        self.run(work, answer)

    def today(self, done: Callable[[int], None]) -> None:
        """Ask how many prompts the reviewer has labelled today."""

        def work(workspace: Workspace) -> int:
            from orbench_studio.services.review import prompt_review

            return prompt_review.decided_today(workspace, annotator=self.annotator)

        self.run(work, done)

    def overview(self, last: int, done: Callable[[Overview], None]) -> None:
        """Ask for the counts of the workspace, its people, the files it was made from, and the last deeds."""

        def work(workspace: Workspace) -> Overview:
            from orbench_studio.services.review import history
            from orbench_studio.services.workspace import statistics

            return (
                statistics.statistics(workspace),
                statistics.consistency(workspace),
                statistics.after_reveal(workspace),
                statistics.sources(workspace),
                history.entries(workspace, limit=last, annotator=self.annotator),
            )

        self.run(work, done)

    def guidelines(self, done: Callable[[list[Guideline]], object]) -> None:
        """Ask for all versions of the guidelines, oldest first."""

        def work(workspace: Workspace) -> list[Guideline]:
            from orbench_studio.services.review import guidelines

            return guidelines.versions(workspace)

        self.run(work, done)

    def write_guidelines(self, text: str, done: Callable[[object], object]) -> None:
        """Put a new version of the guidelines in force."""

        def work(workspace: Workspace) -> object:
            from orbench_studio.services.review import guidelines

            return guidelines.write(workspace, text)

        self.run(work, done)

    def timeline(self, prompt_id: int, done: Callable[[list[Event]], object]) -> None:
        """Ask for everything that was decided about a prompt, oldest first."""

        def work(workspace: Workspace) -> list[Event]:
            from orbench_studio.services.review import history

            return history.of_prompt(workspace, prompt_id, self.annotator)

        self.run(work, done)

    def save_settings(self) -> None:
        """Keep the preferences; where that fails the user is told, and nothing else is lost."""
        self.operations.run_now(self.settings.save)

    def run(
        self,
        work: Callable[[Workspace], Any],
        done: Callable[[Any], object] | None,
        failed: Callable[[Exception], object] | None = None,
        *,
        tells: bool = True,
    ) -> None:
        """Run `work` on the database's thread, and answer on the window's; see `Operations.run`."""
        workspace = self.workspace
        if workspace is None:
            return
        # An answer about a workspace that has been closed meanwhile is nobody's business any more.
        self.operations.run(
            lambda: work(workspace),
            done,
            lambda error: self._not_done(error, failed, tells=tells),
            tells=tells,
            handled_elsewhere=(ConnectionLostError, WorkspaceMovedError),
            act=act_of(work),
            is_current=lambda: self.workspace is workspace,
        )

    def _not_done(self, error: Exception, failed: Callable[[Exception], object] | None, *, tells: bool) -> None:
        if isinstance(error, ConnectionLostError):
            self.connection.lose(tells=tells)
        if failed is not None:
            failed(error)
        if isinstance(error, WorkspaceMovedError):
            self.moved.emit(str(error))

    def _let_go(self) -> None:
        self._watch.stop()
        self._shown_again.clear()
        if self.workspace is not None:
            self.leaving.emit()
            self.operations.run(self.workspace.close)
            self.workspace = None

"""Assignments in the review queue: requested in advance, renewed while the window is visible, returned on leaving.

The user works on a team queue while the filter of the review queue is `team:NAME=PERSON` with the user's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.queue import QueueFilter, QueueRow
from orbench_studio.domain.team.queue import assignments_filter, given_to
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.review.page import ReviewPage
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace

BEAT = 20_000  # milliseconds; a third of the shortest lease


class AssignedQueue(QObject):
    """Keeps the review queue filled with the user's assignments."""

    def __init__(self, page: ReviewPage, session: Session) -> None:
        super().__init__(page)
        self._page = page
        self._session = session
        self._joined: tuple[str, str] | None = None  # queue and annotator
        self._beat = QTimer(self, interval=BEAT)
        self._beat.timeout.connect(self.beat)
        page.loader.prepare_queue = self._claim
        page.decided.connect(self._ask_more)
        page.finder.changed.connect(self._follow)
        session.opened.connect(self._follow)
        session.leaving.connect(self._leave)

    def beat(self) -> None:
        """Renew the assignments and request more, unless the window is hidden."""
        window = self._page.window()
        is_seen = window.isVisible() and not window.isMinimized()
        if self._joined is None or not self._session.has_access or not is_seen:
            return
        name, who = self._joined

        def work(workspace: Workspace) -> None:
            from orbench_studio.services.team import assignments

            assignments.renew(workspace, name, annotator=who)

        self._session.run(work, None)
        self._ask_more()

    def renamed(self) -> None:
        """Continue the queue with the new name of the user."""
        if self._joined is not None:
            self._page.finder.bar.ask(assignments_filter(self._joined[0], self._session.annotator))

    def _claim(self, workspace: Workspace, wanted: QueueFilter) -> None:
        """Before the queue is loaded, on the database's thread: assign the first prompts to the annotator."""
        from orbench_studio.services.team import assignments

        assigned = given_to(wanted)
        if assigned is not None and assigned[1] == self._session.annotator:
            assignments.claim(workspace, assigned[0], annotator=assigned[1])

    def _follow(self) -> None:
        """Join or leave a team queue after the filter of the review queue changed."""
        assigned = given_to(self._page.finder.current)
        joined = assigned if assigned is not None and assigned[1] == self._session.annotator else None
        if joined != self._joined:
            self._leave()
            self._joined = joined
        self._beat.start() if joined else self._beat.stop()

    def _leave(self) -> None:
        if self._joined is None:
            return
        name, who = self._joined
        self._joined = None

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.team import assignments

            return assignments.give_back(workspace, name, annotator=who)

        self._session.run(work, None)

    def _ask_more(self) -> None:
        if self._joined is None or not self._session.has_access:
            return
        joined, known = self._joined, frozenset(self._page.model.ids())

        def work(workspace: Workspace) -> list[QueueRow]:
            from orbench_studio.services.team import assignments

            return assignments.claim_more(workspace, joined[0], known, annotator=joined[1])

        self._session.run(work, lambda rows: self._add(rows) if joined == self._joined else None)

    def _add(self, rows: list[QueueRow]) -> None:
        """Append new assignments to the queue; continue with them if the user is waiting after the last prompt."""
        page = self._page
        new = [row for row in rows if page.model.place_of(row.prompt_id) is None]
        if not new:
            return
        if not page.model.ids():
            page.ask_queue()
            return
        waits = page.at_end  # a revealed prompt stays until the annotator goes on
        for row in new:
            page.model.insert(page.model.rowCount(), row)
        page.queue.count(page.model.rowCount())
        if waits:
            page.step(1)
            page.message.emit(tr("New prompts were assigned to you."))

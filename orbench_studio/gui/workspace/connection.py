"""The connection to a workspace's server, and what becomes of decisions while there is none.

They are kept on this machine and sent in their order when it is back; what was loaded before can be decided meanwhile.
All that is kept is touched on the window's thread alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from PySide6.QtCore import QObject, QTimer, Signal

from orbench_studio.domain.core.annotation import Visible
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.decision import Decision, PromptView
from orbench_studio.domain.review.pending_decision import PendingDecision, with_pending
from orbench_studio.errors import ConnectionLostError, StaleDecisionError, StudioError, WorkspaceMovedError
from orbench_studio.gui.common.actions import tr

if TYPE_CHECKING:
    from orbench_studio.gui.workspace.session import Session
    from orbench_studio.services.workspace.workspace import Workspace

_REMEMBERED = 32  # prompts
_NAMED = 10  # decisions that one message names

Failed = Callable[[Exception], object]


class Connection(QObject):
    """Whether the server answers; only a workspace on one ever loses it."""

    lost = Signal(str)  # there is none, in words that stay until it is back
    back = Signal(str)  # it is there again, and everything has been sent
    unsaved = Signal(PendingDecision)  # it could not be written into a file that was moved

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._views: dict[int, PromptView] = {}
        self._kept: list[PendingDecision] = []
        self._refused: list[PendingDecision] = []
        self._sent = 0
        self._sending = False
        self._why = ""
        self.away = False
        session.opened.connect(self._begin)
        session.closed.connect(self._forget)

    def decide(
        self,
        deed: tuple[Decision, ...],
        seen: int | None,
        visible: frozenset[Visible],
        done: Callable[[Changes], None],
        failed: Failed,
    ) -> None:
        """Write a deed down, or keep it; `done` is called once it is on a disk either way."""
        sending = PendingDecision(uuid4().hex, self._now(), self._session.annotator, deed, visible, seen)
        sending = replace(sending, after=self._before(sending))
        if self.away or self._kept:
            self._keep(sending, done, failed)
            return

        def written(changes: Changes) -> None:
            self._forget_view(sending)
            done(changes)

        def not_written(error: Exception) -> None:
            if isinstance(error, WorkspaceMovedError):
                self.unsaved.emit(sending)
            elif isinstance(error, ConnectionLostError):
                self._keep(sending, done, failed)
            else:
                failed(error)

        self._session.run(_Act(sending), written, not_written)

    def load(
        self,
        prompt_id: int,
        work: Callable[[Workspace], PromptView],
        done: Callable[[PromptView], None],
        *,
        wanted: bool,
    ) -> None:
        """Ask for a prompt; without a connection, for what was loaded before."""

        def remember(view: PromptView) -> None:
            self._views.pop(prompt_id, None)
            self._views[prompt_id] = view
            while len(self._views) > _REMEMBERED:
                self._views.pop(next(iter(self._views)))
            done(view)

        def remembered(_error: Exception | None = None) -> None:
            if prompt_id in self._views:
                done(self._views[prompt_id])
            elif self.away and wanted:
                self._say(f"{tr('Prompt')} {abs(prompt_id)} {tr('was not loaded before, and cannot be shown.')}")

        if self.away:
            QTimer.singleShot(0, self, remembered)
        else:
            self._session.run(work, remember, remembered)

    def holds_back(self, failed: Failed) -> bool:
        """Whether an undo has to wait, because it would take back something else than what was decided last."""
        if not self.away and not self._kept:
            return False
        self._say(tr("What was decided can be taken back when it is there again."))
        QTimer.singleShot(0, self, lambda: failed(ConnectionLostError()))
        return True

    def lose(self, *, tells: bool) -> None:
        """The server did not answer."""
        if tells or not self.away:
            self.away = True
            self._say(self._why)

    def reached(self) -> None:
        """The server answered."""
        was_away, self.away, self._why = self.away, False, ""
        if self._kept:
            self._send_next()
        elif was_away:
            self.back.emit(tr("The connection is back."))

    def _keep(self, sending: PendingDecision, done: Callable[[Changes], None], failed: Failed) -> None:
        from orbench_studio.services.review import offline_queue

        assert self._session.workspace is not None  # a prompt of it is on the screen
        kept = replace(sending, again=True)
        try:
            offline_queue.store(self._session.workspace, kept)
        except StudioError as error:
            self._session.operations.failed.emit(_Act(kept), str(error))
            failed(error)
            return
        self._kept.append(kept)
        line = sending.decisions[0].prompt_id
        if line in self._views:
            self._views[line] = with_pending(self._views[line], kept)
        self._say()
        message = f"{sending.summary}: {tr('kept on this machine')}"
        QTimer.singleShot(0, self, lambda: done(Changes(message=message)))

    def _send_next(self) -> None:
        if self._sending or not self._kept:
            return
        self._sending, sending = True, self._kept[0]
        self._session.run(_Act(sending), self._was_sent, self._was_not_sent, tells=False)

    def _was_sent(self, _changes: Changes) -> None:
        self._sent += 1
        self._drop(self._kept[0])
        self._go_on()

    def _was_not_sent(self, error: Exception) -> None:
        if isinstance(error, StaleDecisionError):
            self._refused.append(self._kept[0])
            self._go_on()
            return
        self._sending = not isinstance(error, StudioError)  # a fault of ours is shown once, and not tried again
        if not isinstance(error, ConnectionLostError):
            self._say(str(error))

    def _go_on(self) -> None:
        self._sending = False
        self._forget_view(self._kept.pop(0))
        if self._kept:
            self._send_next()
            return
        self.back.emit(f"{tr('The connection is back.')} {tr('Decisions sent')}: {self._sent:,}")
        self._sent = 0
        if self._refused:
            self._tell_refused()

    def _tell_refused(self) -> None:
        named = [one.summary for one in self._refused[:_NAMED]]
        more = [f"{len(self._refused) - _NAMED:,} {tr('more')}"] if len(self._refused) > _NAMED else []
        text = tr("Decided by others while there was no connection, so that yours are not written down:")
        advice = tr("The prompts are shown as they are now; decide again if you still want to.")
        self._session.operations.failed.emit(self._tell_refused, f"{text} {'; '.join(named + more)}. {advice}")
        for one in self._refused:
            self._drop(one)
        self._refused.clear()

    def _drop(self, sending: PendingDecision) -> None:
        from orbench_studio.services.review import offline_queue

        if self._session.workspace is not None:
            with suppress(OSError):  # a file that stays is sent again, and found to be there
                offline_queue.discard(self._session.workspace, sending)

    def _say(self, why: str = "") -> None:
        self._why = why
        away = tr("No connection to the server.") if self.away else ""
        kept = f"{tr('Decisions kept here until it is back')}: {len(self._kept):,}." if self._kept else ""
        self.lost.emit(" ".join(filter(None, (away, why, kept))))

    def _begin(self) -> None:
        """Send what an earlier window kept."""
        from orbench_studio.services.review import offline_queue

        self._forget()
        assert self._session.workspace is not None  # the signal says so
        self._kept, unreadable = offline_queue.stored(self._session.workspace)
        if unreadable:
            text = tr("Decisions kept on this machine cannot be read, and stay where they are:")
            self._session.operations.failed.emit(self._begin, f"{text} {', '.join(map(str, unreadable))}")
        self._send_next()

    def _forget(self) -> None:
        self._views.clear()
        self._kept, self._refused = [], []
        self._sent, self._why = 0, ""
        self.away = self._sending = False

    def _forget_view(self, sending: PendingDecision) -> None:
        for line in (sending.prompt_id, -sending.prompt_id):
            self._views.pop(line, None)

    def _before(self, sending: PendingDecision) -> str | None:
        return next((one.uuid for one in reversed(self._kept) if one.prompt_id == sending.prompt_id), None)

    def _now(self) -> datetime:
        """Later than what is kept, whatever the clock does: they are sent in this order."""
        now = datetime.now(UTC)
        return max(now, self._kept[-1].at + timedelta(microseconds=1)) if self._kept else now


class _Act:
    """Sending a deed; the same act as sending any other of the same kind about the same prompt or response."""

    def __init__(self, sending: PendingDecision) -> None:
        self._sending = sending
        first = sending.decisions[0]
        self._about = (first.prompt_id, first.aspect, first.response_id)

    def __call__(self, workspace: Workspace) -> Changes:
        from orbench_studio.services.review import offline_queue

        return offline_queue.send(workspace, self._sending)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Act) and self._about == other._about

    def __hash__(self) -> int:
        return hash(self._about)

"""Decisions on their way into the workspace, and the offline queue for a server that does not answer.

Offline decisions are stored on this machine and sent in their order after reconnecting; prompts that were loaded before
can be decided meanwhile. All state here is used on the window's thread only. Decisions are imported on first use: they
would delay the first frame.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from orbench_studio.domain.core.changes import Changes
from orbench_studio.errors import ConnectionLostError, StaleDecisionError, StudioError, WorkspaceMovedError
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.workspace.session import Session
from orbench_studio.gui.workspace.watch import Watch

if TYPE_CHECKING:
    from orbench_studio.domain.core.annotation import Visible
    from orbench_studio.domain.review.decision import Decision, PromptView
    from orbench_studio.domain.review.pending_decision import PendingDecision
    from orbench_studio.services.workspace.workspace import Workspace

_REMEMBERED = 32  # prompts
_NAMED = 10  # decisions that one message names

Failed = Callable[[Exception], object]


class DecisionRecorder(QObject):
    """Whether the server answers; only a workspace on a server can go offline."""

    lost = Signal(str)  # the server does not answer: a message that stays until it does
    back = Signal(str)  # it answers again, and everything has been sent
    unsaved = Signal(
        object
    )  # a pending decision that could not be written, because the file of the workspace was moved

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._views: dict[int, PromptView] = {}
        self._pending: list[PendingDecision] = []
        self._being_saved: list[PendingDecision] = []
        # Whether a redo, or an undo, was sent and its reply lost, with its uuid: sent again, it is recorded once.
        self._unanswered: tuple[bool, str] | None = None
        self._refused: list[PendingDecision] = []  # since the connection came back
        self._sent = 0
        self._sending = False
        self._error = ""
        self.is_offline = False
        self._watch = Watch(session, is_offline=lambda: self.is_offline, reached=self.reached)
        session.opened.connect(self._begin)
        session.leaving.connect(self._watch.stop)
        session.closed.connect(self._forget)
        session.disconnected.connect(self.lose)

    @property
    def waiting(self) -> tuple[PendingDecision, ...]:
        """The decisions that are not sent yet, oldest first."""
        return tuple(self._pending)

    @property
    def unsaved_labels(self) -> frozenset[int]:
        """The prompts with a label that is not in the workspace yet: it is being saved, or it waits for the server."""
        from orbench_studio.domain.core.annotation import Aspect

        unsaved = (*self._pending, *self._being_saved)
        return frozenset(one.prompt_id for one in unsaved if one.decisions[0].aspect is Aspect.LABEL)

    def decide(
        self,
        decisions: tuple[Decision, ...],
        seen: int | None,
        visible: frozenset[Visible],
        done: Callable[[Changes], None],
        failed: Failed,
    ) -> None:
        """Record the decisions of one entry; `done` is called once they are on a disk, offline on this machine's."""
        from uuid import uuid4

        from orbench_studio.domain.review.pending_decision import PendingDecision

        pending = PendingDecision(uuid4().hex, self._now(), self._session.annotator, decisions, visible, seen)
        pending = replace(pending, after=self._pending_before(pending))
        self._unanswered = None
        if self.is_offline or self._pending:
            self._store(pending, done, failed)
            return

        def saved(changes: Changes) -> None:
            self._being_saved.remove(pending)
            self._forget_view(pending)
            done(changes)

        def not_saved(error: Exception) -> None:
            self._being_saved.remove(pending)
            if isinstance(error, WorkspaceMovedError):
                self.unsaved.emit(pending)
            elif isinstance(error, ConnectionLostError):
                self._store(pending, done, failed)
            else:
                failed(error)

        self._being_saved.append(pending)
        self._session.run(_Recording(pending), saved, not_saved, urgent=True)

    def reverse(self, done: Callable[[Changes], None], failed: Failed, *, redo: bool) -> None:
        """Undo or redo; refused offline, because it would reverse another decision than the last one."""
        if self.is_offline or self._pending:
            self._show(tr("Undo is available once you are back online."))
            QTimer.singleShot(0, self, lambda: failed(ConnectionLostError()))
            return
        from uuid import uuid4

        annotator = self._session.annotator
        was_redo, uuid = self._unanswered or (redo, uuid4().hex)
        if was_redo != redo:
            uuid = uuid4().hex
        self._unanswered = None

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.review import prompt_review

            return (prompt_review.redo if redo else prompt_review.undo)(workspace, annotator=annotator, uuid=uuid)

        def not_reversed(error: Exception) -> None:
            if isinstance(error, ConnectionLostError):
                self._unanswered = redo, uuid
            failed(error)

        self._session.run(work, done, not_reversed, urgent=True)

    def load(
        self,
        prompt_id: int,
        work: Callable[[Workspace], PromptView],
        done: Callable[[PromptView], None],
        not_there: Callable[[], None] | None,
    ) -> None:
        """Load a prompt; offline, use the copy that was loaded before.

        `not_there` is called if there is no such copy; it is None for a prompt that is loaded ahead.
        """

        from orbench_studio.domain.review.pending_decision import with_pending

        def remember(view: PromptView) -> None:
            for pending in self._pending:
                if pending.decisions[0].prompt_id == prompt_id:  # the server does not have it yet
                    view = with_pending(view, pending)
            self._views.pop(prompt_id, None)
            self._views[prompt_id] = view
            while len(self._views) > _REMEMBERED:
                self._views.pop(next(iter(self._views)))
            done(view)

        def remembered(_error: Exception | None = None) -> None:
            if prompt_id in self._views:
                done(self._views[prompt_id])
            elif self.is_offline and not_there is not None:
                text = tr("Prompt {number} was not loaded before you went offline, and cannot be shown.")
                self._show(text.format(number=abs(prompt_id)))
                not_there()

        if self.is_offline:
            QTimer.singleShot(0, self, remembered)
        else:
            self._session.run(work, remember, remembered)

    def lose(self, show_errors: bool) -> None:
        """Go offline: the server did not answer."""
        if show_errors or not self.is_offline:
            self.is_offline = True
            self._show(self._error)

    def reached(self) -> None:
        """Go online: the server answered."""
        was_offline, self.is_offline, self._error = self.is_offline, False, ""
        if self._pending:
            self._send_next()
        elif was_offline:
            self.back.emit(tr("The connection is back."))

    def _store(self, pending: PendingDecision, done: Callable[[Changes], None], failed: Failed) -> None:
        from orbench_studio.domain.review.pending_decision import with_pending
        from orbench_studio.services.review import offline_queue

        assert self._session.workspace is not None  # one of its prompts is on the screen
        stored = replace(pending, again=True)
        try:
            offline_queue.store(self._session.workspace, stored)
        except StudioError as error:
            self._session.operations.failed.emit(_Recording(stored), str(error))
            failed(error)
            return
        self._pending.append(stored)
        prompt_id = pending.decisions[0].prompt_id
        if prompt_id in self._views:
            self._views[prompt_id] = with_pending(self._views[prompt_id], stored)
        self._show()
        message = tr("{decision}: stored on this machine").format(decision=pending.summary)
        QTimer.singleShot(0, self, lambda: done(Changes(message=message)))

    def _send_next(self) -> None:
        if self._sending or not self._pending:
            return
        self._sending = True
        self._session.run(
            _Recording(self._pending[0]), self._was_sent, self._was_not_sent, show_errors=False, urgent=True
        )

    def _was_sent(self, _changes: Changes) -> None:
        self._sent += 1
        self._discard(self._pending[0])
        self._go_on()

    def _was_not_sent(self, error: Exception) -> None:
        if isinstance(error, StaleDecisionError):
            self._refuse(self._pending[0], str(error))
            self._go_on()
            return
        self._sending = not isinstance(error, StudioError)  # a crash is shown once, and the sending is not repeated
        if not isinstance(error, ConnectionLostError):
            self._show(str(error))

    def _go_on(self) -> None:
        self._sending = False
        self._forget_view(self._pending.pop(0))
        if self._pending:
            self._send_next()
            return
        self.back.emit(tr("The connection is back. Decisions sent: {count}").format(count=f"{self._sent:,}"))
        self._sent = 0
        if self._refused:
            self._show_refused()

    def _refuse(self, pending: PendingDecision, reason: str) -> None:
        from orbench_studio.services.review import offline_queue

        assert self._session.workspace is not None  # it has just refused the decision
        self._refused.append(pending)
        with suppress(OSError):  # the file stays, and is sent and refused again
            offline_queue.refuse(self._session.workspace, pending, reason)

    def _show_refused(self) -> None:
        named = "; ".join(one.summary for one in self._refused[:_NAMED])
        if len(self._refused) > _NAMED:
            more = f"{len(self._refused) - _NAMED:,}"
            named = tr("{decisions} and {more} more").format(decisions=named, more=more)
        text = tr(
            "Not saved, because others decided these prompts while you were offline: {decisions}. "
            "The menu Edit lists them under “Decisions not saved…” until you remove them."
        )
        self._session.operations.failed.emit(self._show_refused, text.format(decisions=named))
        self._refused.clear()

    def _discard(self, pending: PendingDecision) -> None:
        from orbench_studio.services.review import offline_queue

        if self._session.workspace is not None:
            with suppress(OSError):  # a file that stays is sent again, and is found to be saved already
                offline_queue.discard(self._session.workspace, pending)

    def _show(self, error: str = "") -> None:
        self._error = error
        offline = tr("No connection to the server.") if self.is_offline else ""
        count = f"{len(self._pending):,}"
        stored = tr("Decisions stored on this machine: {count}.").format(count=count) if self._pending else ""
        self.lost.emit(" ".join(filter(None, (offline, error, stored))))

    def _begin(self) -> None:
        """Send what an earlier window stored."""
        from orbench_studio.services.review import offline_queue

        self._watch.start()
        self._forget()
        assert self._session.workspace is not None  # the signal says so
        if self._session.workspace.on_server:  # the first decision does not wait for its connection
            self._session.run(lambda workspace: workspace.require_access(), None, show_errors=False, urgent=True)
        self._pending, unreadable = offline_queue.stored(self._session.workspace)
        self._refused = [one.pending for one in offline_queue.refused(self._session.workspace)]
        if unreadable:
            text = tr("These stored decisions cannot be read. The files were not changed: {files}")
            self._session.operations.failed.emit(self._begin, text.format(files=", ".join(map(str, unreadable))))
        if self._pending:
            self._send_next()
        elif self._refused:
            self._show_refused()

    def _forget(self) -> None:
        self._views.clear()
        self._pending, self._refused, self._being_saved = [], [], []
        self._sent, self._error, self._unanswered = 0, "", None
        self.is_offline = self._sending = False

    def _forget_view(self, pending: PendingDecision) -> None:
        for prompt_id in (pending.prompt_id, -pending.prompt_id):
            self._views.pop(prompt_id, None)

    def _pending_before(self, pending: PendingDecision) -> str | None:
        return next((one.uuid for one in reversed(self._pending) if one.prompt_id == pending.prompt_id), None)

    def _now(self) -> datetime:
        """Later than all pending decisions, even if the clock is set back: they are sent in this order."""
        now = datetime.now(UTC)
        return max(now, self._pending[-1].at + timedelta(microseconds=1)) if self._pending else now


class _Recording:
    """Recording a decision; equal to any other of the same kind about the same prompt or response."""

    def __init__(self, pending: PendingDecision) -> None:
        self._pending = pending
        first = pending.decisions[0]
        self._about = (first.prompt_id, first.aspect, first.response_id)

    def __call__(self, workspace: Workspace) -> Changes:
        from orbench_studio.services.review import self_consistency

        return self_consistency.record(workspace, self._pending)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Recording) and self._about == other._about

    def __hash__(self) -> int:
        return hash(self._about)

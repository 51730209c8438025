"""Audit counts of the open workspace, kept up to date while the page is visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from orbench_studio.domain.audit.refusal_rates import FINAL, PEOPLE
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.workspace.workspace import Workspace

_COUNTED = {Kind.PROMPTS, Kind.VOTES, Kind.RESPONSES, Kind.JUDGEMENTS, Kind.ANNOTATIONS, Kind.GROUPS}
_PAUSE = 1_500  # milliseconds before everything is read again, because large changes often come in series


class CountsCache(QObject):
    """Reads counts on the database thread, one read at a time, and signals each new version."""

    changed = Signal()  # `counts` is the current version; None without a workspace
    failed = Signal(str)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.counts: AuditCounts | None = None
        self.answers = FINAL
        self._stale: set[int] | None = None  # prompts to count again; None: all
        self._reading = False
        self._shown = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._read)
        session.opened.connect(self._reset)
        session.closed.connect(self._reset)

    def show(self, *, shown: bool) -> None:
        """Start or stop keeping the counts up to date."""
        self._shown = shown
        if shown:
            self._read()

    def load_answers(self, answers: str) -> None:
        """Load the counts for a source of answer classes; back to FINAL if there is no such judge."""
        self.answers = answers
        self._read()

    def refresh(self, changes: Changes) -> None:
        """Mark changed prompts as stale, and read them if the page is visible."""
        if not changes.kinds & _COUNTED or self.counts is None:
            return
        if changes.prompt_ids is None or self._stale is None:
            self._stale = None
            if self._shown:
                self._timer.start()
            return
        self._stale |= set(changes.prompt_ids)
        self._read()

    def _read(self) -> None:
        current = self.counts is not None and self._stale == set() and self._has_judge()
        if not self._shown or self._reading or current or self._session.workspace is None:
            return
        counts, stale, answers = self.counts, self._stale, self.answers
        self._stale, self._reading = set(), True

        def work(workspace: Workspace) -> AuditCounts:
            from orbench_studio.services.audit import audit_counts

            if counts is None or stale is None:
                now = audit_counts.read(workspace)
            else:
                now = audit_counts.refreshed(counts, workspace, sorted(stale))
            return audit_counts.with_judge(now, workspace, answers)

        self._session.run(work, self._done, self._fail, show_errors=False)

    def _has_judge(self) -> bool:
        return self.answers in (FINAL, PEOPLE) or (self.counts is not None and self.answers in self.counts.by_judge)

    def _done(self, counts: AuditCounts) -> None:
        self._reading = False
        self.counts = counts
        self.changed.emit()
        self._read()  # changes since the read began

    def _fail(self, error: Exception) -> None:
        self._reading = False
        self._stale = None
        self.answers = FINAL
        self.failed.emit(str(error))

    def _reset(self) -> None:
        self._timer.stop()
        self.counts, self._stale, self._reading = None, None, False
        self.answers = FINAL
        self.changed.emit()
        self._read()

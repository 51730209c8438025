"""Audit counts of the open workspace, kept up to date while the page is visible."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from orbench_studio.domain.audit.refusal_rates import FINAL
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.workspace.workspace import Workspace

_COUNTED = {Kind.PROMPTS, Kind.VOTES, Kind.RESPONSES, Kind.JUDGEMENTS, Kind.ANNOTATIONS, Kind.GROUPS}
_PAUSE = 1_500  # milliseconds before everything is read again, because large changes often come in series


class _Read(NamedTuple):
    everything: AuditCounts
    counts: AuditCounts
    subsets: tuple[str, ...]
    loaded: tuple[str, str]


class CountsCache(QObject):
    """Reads counts on the database thread, one read at a time, and signals each new version."""

    changed = Signal()  # `counts` and `everything` are the current version; None without a workspace
    failed = Signal(str)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.counts: AuditCounts | None = None  # of the subset
        self.everything: AuditCounts | None = None
        self.subsets: tuple[str, ...] = ()
        self.loaded: tuple[str, str] | None = None  # source of answer classes and subset of `counts`
        self._wanted = FINAL, ""
        self._stale: set[int] | None = None  # prompts to count again; None: all
        self._reading = False
        self._shown = False
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE)
        self._timer.timeout.connect(self._read)
        session.opened.connect(self._reset)
        session.closed.connect(self._reset)

    def show(self, *, shown: bool) -> None:
        """Start or stop keeping the counts up to date."""
        self._shown = shown
        if shown:
            self._read()

    def load(self, answers: str, subset: str) -> None:
        """Load the counts of a subset (empty: all prompts) for a source of answer classes.

        Back to all prompts and FINAL if there is no such subset or judge.
        """
        self._wanted = answers, subset
        self._read()

    def refresh(self, changes: Changes) -> None:
        """Mark changed prompts as stale, and read them if the page is visible."""
        if self.everything is None:
            return
        if Kind.SUBSETS in changes.kinds:
            self.loaded = None
            self._read()
        if not changes.kinds & _COUNTED:
            return
        if changes.prompt_ids is None or self._stale is None:
            self._stale = None
            if self._shown:
                self._timer.start()
            return
        self._stale |= set(changes.prompt_ids)
        self._read()

    def _read(self) -> None:
        current = self.counts is not None and self._stale == set() and self.loaded == self._wanted
        if not self._shown or self._reading or current or self._session.workspace is None:
            return
        counts, stale, (answers, subset) = self.everything, self._stale, self._wanted
        self._stale, self._reading = set(), True

        def work(workspace: Workspace) -> _Read:
            from orbench_studio.services.audit import audit_counts
            from orbench_studio.services.curation import subset_audit, subsets

            if counts is None or stale is None:
                now = audit_counts.read(workspace)
            else:
                now = audit_counts.refreshed(counts, workspace, sorted(stale))
            now = audit_counts.with_judge(now, workspace, answers)
            part = subset_audit.counts_of_subset(now, workspace, subset) if subset else now
            names = tuple(one.name for one in subsets.saved_subsets(workspace))
            return _Read(now, part, names, (answers, subset))

        self._session.run(work, self._done, self._fail, show_errors=False)

    def _done(self, read: _Read) -> None:
        self._reading = False
        self.everything, self.counts, self.subsets, self.loaded = read
        self.changed.emit()
        self._read()  # changes since the read began

    def _fail(self, error: Exception) -> None:
        self._reading = False
        self._stale = None
        of_subset = bool(self._wanted[1])
        self._wanted = FINAL, ""
        self.failed.emit(str(error))
        if of_subset:
            self._read()

    def _reset(self) -> None:
        self._timer.stop()
        self.counts, self.everything, self._stale, self._reading = None, None, None, False
        self._wanted, self.loaded, self.subsets = (FINAL, ""), None, ()
        self.changed.emit()
        self._read()

"""Judging from the window: a piece at a time on the database's thread, so that decisions get in between.

What computes only, such as learning, has a thread of its own. One run at a time: two of the same judge would write
over one another. What is asked for meanwhile follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.judgement import BuiltinJudge
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.operations import Operations
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.judging.run_judges import Instrument, JudgingResult, LocalJudge
    from orbench_studio.services.workspace.workspace import Workspace

RULES, LOCAL = BuiltinJudge.RULES, BuiltinJudge.LOCAL
PIECE = 200  # responses; a decision waits for one piece at most, some 70 ms (measured)


class JudgeRun(QObject):
    """The rules or the local judge on everything that waits for them. Cancelled or closed, what is judged stays."""

    message = Signal(str)  # once it has ended, in words for the user

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.strip = ProgressStrip()
        self.busy = False
        self._next: list[str] = []
        self._goes_on: Callable[[int, int], bool] = _quietly
        session.opened.connect(self._forget)
        session.closed.connect(self._forget)

    def ask(self, judge: str) -> None:
        """Have the rules or the local judge judge what waits for it, now or after what is being judged now."""
        if self._session.workspace is None:
            self.message.emit(tr("Open a workspace first."))
        elif self.busy:
            self._next = [other for other in self._next if other != judge] + [judge]
            self.message.emit(tr("Responses are being judged; that follows."))
        elif judge == RULES:
            self._by_rules()
        else:
            self._by_local_judge()

    def _by_rules(self) -> None:
        workspace = self._session.workspace
        assert workspace is not None  # whoever asks has looked

        def rules() -> Instrument:
            from orbench_studio.services.judging import run_judges

            return run_judges.rules(workspace)

        self._begin(tr("The rules are judging"))
        self._ask(self._session.operations, rules, lambda found: self._judge(found, self._judged))

    def _by_local_judge(self) -> None:
        self._begin(tr("The local judge learns, then judges"))
        self._learn(self._judge_if_learned)

    def learn_quietly(self) -> None:
        """Have the local judge learn and judge, nothing to see but a word where it changed anything. Not while busy."""
        self.busy = True
        self._goes_on = _quietly
        self._learn(self._judge_quietly)

    def _begin(self, words: str) -> None:
        self.busy = True
        self._goes_on = self.strip.begin(words)

    def _end(self) -> None:
        self.busy = False
        self.strip.end()
        if self._next:
            self.ask(self._next.pop(0))

    def _forget(self) -> None:
        """The workspace is another, or none."""
        self._next.clear()
        self._end()

    def _learn(self, then: Callable[[LocalJudge], None]) -> None:
        workspace = self._session.workspace
        assert workspace is not None  # whoever asks has looked

        def read() -> Any:
            from orbench_studio.services.judging import run_judges

            return run_judges.examples(workspace)

        def train(known: Any) -> None:
            def work() -> LocalJudge:
                from orbench_studio.services.judging import run_judges

                return run_judges.trained(known)

            self._ask(self._session.background, work, then)

        self._ask(self._session.operations, read, train)

    def _judge_if_learned(self, local: LocalJudge) -> None:
        if local.learned:
            self._judge(local, self._judged)
            return
        self._end()
        words = tr("The local judge has too little to learn from: people have judged")
        self.message.emit(f"{words} {local.examples:,} {tr('responses. It needs more, both answers and refusals.')}")

    def _judge_quietly(self, local: LocalJudge) -> None:
        def judged(done: JudgingResult) -> None:
            self._end()
            if done.judged:
                prompts = tuple(sorted(set(done.otherwise)))
                self._session.operations.changed.emit(Changes(frozenset({Kind.JUDGEMENTS}), prompts))
                learned = f"{tr('Local judge learned from')} {local.examples:,} {tr('decisions')}"
                self.message.emit(f"{learned}, {len(done.otherwise):,} {tr('responses judged otherwise')}")

        if local.learned:
            self._judge(local, judged)
        else:
            self._end()

    def _judged(self, done: JudgingResult) -> None:
        self._end()
        self._session.operations.changed.emit(done.changes)
        self.message.emit(done.changes.message)

    def _judge(self, instrument: Instrument, then: Callable[[JudgingResult], None]) -> None:
        workspace = self._session.workspace
        assert workspace is not None  # an answer for a workspace that is gone never comes here
        goes_on = self._goes_on

        def begin() -> Any:
            from orbench_studio.services.judging import run_judges

            return run_judges.judging(workspace, instrument, PIECE)

        def take(pieces: Any) -> None:
            def took(done: JudgingResult) -> None:
                if not goes_on(done.judged, done.total) or done.finished:
                    then(done)
                else:
                    take(pieces)

            self._ask(self._session.operations, lambda: next(pieces), took)

        self._ask(self._session.operations, begin, take)

    def _ask(self, where: Operations, work: Callable[[], Any], then: Callable[[Any], object]) -> None:
        """Run `work`, then `then` where the workspace is still the same; a fault, which the window tells, ends it."""
        workspace: Workspace | None = self._session.workspace

        def here(act: Callable[[], object]) -> None:
            if self._session.workspace is workspace is not None:
                act()

        where.run(work, lambda found: here(lambda: then(found)), lambda _error: here(self._end))


def _quietly(_done: int, _total: int) -> bool:
    """Nothing to see and no way to cancel: goes on to the end."""
    return True

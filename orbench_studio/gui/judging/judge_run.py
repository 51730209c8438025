"""Run built-in judges from the window.

Judging runs in chunks on the database thread, so that decisions are saved in between. Training runs in a background
thread. Only one run is active at a time, because two runs of the same judge would overwrite each other; requests in the
meantime are queued.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.review.queue import QueueFilter, Term
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.dialogs import confirm
from orbench_studio.gui.common.operations import Operations
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES, KEYWORDS, LOCAL, RULES

if TYPE_CHECKING:
    from orbench_studio.instruments.assessment import Instrument
    from orbench_studio.instruments.local_judge import LocalJudge
    from orbench_studio.services.judging.run_judges import JudgingResult
    from orbench_studio.services.workspace.workspace import Workspace

_OTHERS = (
    "Judge 1 response, which other judges have judged?",
    "Judge {count} responses, {others} of them already judged by other judges?",
)
_SHOWN = (
    "1 response to the prompts in the current filter is not judged by {judge}.",
    "{count} responses to the prompts in the current filter are not judged by {judge}.",
)
_ALL = "The whole workspace has {count}, {others} of them judged by other judges."
_EFFECT = (
    "Classes by people and judgements of other judges are not changed. The class of a response can change where only "
    "judges have classified it: a language model counts before local-judge, local-judge before rules, and a newer "
    "judgement before an older one of the same kind. Judgements cannot be undone. To leave them out of rates, choose "
    "another judge in Audit."
)
_NAMES = {RULES: "studio-rules", LOCAL: "local-judge", KEYWORDS: "or-bench-keyword-lists"}
CHUNK = 200  # responses; a decision waits for at most one chunk, about 70 ms (measured)


class Scope(NamedTuple):
    """The responses of a run: all of the workspace, or those of a batch or of a filter."""

    batch_id: int | None = None
    terms: tuple[Term, ...] = ()


class JudgeRun(QObject):
    """Runs a built-in judge on the responses of a batch, of a filter or of the workspace that it has not judged.

    A cancelled run keeps its judgements.
    """

    message = Signal(str)  # for the user, at the end of a run

    def __init__(self, session: Session, parent: QWidget, queue_filter: Callable[[], QueueFilter]) -> None:
        super().__init__(parent)
        self._queue_filter = queue_filter
        self._session, self._window = session, parent
        self.strip = ProgressStrip()
        self.busy = False
        self._queued: list[tuple[str, Scope]] = []
        self._scope = Scope()  # of the run
        self._on_progress: Callable[[int, int], bool] = _continue
        session.opened.connect(self._reset)
        session.closed.connect(self._reset)

    def ask_all(self, judge: str) -> None:
        """Run a judge on all responses, after a question if a filter is set, or if other judges have judged some."""
        workspace = self._session.workspace
        if workspace is None:
            self.ask(judge)
            return

        terms = self._queue_filter().terms

        def read() -> tuple[int, int, int]:
            from orbench_studio.services.judging import run_judges

            count, others = run_judges.to_judge(workspace, judge)
            return count, others, run_judges.to_judge(workspace, judge, terms)[0] if terms else count

        def ask(counts: tuple[int, int, int]) -> None:
            count, others, shown = counts
            if self._session.workspace is not workspace:
                return
            if others or shown < count:
                self._confirm(judge, counts, terms)
            else:
                self.ask(judge)

        self._session.operations.run(read, ask)

    def _confirm(self, judge: str, counts: tuple[int, int, int], terms: tuple[Term, ...]) -> None:
        """Ask which responses to judge: those to the prompts in the current filter, or all."""
        (count, others, shown), verb, name = counts, tr("Judge"), _NAMES.get(judge, judge)
        more: list[tuple[str, Callable[[], object]]] = []
        question = plural(count, *_OTHERS, others=f"{others:,}")
        if shown < count:
            numbers = {"count": f"{count:,}", "others": f"{others:,}"}
            question = "\n\n".join((plural(shown, *_SHOWN, judge=name), tr(_ALL).format(**numbers)))
            of_filter = plural(shown, "Judge 1 response in view", "Judge {count} responses in view")
            more = [(of_filter, lambda: self.ask(judge, Scope(terms=terms)))] if shown else []
            verb = tr("Judge all {count}").format(count=f"{count:,}")
        text = "\n\n".join((question, tr(_EFFECT))) if others else question
        title = tr("Judge with {judge}?").format(judge=name)
        confirm(self._window, title, text, verb, lambda: self.ask(judge), more=more)

    def ask(self, judge: str, scope: Scope = Scope()) -> None:  # noqa: B008 - immutable
        """Run a judge on these responses; now, or after the active run."""
        if self._session.workspace is None:
            self.message.emit(tr("Open a workspace first."))
        elif self.busy:
            wanted = (judge, scope)
            self._queued = [other for other in self._queued if other != wanted] + [wanted]
            self.message.emit(tr("Another judge is running. This one is queued."))
        elif judge == LOCAL:
            self._scope = scope
            self._begin(tr("Training the local judge, then judging"))
            self._train(self._judge_if_trained)
        else:
            self._scope = scope
            self._run_untrained(judge)

    def train_quietly(self) -> None:
        """Train the local judge and judge without a progress bar. Must not be called while busy."""
        self.busy = True
        self._scope = Scope()
        self._on_progress = _continue
        self._train(self._judge_quietly)

    def retrain_without(self, decisions: frozenset[int]) -> bool:
        """Train the local judge without these annotations, and judge. False, with a message, while busy."""
        if self.busy:
            self.message.emit(tr("A judge is running. Try again when it has finished."))
            return False
        self._scope = Scope()
        self._begin(tr("Training the local judge, then judging"))
        self._train(self._judge_if_trained, decisions)
        return True

    def _run_untrained(self, judge: str) -> None:
        workspace = self._open_workspace()
        self._begin(tr("Judging: {judge}").format(judge=_NAMES.get(judge, judge)))
        self._call(
            self._session.operations,
            lambda: BUILTIN_JUDGES[judge].create(workspace),
            lambda instrument: self._judge(instrument, self._judged),
        )

    def _begin(self, title: str) -> None:
        self.busy = True
        self._on_progress = self.strip.begin(title)

    def _end(self) -> None:
        self.busy = False
        self.strip.end()
        if self._queued:
            self.ask(*self._queued.pop(0))

    def _reset(self) -> None:
        """Forget the run, after the workspace changed."""
        self._queued.clear()
        self._end()

    def _open_workspace(self) -> Workspace:
        workspace = self._session.workspace
        assert workspace is not None  # callers have checked
        return workspace

    def _train(self, then: Callable[[LocalJudge], None], without: frozenset[int] = frozenset()) -> None:
        workspace = self._open_workspace()

        def read() -> Any:
            from orbench_studio.services.judging import training_examples

            return training_examples.examples(workspace, without)

        def train(examples: Any) -> None:
            def work() -> LocalJudge:
                from orbench_studio.instruments.local_judge import LocalJudge

                return LocalJudge(examples)

            self._call(self._session.background, work, then)

        self._call(self._session.operations, read, train)

    def _judge_if_trained(self, local: LocalJudge) -> None:
        if local.learned:
            self._judge(local, self._judged)
            return
        self._end()
        self.message.emit(
            tr(
                "Too few human answer classes to train the local judge ({count}). "
                "Classify more responses, both answers and refusals."
            ).format(count=f"{local.examples:,}")
        )

    def _judge_quietly(self, local: LocalJudge) -> None:
        def judged(done: JudgingResult) -> None:
            self._end()
            if done.judged:
                prompts = tuple(sorted(set(done.changed)))
                self._session.operations.changed.emit(Changes(frozenset({Kind.JUDGEMENTS}), prompts))
                self.message.emit(
                    tr("Local judge retrained on {labels}: {changed} changed class.").format(
                        labels=counted(local.examples, "label"), changed=counted(len(done.changed), "response")
                    )
                )

        if local.learned:
            self._judge(local, judged, automatic=True)
        else:
            self._end()

    def _judged(self, done: JudgingResult) -> None:
        self._end()
        self._session.operations.changed.emit(done.changes)
        self.message.emit(done.changes.message)

    def _judge(self, instrument: Instrument, then: Callable[[JudgingResult], None], *, automatic: bool = False) -> None:
        workspace = self._open_workspace()
        on_progress, scope = self._on_progress, self._scope

        def begin() -> Any:
            from orbench_studio.services.judging import run_judges

            return run_judges.judging(workspace, instrument, CHUNK, *scope, automatic=automatic)

        def next_chunk(chunks: Any) -> None:
            def done(result: JudgingResult) -> None:
                if not on_progress(result.judged, result.total) or result.finished:
                    then(result)
                else:
                    next_chunk(chunks)

            self._call(self._session.operations, lambda: next(chunks), done)

        self._call(self._session.operations, begin, next_chunk)

    def _call(self, where: Operations, work: Callable[[], Any], then: Callable[[Any], object]) -> None:
        """Run `work`, then `then`, unless the workspace changed. An error, which the window shows, ends the run."""
        workspace = self._session.workspace

        def if_unchanged(act: Callable[[], object]) -> None:
            if self._session.workspace is workspace is not None:
                act()

        where.run(work, lambda found: if_unchanged(lambda: then(found)), lambda _error: if_unchanged(self._end))


def _continue(_done: int, _total: int) -> bool:
    """Progress of a run that is not shown and cannot be cancelled."""
    return True

"""Batches as the window uses them: calls on the database's thread, and the runners that are at work in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.evaluation.batch import (
    Batch,
    BatchProgress,
    BatchState,
    Cause,
    FailedItem,
)
from orbench_studio.errors import StudioError
from orbench_studio.gui.evaluation.plan import Plan
from orbench_studio.gui.judging.judge_run import JudgeRun
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES

if TYPE_CHECKING:
    from orbench_studio.services.evaluation.batch_thread import BatchRunner, Snapshot
    from orbench_studio.services.evaluation.cost_estimate import Estimate
    from orbench_studio.services.evaluation.judge_batches import Following
    from orbench_studio.services.workspace.workspace import Workspace

GRACE = 3.0  # seconds for answers that are under way when the workspace is left
_TICK = 300  # milliseconds between two looks at what is at work
_FEW = 500  # prompts that are named one by one when they have changed
_FAILURES = 1_000  # listed

Failed = Callable[[Exception], object]


class BatchOperations(QObject):
    """Launches and steers batches; nothing here waits for a vendor on the window's thread."""

    moved = Signal()  # what is at work here is further than it was, or is no longer at work
    message = Signal(str)
    _stored = Signal(object)  # the Changes of a runner, from its thread

    def __init__(self, session: Session, judging: JudgeRun) -> None:
        super().__init__(session)
        self._session = session
        self._judging = judging
        self._runners: dict[int, BatchRunner] = {}
        self._opening: set[int] = set()
        self._reopened: set[int] = set()  # tried again while a runner may just have been leaving
        self._touched: list[Changes] = []
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK)
        self._tick.timeout.connect(self._look)
        self._stored.connect(self._touched.append)
        session.leaving.connect(self._leave)

    def names(self, done: Callable[[list[str]], object]) -> None:
        """Ask for names of models to be offered: those with a price, those built in, vendors' beginnings."""

        def work(_workspace: Workspace) -> list[str]:
            from orbench_studio.services.evaluation import model_catalogue, prices

            vendors = [vendor.prefix for vendor in model_catalogue.vendors()]
            return [*model_catalogue.built_in(), *vendors, *prices.load_prices().by_model]

        self._session.run(work, done)

    def find_servers(self, done: Callable[[list[str]], object]) -> None:
        """Ask servers of this machine for the names of their models; it can take two seconds."""

        def work() -> list[str]:
            from orbench_studio.services.evaluation import model_catalogue

            return [name for server in model_catalogue.local_servers() for name in server.models]

        self._session.background.run(work, done)

    def subsets(self, done: Callable[[list[str]], object]) -> None:
        """Ask for the names of the workspace's subsets, the newest first."""

        def work(workspace: Workspace) -> list[str]:
            from orbench_studio.services.curation import subsets

            return [subset.name for subset in subsets.saved_subsets(workspace)]

        self._session.run(work, done)

    def read_text(self, file: Path, done: Callable[[str], object], failed: Failed) -> None:
        """Ask for the text in a file."""

        def work(_workspace: Workspace) -> str:
            from orbench_studio.services.evaluation import launcher

            return launcher.read_text(file)

        self._session.run(work, done, failed, tells=False)

    def estimate(self, plan: Plan, done: Callable[[Estimate], object], failed: Failed) -> None:
        """Ask what a plan will send, cost and take; `failed` shows why it cannot be."""

        def work(workspace: Workspace) -> Estimate:
            from orbench_studio.services.evaluation import batch_control, cost_estimate, prices

            known = prices.load_prices()
            batch_control.check(plan.models, plan.settings, known)
            ids = batch_control.choose(workspace, wanted=plan.wanted, subset=plan.subset, limit=plan.limit)
            return cost_estimate.estimate(workspace, plan.models, ids, plan.settings, known)

        self._session.run(work, done, failed, tells=False)

    def launch(self, plan: Plan, done: Callable[[int], object], failed: Failed) -> None:
        """Write the batch of a plan down, answer with its number, and go to work."""

        def work(workspace: Workspace) -> int:
            from orbench_studio.services.evaluation import batch_control, judge_batches, launcher, prices

            known = prices.load_prices()
            batch_control.check(plan.models, plan.settings, known)
            launcher.require_ready(plan.models, plan.settings)
            if plan.is_judged_by_model:
                settings = judge_batches.settings_after(plan.settings, judge_batches.load_template())
                batch_control.check([plan.judge], settings, known)
                launcher.require_ready([plan.judge], settings)
            ids = batch_control.choose(workspace, wanted=plan.wanted, subset=plan.subset, limit=plan.limit)
            return batch_control.create(workspace, plan.models, ids, plan.settings, prices=known, judge=plan.judge).id

        def launched(batch_id: int) -> None:
            done(batch_id)
            self.resume(batch_id)

        self._session.run(work, launched, failed, tells=False)

    def overview(self, done: Callable[[list[BatchProgress]], object]) -> None:
        """Ask for all batches, the newest first."""

        def work(workspace: Workspace) -> list[BatchProgress]:
            from orbench_studio.services.evaluation import batch_control

            return batch_control.overview(workspace)

        self._session.run(work, done)

    def failures(self, batch_id: int, causes: Sequence[Cause], done: Callable[[list[FailedItem]], object]) -> None:
        """Ask for the items of a batch that were given up (for these causes, or for any), the first thousand."""

        def work(workspace: Workspace) -> list[FailedItem]:
            from orbench_studio.services.evaluation import batch_control

            return batch_control.failures(workspace, batch_id, causes=causes, limit=_FAILURES)

        self._session.run(work, done)

    def is_here(self, batch_id: int) -> bool:
        """Whether this process is at a batch."""
        return batch_id in self._runners or batch_id in self._opening

    def snapshot(self, batch_id: int) -> Snapshot | None:
        """A batch as it is now; None where this process is not at it."""
        runner = self._runners.get(batch_id)
        return runner.snapshot() if runner is not None else None

    def resume(self, batch_id: int) -> None:
        """Go to work on a batch, or on with it."""
        if self.is_here(batch_id):
            return
        self._opening.add(batch_id)

        def work(workspace: Workspace) -> BatchRunner:
            from orbench_studio.services.evaluation import launcher, prices

            return launcher.open_runner(workspace, batch_id, prices.load_prices(), self._stored.emit)

        self._session.run(work, partial(self._begin, batch_id), lambda _error: self._opening.discard(batch_id))

    def pause(self, batch_id: int) -> None:
        """Send nothing more; what is under way comes home."""

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.evaluation import batch_control

            return batch_control.pause(workspace, batch_id)

        self._session.run(work, self._tell)

    def cancel(self, batch_id: int) -> None:
        """Give up what has not been sent; what vendors' own batches have is withdrawn."""

        def work(workspace: Workspace) -> tuple[Changes, bool]:
            from orbench_studio.services.evaluation import batch_control

            changes = batch_control.cancel(workspace, batch_id)
            return changes, any(model.at_vendor for model in batch_control.progress(workspace, batch_id).models)

        def cancelled(answer: tuple[Changes, bool]) -> None:
            changes, at_vendor = answer
            self._tell(changes)
            self._session.operations.changed.emit(changes)
            if at_vendor:
                self.resume(batch_id)

        self._session.run(work, cancelled)

    def retry(self, batch_id: int, causes: Sequence[Cause]) -> None:
        """Send what failed (for these causes, or for any) once more."""

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.evaluation import batch_control

            return batch_control.retry(workspace, batch_id, causes)

        def again(changes: Changes) -> None:
            self._tell(changes)
            if changes and self.is_here(batch_id):
                self._reopened.add(batch_id)
            elif changes:
                self.resume(batch_id)

        self._session.run(work, again)

    def raise_cap(self, batch_id: int, max_cost: float) -> None:
        """Let a batch cost more, and go on with it."""

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.evaluation import batch_control

            return batch_control.raise_cap(workspace, batch_id, max_cost)

        self._session.run(work, lambda _changes: self.resume(batch_id))

    def send_rest_live(self, batch_id: int) -> None:
        """Take back what the vendors' own batches have not done, and send it one by one."""

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.evaluation import batch_control

            return batch_control.send_rest_live(workspace, batch_id)

        self._session.run(work, lambda _changes: self.resume(batch_id))

    def judge(self, batch: Batch, judge: str) -> None:
        """Have the answers of a batch judged: by the studio's rules or local judge, or by a language model."""
        if judge in BUILTIN_JUDGES:
            self._judging.ask(judge)
            return

        def work(workspace: Workspace) -> int:
            from orbench_studio.services.evaluation import judge_batches, launcher, prices

            template = judge_batches.load_template()
            settings = judge_batches.settings_after(batch.settings, template)
            launcher.require_ready([judge], settings)
            chosen = judge_batches.choose(workspace, [judge], batch_id=batch.id, template=template)
            return judge_batches.create(workspace, [judge], chosen, settings, prices=prices.load_prices()).id

        self._session.run(work, self.resume)

    def _begin(self, batch_id: int, runner: BatchRunner) -> None:
        self._opening.discard(batch_id)
        self._runners[batch_id] = runner
        self._session.own_work.add(batch_id)
        runner.start()
        self._tick.start()
        self.moved.emit()

    def _look(self) -> None:
        for batch_id, runner in list(self._runners.items()):
            if self._is_over(batch_id, runner):
                del self._runners[batch_id]
                self._session.own_work.discard(batch_id)
                self._ended(runner.snapshot().progress)
        if self._touched:
            self._session.operations.changed.emit(_together(self._touched))
            self._touched.clear()
        if not self._runners:
            self._tick.stop()
        self.moved.emit()

    def _is_over(self, batch_id: int, runner: BatchRunner) -> bool:
        """Whether a runner has come to its end; what went wrong is shown."""
        try:
            return runner.wait(0)
        except StudioError as error:
            self._session.operations.failed.emit((BatchOperations, batch_id), str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours in a thread of ours
            self._session.operations.report(error)
        return True

    def _ended(self, progress: BatchProgress) -> None:
        batch = progress.batch
        self._touched.append(Changes(frozenset({Kind.BATCHES})))
        if batch.id in self._reopened:
            self._reopened.discard(batch.id)
            if batch.state is BatchState.READY:
                self.resume(batch.id)
                return
        if batch.state is BatchState.STOPPED and batch.note:
            self._session.operations.failed.emit(
                (BatchOperations, batch.id), f"Batch {batch.id} has stopped. {batch.note}"
            )
        if batch.state is BatchState.FINISHED:
            self._session.operations.succeeded.emit((BatchOperations, batch.id))
            self.message.emit(f"Batch {batch.id} is finished: {progress.done:,} answered, {progress.failed:,} failed.")
            self._follow()

    def _follow(self) -> None:
        """Have answers judged, where that was asked for at the launch of what is finished now."""

        def work(workspace: Workspace) -> list[Following]:
            from orbench_studio.services.evaluation import judge_batches

            return judge_batches.follow(workspace)

        def followed(found: list[Following]) -> None:
            for one in found:
                if one.builtin_judge is not None:
                    self._judging.ask(one.builtin_judge)
                elif one.judging is not None:
                    self.resume(one.judging)

        self._session.run(work, followed)

    def _tell(self, changes: Changes) -> None:
        if changes.message:
            self.message.emit(changes.message)
        self.moved.emit()

    def _leave(self) -> None:
        """Stop what is at work, on the database's thread: the workspace is closed there after it."""
        self._tick.stop()
        runners = list(self._runners.values())
        for forgotten in (self._runners, self._opening, self._reopened, self._touched):
            forgotten.clear()
        self._session.own_work.clear()
        if runners:
            self._session.operations.run(lambda: _end(runners))


def _end(runners: list[BatchRunner]) -> None:
    """Stop runners and wait for them; what went wrong with one is raised when all are at their end."""
    for runner in runners:
        runner.stop(grace=GRACE)
    faults = []
    for runner in runners:
        try:
            runner.wait()
        except Exception as error:  # noqa: BLE001 - raised below
            faults.append(error)
    if faults:
        raise faults[0]


def _together(changes: list[Changes]) -> Changes:
    """Several changes as one; its prompts are named where they are few."""
    kinds = frozenset[Kind]().union(*(one.kinds for one in changes))
    named = {prompt_id for one in changes for prompt_id in one.prompt_ids or ()}
    many = len(named) > _FEW or any(one.prompt_ids is None for one in changes)
    return Changes(kinds, None if many else tuple(named))

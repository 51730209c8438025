"""Batches in the window: operations on the database thread, and the runners of this process."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.evaluation.batch import Batch, BatchProgress, Cause, FailedItem
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.errors import StudioError
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.evaluation.plan import Plan
from orbench_studio.gui.judging.judge_run import JudgeRun, Scope
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.curation import subsets
from orbench_studio.services.evaluation import (
    batch_control,
    cost_estimate,
    judge_batches,
    launcher,
    model_catalogue,
    prices,
)
from orbench_studio.services.evaluation.batch_runner import BatchRunner, Snapshot
from orbench_studio.services.evaluation.cost_estimate import Estimate
from orbench_studio.services.evaluation.judge_batches import FollowUp
from orbench_studio.services.evaluation.model_catalogue import ModelGroup
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES
from orbench_studio.services.workspace.workspace import Workspace

GRACE = 3.0  # seconds to wait for in-flight requests when the workspace is closed
_TICK = 300  # milliseconds between updates from the runners
_FEW = 500  # changed prompts that are listed one by one
_MAX_FAILURES = 1_000  # listed

Failed = Callable[[Exception], object]


class BatchOperations(QObject):
    """Launches and controls batches without blocking the GUI thread."""

    moved = Signal()  # a runner of this process made progress or ended
    message = Signal(str)
    _stored = Signal(object)  # Changes from a runner's thread

    def __init__(self, session: Session, judging: JudgeRun) -> None:
        super().__init__(session)
        self._session = session
        self._judging = judging
        self._runners: dict[int, BatchRunner] = {}
        self._opening: set[int] = set()
        self._retried: set[int] = set()  # retried while their runner was still here
        self._touched: list[Changes] = []
        self._tick = QTimer(self, interval=_TICK)
        self._tick.timeout.connect(self._update)
        self._stored.connect(self._touched.append)
        session.leaving.connect(self._leave)

    def names(self, done: Callable[[list[str]], object]) -> None:
        """Load model names to suggest: built-in models, vendor prefixes, models with a price."""

        def work(_workspace: Workspace) -> list[str]:
            vendors = [vendor.prefix for vendor in model_catalogue.vendors()]
            return [*model_catalogue.built_in(), *vendors, *prices.load_prices().by_model]

        self._session.run(work, done)

    def find_servers(self, done: Callable[[list[str]], object]) -> None:
        """Load the model names of the servers on this machine; takes up to two seconds."""
        self._session.background.run(
            lambda: [name for server in model_catalogue.local_servers() for name in server.models], done
        )

    def model_groups(self, done: Callable[[list[ModelGroup]], object]) -> None:
        """Load the groups of models to choose from, without the servers on this machine."""
        self._session.run(lambda workspace: model_catalogue.groups(workspace, prices.load_prices()), done)

    def server_groups(self, done: Callable[[list[ModelGroup]], object]) -> None:
        """Load the models of the servers on this machine; takes up to two seconds."""
        self._session.background.run(lambda: model_catalogue.server_groups(), done)

    def subsets(self, done: Callable[[list[str]], object]) -> None:
        """Load the names of the subsets, newest first."""
        self._session.run(lambda workspace: [subset.name for subset in subsets.saved_subsets(workspace)], done)

    def read_text(self, file: Path, done: Callable[[str], object], failed: Failed) -> None:
        self._session.run(lambda _workspace: batch_control.read_text(file), done, failed, show_errors=False)

    def estimate(self, plan: Plan, done: Callable[[Estimate], object], failed: Failed) -> None:
        """Estimate a plan; `failed` receives the reason if it is not valid."""

        def work(workspace: Workspace) -> Estimate:
            known = prices.load_prices()
            batch_control.check(plan.models, plan.settings, known)
            ids = batch_control.select_prompts(workspace, wanted=plan.wanted, subset=plan.subset, limit=plan.limit)
            return cost_estimate.estimate(workspace, plan.models, ids, plan.settings, known)

        self._session.run(work, done, failed, show_errors=False)

    def launch(self, plan: Plan, done: Callable[[int], object], failed: Failed) -> None:
        """Create the batch of a plan, pass its number to `done`, and start it."""

        def work(workspace: Workspace) -> int:
            known = prices.load_prices()
            batch_control.check(plan.models, plan.settings, known)
            launcher.require_ready(plan.models, plan.settings)
            if plan.is_judged_by_model:
                settings = judge_batches.settings_after(plan.settings, judge_batches.load_template())
                batch_control.check([plan.judge], settings, known)
                launcher.require_ready([plan.judge], settings)
            ids = batch_control.select_prompts(workspace, wanted=plan.wanted, subset=plan.subset, limit=plan.limit)
            return batch_control.create(workspace, plan.models, ids, plan.settings, prices=known, judge=plan.judge).id

        def launched(batch_id: int) -> None:
            done(batch_id)
            self.resume(batch_id)

        self._session.run(work, launched, failed, show_errors=False)

    def overview(self, done: Callable[[list[BatchProgress]], object]) -> None:
        """Load the progress of all batches, newest first."""
        self._session.run(lambda workspace: batch_control.overview(workspace), done)

    def failures(self, batch_id: int, causes: Sequence[Cause], done: Callable[[list[FailedItem]], object]) -> None:
        """Load the first thousand failed items of a batch; `causes` selects some."""
        self._session.run(
            lambda workspace: batch_control.failures(workspace, batch_id, causes=causes, limit=_MAX_FAILURES), done
        )

    def is_here(self, batch_id: int) -> bool:
        """Whether this process runs a batch."""
        return batch_id in self._runners or batch_id in self._opening

    def snapshot(self, batch_id: int) -> Snapshot | None:
        """The current progress of a batch; None if this process does not run it."""
        runner = self._runners.get(batch_id)
        return runner.snapshot() if runner is not None else None

    def resume(self, batch_id: int) -> None:
        """Start or resume a batch; if it runs here, use its stopped models again."""
        if batch_id in self._runners:
            self._session.run(lambda workspace: batch_control.restart_models(workspace, batch_id), self._show_message)
        if self.is_here(batch_id):
            return
        self._opening.add(batch_id)

        def work(workspace: Workspace) -> BatchRunner:
            return launcher.open_runner(workspace, batch_id, prices.load_prices(), self._stored.emit)

        self._session.run(work, partial(self._begin, batch_id), lambda _error: self._opening.discard(batch_id))

    def pause(self, batch_id: int) -> None:
        """Send no more requests; in-flight requests finish."""
        self._session.run(lambda workspace: batch_control.pause(workspace, batch_id), self._show_message)

    def cancel(self, batch_id: int) -> None:
        """Cancel the items without a result, also those in vendor batches."""

        def work(workspace: Workspace) -> tuple[Changes, bool]:
            changes = batch_control.cancel(workspace, batch_id)
            return changes, any(model.at_vendor for model in batch_control.progress(workspace, batch_id).models)

        def cancelled(answer: tuple[Changes, bool]) -> None:
            changes, at_vendor = answer
            self._show_message(changes)
            self._session.operations.changed.emit(changes)
            if at_vendor:
                self.resume(batch_id)

        self._session.run(work, cancelled)

    def retry(self, batch_id: int, causes: Sequence[Cause]) -> None:
        """Retry failed items; `causes` selects some."""

        def retried(changes: Changes) -> None:
            self._show_message(changes)
            if changes and self.is_here(batch_id):
                self._retried.add(batch_id)
            elif changes:
                self.resume(batch_id)

        self._session.run(lambda workspace: batch_control.retry(workspace, batch_id, causes), retried)

    def set_cost_limit(self, batch_id: int, max_cost: float) -> None:
        """Set the cost limit of a batch and resume it."""
        self._session.run(
            lambda workspace: batch_control.set_cost_limit(workspace, batch_id, max_cost),
            lambda _changes: self.resume(batch_id),
        )

    def send_rest_live(self, batch_id: int) -> None:
        """Cancel the vendor batches and send their remaining items live."""
        self._session.run(
            lambda workspace: batch_control.send_rest_live(workspace, batch_id), lambda _changes: self.resume(batch_id)
        )

    def judge(self, batch: Batch, judge: str) -> None:
        """Judge the responses of a batch with a built-in judge or a language model."""
        if judge in BUILTIN_JUDGES:
            self._judging.ask(judge, Scope(batch.id))
            return

        def work(workspace: Workspace) -> int:
            template = judge_batches.load_template()
            settings = judge_batches.settings_after(batch.settings, template)
            launcher.require_ready([judge], settings)
            chosen = judge_batches.select_responses(workspace, [judge], batch_id=batch.id, template=template)
            return judge_batches.create(workspace, [judge], chosen, settings, prices=prices.load_prices()).id

        self._session.run(work, self.resume)

    def _begin(self, batch_id: int, runner: BatchRunner) -> None:
        self._opening.discard(batch_id)
        self._runners[batch_id] = runner
        self._session.own_work.add(batch_id)
        runner.start()
        self._tick.start()
        self.moved.emit()

    def _update(self) -> None:
        for batch_id, runner in list(self._runners.items()):
            if self._is_over(batch_id, runner):
                del self._runners[batch_id]
                self._session.own_work.discard(batch_id)
                self._on_ended(runner.snapshot().progress)
        if self._touched:
            self._session.operations.changed.emit(_merged(self._touched))
            self._touched.clear()
        if not self._runners:
            self._tick.stop()
        self.moved.emit()

    def _is_over(self, batch_id: int, runner: BatchRunner) -> bool:
        """Whether a runner has ended; its error is shown."""
        try:
            return runner.wait(0)
        except StudioError as error:
            self._session.operations.failed.emit((BatchOperations, batch_id), str(error))
        except Exception as error:  # noqa: BLE001 - a bug, reported in its dialog
            self._session.operations.report(error)
        return True

    def _on_ended(self, progress: BatchProgress) -> None:
        batch = progress.batch
        self._touched.append(Changes(frozenset({Kind.BATCHES})))
        if batch.id in self._retried:
            self._retried.discard(batch.id)
            if batch.state is BatchState.READY:
                self.resume(batch.id)
                return
        if batch.state is BatchState.FAILED and batch.note:
            self._session.operations.failed.emit(
                (BatchOperations, batch.id),
                tr("Batch {number} failed. {reason}").format(number=batch.id, reason=batch.note),
            )
        if batch.state is BatchState.COMPLETED:
            self._session.operations.succeeded.emit((BatchOperations, batch.id))
            text = tr("Batch {number} is completed: {done} done, {failed} failed.")
            self.message.emit(text.format(number=batch.id, done=f"{progress.done:,}", failed=f"{progress.failed:,}"))
            self._start_follow_ups()

    def _start_follow_ups(self) -> None:
        """Start the judging that completed batches asked for."""

        def started(found: list[FollowUp]) -> None:
            for one in found:
                if one.builtin_judge is not None:
                    self._judging.ask(one.builtin_judge, Scope(one.batch_id))
                elif one.judge_batch_id is not None:
                    self.resume(one.judge_batch_id)

        self._session.run(judge_batches.start_follow_ups, started)

    def _show_message(self, changes: Changes) -> None:
        if changes.message:
            self.message.emit(changes.message)
        self.moved.emit()

    def _leave(self) -> None:
        """Stop all runners on the database thread, before the workspace is closed there."""
        self._tick.stop()
        runners = list(self._runners.values())
        for collection in (self._runners, self._opening, self._retried, self._touched):
            collection.clear()
        self._session.own_work.clear()
        if runners:
            self._session.operations.run(lambda: _stop(runners))


def _stop(runners: list[BatchRunner]) -> None:
    """Stop runners and wait for all of them; then raise the first error."""
    for runner in runners:
        runner.stop(grace=GRACE)
    errors = []
    for runner in runners:
        try:
            runner.wait()
        except Exception as error:  # noqa: BLE001 - raised below
            errors.append(error)
    if errors:
        raise errors[0]


def _merged(changes: list[Changes]) -> Changes:
    """Merge changes; the prompts are listed if they are few."""
    kinds = frozenset[Kind]().union(*(one.kinds for one in changes))
    named = {prompt_id for one in changes for prompt_id in one.prompt_ids or ()}
    many = len(named) > _FEW or any(one.prompt_ids is None for one in changes)
    return Changes(kinds, None if many else tuple(named))

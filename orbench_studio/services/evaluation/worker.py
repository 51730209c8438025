"""A worker: at all running batches, whoever launched them, for the models that it may serve, until it is stopped."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from orbench_studio.domain.evaluation.batch import Batch
from orbench_studio.errors import StudioError, WorkspaceError, WorkspaceMovedError
from orbench_studio.providers.discovery import answers
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.services.evaluation.batch_control import look
from orbench_studio.services.evaluation.judge_batches import follow
from orbench_studio.services.evaluation.launcher import require_ready
from orbench_studio.services.evaluation.live_runner import LEASE, LiveRunner
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation import batches, vendor_batches

_LOOK = 0.5  # seconds between two looks at whether anything is new


@dataclass(slots=True)
class BatchWorker:
    """Works in the thread that calls `work`, and one more for each batch.

    `models` names those that it may serve, or as `vendor/` all of a vendor; all where there are none. `told` gets what
    happens, in words; `judge` is to judge by one of the studio's own judges, where a finished batch asks for that.
    """

    workspace: Workspace
    prices: Prices
    models: Collection[str]
    message: Callable[[str], None]
    judge: Callable[[str], None]
    lease: float = LEASE
    runners: dict[int, LiveRunner] = field(default_factory=dict)
    """By batch."""
    _refused: set[tuple[str, str | None]] = field(default_factory=set)  # models, where they are: cannot be asked here
    _woken: threading.Event = field(default_factory=threading.Event)
    _missed: set[tuple[int, str]] = field(default_factory=set)  # what has been told to have no server here
    _left_alone: set[int] = field(default_factory=set)  # batches that cannot be worked on here
    _is_missing: bool = False
    _stops: int = 0
    _seen: int | None = None  # the workspace as it was last looked at
    _is_cut_off: bool = False

    def work(self, *, until_done: bool = False) -> None:
        """Take items until it is stopped; `until_done`: or until there is nothing left that it may serve."""
        try:
            while not self._stops:
                nothing_left = self._turn()
                if until_done and nothing_left:
                    return
                self._woken.wait(_LOOK)
        finally:
            self._leave()

    def stop(self) -> None:
        """Take nothing more, and wait for what is under way; the second time, no longer. Callable from a signal."""
        self._stops += 1
        self._woken.set()

    def _turn(self) -> bool:
        """Part from batches that are over, join those that are new; True where there is nothing left to do."""
        try:
            parted = [batch_id for batch_id, runner in self.runners.items() if _is_over(runner)]
            for batch_id in parted:
                self._part(batch_id)
            version = self.workspace.data_version()
            if version != self._seen or parted or self._is_missing:
                self._is_missing = False
                self._follow()
                self._join()
                self._seen = version
        except WorkspaceMovedError:
            raise
        except WorkspaceError as error:
            self._cut_off(error)
            return False
        self._is_cut_off = False
        return not self.runners

    def _cut_off(self, error: WorkspaceError) -> None:
        if not self._is_cut_off:
            self.message(f"{error} It is tried again.")
        self._is_cut_off, self._seen = True, None

    def _follow(self) -> None:
        for found in follow(self.workspace):
            if found.builtin_judge is not None:
                self.message(f"Batch {found.batch_id} is finished: its answers are judged by {found.builtin_judge}.")
                self.judge(found.builtin_judge)

    def _join(self) -> None:
        for batch, names in self._open_batches():
            if batch.id in self.runners or batch.id in self._left_alone:
                continue
            served = [name for name in names if self._serves(name, batch)]
            if served:
                runner = LiveRunner(self.workspace, batch.id, self.prices, lease=self.lease, helps=served)
                self.runners[batch.id] = runner
                self.message(f"At work on batch {batch.id}, {batch.name}: {', '.join(served)}.")
                runner.start()

    def _open_batches(self) -> list[tuple[Batch, list[str]]]:
        """Batches that are running live, and the models of each for which something is left."""
        found = []
        with self.workspace.reading() as db:
            for batch in batches.running(db):
                if not batch.settings.vendor_batch and not vendor_batches.opened(db, batch.id):
                    models = look(db, batch.id).models
                    found.append((batch, [model.model for model in models if model.left > model.at_vendor]))
        return found

    def _serves(self, name: str, batch: Batch) -> bool:
        """Whether a model may be served, can be asked from here, and is there."""
        if self.models and name not in self.models and f"{name.split('/')[0]}/" not in self.models:
            return False
        base_url = batch.settings.base_urls.get(name)
        if (name, base_url) in self._refused:
            return False
        try:
            require_ready([name], batch.settings)
            is_there = answers(endpoint(name, base_url))
        except StudioError as error:
            self._refuse(name, base_url, str(error))
            return False
        if not is_there:
            self._miss(name, batch)
        return is_there

    def _miss(self, name: str, batch: Batch) -> None:
        """A server of this machine may be started later, and nobody would tell."""
        self._is_missing = True
        if (batch.id, name) not in self._missed:
            self._missed.add((batch.id, name))
            self.message(f"Batch {batch.id}: {name} is left to others until its server answers on this machine.")

    def _refuse(self, name: str, base_url: str | None, why: str) -> None:
        self._refused.add((name, base_url))
        self.message(f"{name} is left to others: {why}")

    def _part(self, batch_id: int) -> None:
        runner = self.runners.pop(batch_id)
        progress = runner.snapshot().progress
        base_urls = progress.batch.settings.base_urls
        for name, why in runner.refused.items():
            self._refuse(name, base_urls.get(name), why)
        try:
            runner.wait()
        except WorkspaceError as error:
            self.message(f"Batch {batch_id}: {error}")
            return
        except StudioError as error:
            self._left_alone.add(batch_id)
            self.message(f"Batch {batch_id} is left to others: {error}")
            return
        note = f" {progress.batch.note}" if progress.batch.note else ""
        words = f"{progress.state_words}, {runner.answered:,} answered here"
        back = f", {runner.given_back:,} given back" if runner.given_back else ""
        self.message(f"Left batch {batch_id}: {words}{back}.{note}")

    def _leave(self) -> None:
        """Stop all, wait for what is under way unless told not to, and part."""
        for runner in self.runners.values():
            runner.stop()
        while not all(map(_is_over, self.runners.values())):
            if self._stops > 1:
                for runner in self.runners.values():
                    runner.stop(grace=0.0)
            self._woken.wait(_LOOK)
            self._woken.clear()
        for batch_id in list(self.runners):
            self._part(batch_id)


def _is_over(runner: LiveRunner) -> bool:
    try:
        return runner.wait(0)
    except Exception:  # noqa: BLE001 - asked for again, and told, when it is parted from
        return True

"""A worker: it runs all running batches of a workspace, for the models that it serves, until it is stopped."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from orbench_studio.domain.evaluation.batch import Batch
from orbench_studio.errors import StudioError, WorkspaceError, WorkspaceMovedError
from orbench_studio.providers.clients import load_sdk
from orbench_studio.providers.discovery import is_reachable
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.services.evaluation.batch_control import load_progress
from orbench_studio.services.evaluation.judge_batches import start_follow_ups
from orbench_studio.services.evaluation.launcher import require_ready
from orbench_studio.services.evaluation.live_runner import LEASE, LiveRunner
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation import batches, vendor_batches

_POLL = 0.5  # seconds between checks for new batches


@dataclass(slots=True)
class BatchWorker:
    """Runs in the thread that calls `run`, with one more thread per batch.

    `models` are the models to serve, `vendor/` for all of a vendor; all models if empty. `message` receives messages
    for the user. `judge` runs the built-in judge that a completed batch asks for on its responses.
    """

    workspace: Workspace
    prices: Prices
    models: Collection[str]
    message: Callable[[str], None]
    judge: Callable[[str, int], None]
    lease: float = LEASE
    runners: dict[int, LiveRunner] = field(default_factory=dict)
    """By batch."""
    _unusable: set[tuple[str, str | None]] = field(default_factory=set)  # (model, base URL) without a key here
    _woken: threading.Event = field(default_factory=threading.Event)
    _reported: set[tuple[int, str]] = field(default_factory=set)  # (batch, model) whose missing server was reported
    _skipped: set[int] = field(default_factory=set)  # batches that failed here
    _is_server_missing: bool = False
    _stops: int = 0
    _version: int | None = None  # version of the workspace at the last check
    _is_disconnected: bool = False

    def __post_init__(self) -> None:
        load_sdk()  # so that no batch waits for it

    def run(self, *, until_done: bool = False) -> None:
        """Process items until stopped; with `until_done`, until nothing is left for the served models."""
        try:
            while not self._stops:
                is_done = self._check()
                if until_done and is_done:
                    return
                self._woken.wait(_POLL)
        finally:
            self._stop_all()

    def stop(self) -> None:
        """Finish in-flight requests and stop; a second call stops at once. Callable from a signal handler."""
        self._stops += 1
        self._woken.set()

    def _check(self) -> bool:
        """Leave batches that are over and join new ones; True if nothing is left to do."""
        try:
            over = [batch_id for batch_id, runner in self.runners.items() if _is_over(runner)]
            for batch_id in over:
                self._leave(batch_id)
            version = self.workspace.data_version()
            if version != self._version or over or self._is_server_missing:
                self._is_server_missing = False
                self._judge_completed()
                self._join()
                self._version = version
        except WorkspaceMovedError:
            raise
        except WorkspaceError as error:
            self._report_disconnected(error)
            return False
        self._is_disconnected = False
        return not self.runners

    def _report_disconnected(self, error: WorkspaceError) -> None:
        if not self._is_disconnected:
            self.message(f"{error} The worker will retry.")
        self._is_disconnected, self._version = True, None

    def _judge_completed(self) -> None:
        for found in start_follow_ups(self.workspace):
            if found.builtin_judge is not None:
                self.message(f"Batch {found.batch_id} is completed. Judging its responses with {found.builtin_judge}.")
                self.judge(found.builtin_judge, found.batch_id)

    def _join(self) -> None:
        for batch, names in self._open_batches():
            if batch.id in self.runners or batch.id in self._skipped:
                continue
            served = [name for name in names if self._serves(name, batch)]
            if served:
                runner = LiveRunner(self.workspace, batch.id, self.prices, lease=self.lease, served=served)
                self.runners[batch.id] = runner
                self.message(f"Joined batch {batch.id}, {batch.name}: {', '.join(served)}.")
                runner.start()

    def _open_batches(self) -> list[tuple[Batch, list[str]]]:
        """Running live batches, each with the models that have items left."""
        found = []
        with self.workspace.reading() as db:
            for batch in batches.running(db):
                if not batch.settings.vendor_batch and not vendor_batches.open_batches(db, batch.id):
                    models = load_progress(db, batch.id).models
                    found.append(
                        (
                            batch,
                            [model.model for model in models if model.stopped is None and model.left > model.at_vendor],
                        )
                    )
        return found

    def _serves(self, name: str, batch: Batch) -> bool:
        """Whether this worker serves a model, has its key, and reaches its server."""
        if self.models and name not in self.models and f"{name.split('/')[0]}/" not in self.models:
            return False
        base_url = batch.settings.base_urls.get(name)
        if (name, base_url) in self._unusable:
            return False
        try:
            require_ready([name], batch.settings)
            is_running = is_reachable(endpoint(name, base_url))
        except StudioError as error:
            self._report_unusable(name, base_url, str(error))
            return False
        if not is_running:
            self._report_missing_server(name, batch)
        return is_running

    def _report_missing_server(self, name: str, batch: Batch) -> None:
        """Check again later: a server on this machine can start at any time."""
        self._is_server_missing = True
        if (batch.id, name) not in self._reported:
            self._reported.add((batch.id, name))
            self.message(
                f"Batch {batch.id}: the server of {name} does not run on this machine. Other workers can serve {name}."
            )

    def _report_unusable(self, name: str, base_url: str | None, why: str) -> None:
        self._unusable.add((name, base_url))
        self.message(f"This worker skips {name}: {why}")

    def _leave(self, batch_id: int) -> None:
        runner = self.runners.pop(batch_id)
        progress = runner.snapshot().progress
        base_urls = progress.batch.settings.base_urls
        for name, why in runner.unusable.items():
            self._report_unusable(name, base_urls.get(name), why)
        try:
            runner.wait()
        except WorkspaceError as error:
            self.message(f"Batch {batch_id}: {error}")
            return
        except StudioError as error:
            self._skipped.add(batch_id)
            self.message(f"This worker skips batch {batch_id}: {error}")
            return
        note = f" {progress.batch.note}" if progress.batch.note else ""
        released = f", {runner.released:,} released" if runner.released else ""
        self.message(f"Left batch {batch_id}: {progress.status}, {runner.processed:,} processed{released}.{note}")

    def _stop_all(self) -> None:
        """Stop all runners, wait for in-flight requests unless stopped twice, and leave the batches."""
        for runner in self.runners.values():
            runner.stop()
        while not all(map(_is_over, self.runners.values())):
            if self._stops > 1:
                for runner in self.runners.values():
                    runner.stop(grace=0.0)
            self._woken.wait(_POLL)
            self._woken.clear()
        for batch_id in list(self.runners):
            self._leave(batch_id)


def _is_over(runner: LiveRunner) -> bool:
    try:
        return runner.wait(0)
    except Exception:  # noqa: BLE001 - raised again, and reported, when the batch is left
        return True

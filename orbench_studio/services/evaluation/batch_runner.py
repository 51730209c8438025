"""Run a batch in a thread: start, stop, wait, snapshot."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orbench_studio.domain.evaluation.batch import BatchProgress

log = logging.getLogger(__name__)
_REFRESH = 0.2  # seconds between two snapshots


@dataclass(frozen=True, slots=True)
class LiveModel:
    """One model in this process: requests in flight, items per minute, what it waits for, estimated time left.

    Items per minute are the mean of the last minute, but of 10 seconds at least. They sum up to those of this process
    as a worker.
    """

    in_flight: int = 0
    per_minute: int = 0
    waiting: str = ""
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The current progress of a batch. `live` has the models that this process works on."""

    progress: BatchProgress
    live: Mapping[str, LiveModel] = field(default_factory=dict)
    waiting: str = ""


class BatchRunner(ABC):
    """Runs one batch once, live or through vendor batches. To resume the batch, make a new runner."""

    def __init__(self, batch_id: int) -> None:
        self._batch_id = batch_id
        self._over = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run_logged, name=f"batch-{batch_id}")

    def start(self) -> None:
        """Start the thread; return at once."""
        self._thread.start()

    def run(self, show: Callable[[Snapshot], None], on_interrupt: Callable[[], None] = lambda: None) -> BatchProgress:
        """Start the batch, wait for its end, and return its progress; `show` gets snapshots.

        An interrupt (Ctrl-C) calls `on_interrupt` and waits for in-flight requests; a second one cancels them. Then
        KeyboardInterrupt is raised, as soon as all results are stored.
        """
        self.start()
        interrupts = 0
        while True:
            try:
                if self.wait(_REFRESH):
                    break
                show(self.snapshot())
            except KeyboardInterrupt:
                interrupts += 1
                self.stop(grace=0.0 if interrupts > 1 else None)
                if interrupts == 1:
                    on_interrupt()
        if interrupts:
            raise KeyboardInterrupt
        last = self.snapshot()
        show(last)
        return last.progress

    @abstractmethod
    def stop(self, *, grace: float | None = None) -> None:
        """Send no more requests; wait at most `grace` seconds for those in flight. The batch can be resumed later."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the run and raise its error; False after the timeout (seconds)."""
        # Not `join`: after Ctrl-C in Python 3.11, it considers a running thread as ended.
        if not self._over.wait(timeout):
            return False
        self._thread.join()
        if self._error is not None:
            raise self._error
        return True

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """The current progress. Fast, never blocks, callable from any thread."""

    @abstractmethod
    def _run(self) -> None:
        """Run until the batch ends or is stopped."""

    def _run_logged(self) -> None:
        try:
            self._run()
            log.info("batch %d left: %s", self._batch_id, _summary(self.snapshot().progress))
        except Exception as error:  # noqa: BLE001 - raised again by `wait`
            log.info("batch %d left: %s", self._batch_id, type(error).__name__)
            self._error = error
        finally:
            self._over.set()


def _summary(progress: BatchProgress) -> str:
    """Counts and causes for the log, never messages: a vendor's message may quote a prompt."""
    causes = "".join(f", {items} {cause.label}" for cause, items in progress.failed_by.items())
    return f"{progress.batch.state.label}, {progress.done} done, {progress.left} left{causes}"

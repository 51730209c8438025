"""A batch at work in a thread of its own: started once, looked at, waited for, and what went wrong handed on."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from orbench_studio.domain.evaluation.batch import BatchProgress

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LiveModel:
    """One model in this process: requests under way, answers a second, what it waits for, seconds until the end."""

    under_way: int = 0
    per_second: float = 0.0
    waiting: str = ""
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A batch as it is now; `live` has what is known of its models while they are at work in this process."""

    progress: BatchProgress
    live: Mapping[str, LiveModel] = field(default_factory=dict)
    waiting: str = ""


class BatchRunner(ABC):
    """Runs one batch, live or through the vendors' own batches. Make a new one to go on with a batch later."""

    def __init__(self, batch_id: int) -> None:
        self._batch_id = batch_id
        self._over = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"batch-{batch_id}")

    def start(self) -> None:
        """Go to work; returns at once."""
        self._thread.start()

    @abstractmethod
    def stop(self, *, grace: float | None = None) -> None:
        """Send nothing more. What is under way is waited for, `grace` seconds at most; the batch can go on later."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; False where it has not come in time. What went wrong is raised."""
        # Not `join`: interrupted by Ctrl-C it takes a thread that is at work for ended (Python 3.11).
        if not self._over.wait(timeout):
            return False
        self._thread.join()
        if self._error is not None:
            raise self._error
        return True

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """How far it is. Costs next to nothing, waits for nothing, and can be asked from any thread."""

    @abstractmethod
    def _work(self) -> None:
        """Work until the end, in the thread."""

    def _run(self) -> None:
        try:
            self._work()
            log.info("batch %d left: %s", self._batch_id, _words(self.snapshot().progress))
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the end
            log.info("batch %d left: %s", self._batch_id, type(error).__name__)
            self._error = error
        finally:
            self._over.set()


def _words(progress: BatchProgress) -> str:
    """Counts and causes, never the sentences: a vendor's may quote what it was sent."""
    causes = "".join(f", {items} {cause}" for cause, items in progress.failed_by.items())
    return f"{progress.batch.state}, {progress.done} answered, {progress.left} to be sent{causes}"

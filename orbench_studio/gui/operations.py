"""Work off the window's thread: one thread for the database, answers on the window's thread, errors in one place."""

import logging
import platform
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, qVersion

from orbench_studio import __version__
from orbench_studio.domain.changes import Changes
from orbench_studio.errors import StudioError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who wants to hear of an operation's end."""

    done: Callable[[Any], object] | None
    failed: Callable[[Exception], object] | None
    tells: bool
    elsewhere: tuple[type[Exception], ...]


class Operations(QObject):
    """Runs functions one after the other on a thread of its own: the database's, or that of long computations."""

    changed = Signal(Changes)  # after an operation that changed something has been answered
    failed = Signal(str)  # when the user's input or the world stopped an operation; words for the user
    crashed = Signal(str)  # when our own fault did; the traceback, to be copied
    _ended = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="operations")
        self._is_closed = False
        # Queued, always: what has ended before `run` returns would otherwise be answered within it, out of turn.
        self._ended.connect(self._answer, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        *,
        tells: bool = True,
        elsewhere: tuple[type[Exception], ...] = (),
    ) -> None:
        """Run `work` on that thread, then `done` or `failed` on the window's.

        A fault of the user or the world is also told in the window, unless `tells` is false because `failed` shows it
        where the user looks, or it is of a kind that is told `elsewhere`. Changes that `work` returns are announced
        after `done` has had them.
        """
        asked = _Asked(done, failed, tells, elsewhere)
        self._thread.submit(work).add_done_callback(lambda future: self._ended.emit(future, asked))

    def close(self) -> None:
        """Wait for everything that was asked for: a decision may be on its way. Only faults are heard of after that."""
        self._thread.shutdown(wait=True)
        self._is_closed = True

    def _answer(self, future: "Future[Any]", asked: _Asked) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is not None:
            self._tell(error, asked)
            return
        if self._is_closed:
            return
        result = future.result()
        if asked.done is not None:
            asked.done(result)
        if isinstance(result, Changes) and result:
            self.changed.emit(result)

    def _tell(self, error: BaseException, asked: _Asked) -> None:
        if asked.failed is not None and isinstance(error, Exception):
            asked.failed(error)
        if isinstance(error, StudioError):
            if asked.tells and not isinstance(error, asked.elsewhere):
                self.failed.emit(str(error))
            return
        self.report(error)

    def report(self, error: BaseException) -> None:
        """Log a fault of ours and have it shown, to be copied."""
        versions = f"OR-Bench Studio {__version__}, Python {platform.python_version()}, Qt {qVersion()}"
        text = f"{versions}, {platform.platform()}\n" + "".join(traceback.format_exception(error))
        log.error("a fault of the studio\n%s", text)
        self.crashed.emit(text)

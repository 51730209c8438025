"""Work off the window's thread: one thread for the database, answers on the window's thread, errors in one place."""

import logging
import platform
import traceback
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, qVersion

from orbench_studio import __version__
from orbench_studio.domain.core.changes import Changes
from orbench_studio.errors import StudioError

log = logging.getLogger(__name__)


def act_of(work: Callable[..., object]) -> Hashable:
    """What a function is, however often it is made anew: the same act, tried again.

    What is no function is an act itself: objects that compare equal are the same.
    """
    return getattr(work, "__code__", work)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who wants to hear of an operation's end."""

    done: Callable[[Any], object] | None
    failed: Callable[[Exception], object] | None
    tells: bool
    elsewhere: tuple[type[Exception], ...]
    act: Hashable
    concerns: Callable[[], bool]


class Operations(QObject):
    """Runs functions one after the other on a thread of its own: the database's, or that of long computations."""

    changed = Signal(Changes)  # after an operation that changed something has been answered
    failed = Signal(object, str)  # with the act and words for the user, when the user's input or the world stopped it
    succeeded = Signal(object)  # with the act
    crashed = Signal(str)  # when our own fault did; the traceback, to be copied
    _ended = Signal(object, object)
    _reported = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="operations")
        self._is_closed = False
        self._unanswered = 0
        # Queued, always: what has ended before `run` returns would otherwise be answered within it, out of turn.
        self._ended.connect(self._answer, Qt.ConnectionType.QueuedConnection)
        self._reported.connect(self.report, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        *,
        tells: bool = True,
        elsewhere: tuple[type[Exception], ...] = (),
        act: Hashable = None,
        concerns: Callable[[], bool] = lambda: True,
    ) -> None:
        """Run `work` on that thread, then `done` or `failed` on the window's.

        A fault of the user or the world is also told in the window, unless `tells` is false because `failed` shows it
        where the user looks, or it is of a kind that is told `elsewhere`. Changes that `work` returns are announced
        after `done` has had them. `act` is what a later attempt at the same has in common with this one, by default
        `act_of(work)`. Where the end `concerns` nobody any more, only faults of ours are heard of.
        """
        asked = _Asked(done, failed, tells, elsewhere, act_of(work) if act is None else act, concerns)
        self._unanswered += 1
        self._thread.submit(work).add_done_callback(lambda future: self._ended.emit(future, asked))

    def here(self, work: Callable[[], object]) -> None:
        """Do something short at once, on the window's thread; a fault of the user or the world is told."""
        try:
            work()
        except StudioError as error:
            log.info("%s", error)  # the window may be closing, and can tell nobody
            self.failed.emit(act_of(work), str(error))
        else:
            self.succeeded.emit(act_of(work))

    @property
    def busy(self) -> bool:
        """Whether something that was asked for has not been answered yet."""
        return self._unanswered > 0

    def close(self) -> None:
        """Wait for everything that was asked for: a decision may be on its way. Only faults are heard of after that."""
        self._thread.shutdown(wait=True)
        self._is_closed = True

    def _answer(self, future: "Future[Any]", asked: _Asked) -> None:
        self._unanswered -= 1
        if future.cancelled():
            return
        error = future.exception()
        if error is not None:
            self._tell(error, asked)
            return
        if self._is_closed or not asked.concerns():
            return
        self.succeeded.emit(asked.act)
        result = future.result()
        if asked.done is not None:
            asked.done(result)
        if isinstance(result, Changes) and result:
            self.changed.emit(result)

    def _tell(self, error: BaseException, asked: _Asked) -> None:
        concerns = asked.concerns()
        if asked.failed is not None and isinstance(error, Exception) and concerns:
            asked.failed(error)
        if isinstance(error, StudioError):
            if concerns and asked.tells and not isinstance(error, asked.elsewhere):
                self.failed.emit(asked.act, str(error))
            return
        self.report(error)

    def report(self, error: BaseException) -> None:
        """Log a fault of ours and have it shown, to be copied."""
        versions = f"OR-Bench Studio {__version__}, Python {platform.python_version()}, Qt {qVersion()}"
        text = f"{versions}, {platform.platform()}\n" + "".join(traceback.format_exception(error))
        log.error("a fault of the studio\n%s", text)
        self.crashed.emit(text)

    def report_later(self, error: BaseException | None) -> None:
        """Report a fault from any thread; the window hears of it on its own."""
        if error is not None:
            self._reported.emit(error)

"""Wait for a condition in a running window, and report what the window showed when it was not met."""

import inspect
import threading
import time

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

PATIENCE = 20  # seconds without any work in progress
PATIENCE_AT_WORK = 120  # seconds with an operation that does not end
_WAKE = 0.01  # seconds; other threads may meet the condition without an event of Qt


def wait_until(ready, is_busy=lambda: False, describe=lambda: "", what=""):
    """Process events until `ready()` is true; an assertion that fails in it means "not yet".

    Only time in which this process ran is counted, at most `_WAKE` for each time that the event loop woke up, so that a
    machine that is busy with other work does not fail the test.
    """
    waker = QTimer()
    waker.start(int(_WAKE * 1000))
    idle = busy = 0.0
    while not _is_met(ready):
        before = time.monotonic()
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        passed = min(time.monotonic() - before, _WAKE)
        if is_busy():
            busy += passed
        else:
            idle += passed
        if idle > PATIENCE or busy > PATIENCE_AT_WORK:
            raise AssertionError(f"Waited in vain for: {what or source_of(ready)}\n{describe()}")


def _is_met(ready):
    try:
        return bool(ready())
    except AssertionError:
        return False


def source_of(ready):
    """The condition as it is written in the test; the name of a function or method."""
    if getattr(ready, "__name__", "") != "<lambda>":
        return getattr(ready, "__qualname__", repr(ready))
    try:
        return " ".join(inspect.getsource(ready).split())
    except OSError:
        return repr(ready)


def threads_at_work():
    """The names of the running batch threads."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("batch-")]

"""Signal handlers for Ctrl+C and termination requests while Qt's event loop runs."""

import signal
import socket
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows does not have SIGHUP


class Interrupts(QObject):
    """Calls `stop` with the exit code (128 + signal) for the first such signal; a second one ends the process at once.

    Qt's event loop runs no Python code while it is idle, so Python would handle a signal only later. Python therefore
    writes the signal's number to a socket, which wakes the loop.
    """

    def __init__(self, stop: Callable[[int], None]) -> None:
        super().__init__()
        self._stop = stop
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._fd_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._before = {
            number: signal.signal(number, _once)
            for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name))
            if signal.getsignal(number) is not signal.SIG_IGN  # nohup
        }
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)

    def close(self) -> None:
        """Restore the previous handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._notifier.setEnabled(False)
        self._reader.close()
        self._writer.close()

    def _read(self) -> None:
        for number in self._reader.recv(64):
            if number in self._before:
                self._stop(128 + number)


def _once(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)

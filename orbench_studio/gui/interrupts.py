"""Ctrl+C in the terminal and the system's request to end, heard while Qt's event loop runs."""

import signal
import socket
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows lacks the last


class Interrupts(QObject):
    """Calls `stop` with the exit code (128 + signal) for the first such signal; a second one ends the process at once.

    Qt's event loop runs no Python while nothing happens, so Python alone would notice a signal only later. Python
    writes the signal's number to a socket, which wakes the loop.
    """

    def __init__(self, stop: Callable[[int], None]) -> None:
        super().__init__()
        self._stop = stop
        self._heard, self._wakes = socket.socketpair()
        for end in (self._heard, self._wakes):
            end.setblocking(False)
        self._fd_before = signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        self._before = {
            number: signal.signal(number, _once)
            for number in (getattr(signal, name) for name in _ENDING if hasattr(signal, name))
            if signal.getsignal(number) is not signal.SIG_IGN  # nohup
        }
        self._notifier = QSocketNotifier(self._heard.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._take)

    def close(self) -> None:
        """Restore the handlers that were there before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._notifier.setEnabled(False)
        self._heard.close()
        self._wakes.close()

    def _take(self) -> None:
        for number in self._heard.recv(64):
            if number in self._before:
                self._stop(128 + number)


def _once(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)

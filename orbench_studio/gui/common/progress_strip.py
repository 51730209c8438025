"""A progress bar with a Cancel button for a long operation that does not block the window."""

import time
from collections.abc import Callable
from threading import Event

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QPushButton

from orbench_studio.domain.core.amounts import duration
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.widgets import label

_FIRST_ESTIMATE = 2  # seconds of work before the time left is estimated


class ProgressStrip(QFrame):
    """A line with text, progress, the time left and Cancel; hidden while nothing runs. `clock` gives seconds."""

    _advanced = Signal(int, int)

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._began = 0.0
        self.setObjectName("panel")
        self._label = label("", "quiet")
        self._bar = QProgressBar()
        self._left = label("", "quiet")
        self.cancel = QPushButton(tr("Cancel"))
        self._cancelled = Event()
        self._build_ui()
        self._advanced.connect(self._advance)
        self.hide()

    def begin(self, text: str) -> Callable[[int, int], bool]:
        """Show the strip and return its progress callback.

        The callback may be called from any thread with the number of items done and the total; it returns False once
        the user has cancelled.
        """
        cancelled = self._cancelled = Event()
        self.cancel.setEnabled(True)
        self._label.setText(text)
        self._bar.setRange(0, 0)
        self._left.setText("")
        self._began = self._clock()
        self.show()

        def on_progress(done: int, total: int) -> bool:
            if not cancelled.is_set():
                self._advanced.emit(done, total)
            return not cancelled.is_set()

        return on_progress

    def stop(self) -> None:
        """Cancel the operation at its next progress report."""
        self._cancelled.set()
        self.cancel.setEnabled(False)

    def end(self) -> None:
        """Hide the strip and ignore further progress."""
        self._cancelled.set()
        self.hide()

    def _advance(self, done: int, total: int) -> None:
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        elapsed = self._clock() - self._began
        if elapsed >= _FIRST_ESTIMATE and 0 < done <= total:
            left = duration(elapsed * (total - done) / done)
            self._left.setText(tr("{time} left").format(time=left))

    def _build_ui(self) -> None:
        self._bar.setAccessibleName(tr("Progress"))
        self.cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click keeps the keyboard focus where it is
        self.cancel.clicked.connect(self.stop)
        row_layout(self, self._label, (self._bar, 1), self._left, self.cancel, margins=(16, 4, 8, 4), spacing=16)

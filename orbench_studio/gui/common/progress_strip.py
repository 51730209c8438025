"""A line that says how far something long is, with a way out; nothing else of the window waits for it."""

from collections.abc import Callable
from threading import Event

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.widgets import label


class ProgressStrip(QFrame):
    """Hidden while nothing runs."""

    _advanced = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._words = label("", "quiet")
        self._bar = QProgressBar()
        self.cancel = QPushButton(tr("Cancel"))
        self._cancelled = Event()
        self._build_ui()
        self._advanced.connect(self._advance)
        self.hide()

    def begin(self, words: str) -> Callable[[int, int], bool]:
        """Something long begins; from any thread it tells the function how far it is, and hears whether to go on."""
        cancelled = self._cancelled = Event()
        self.cancel.setEnabled(True)
        self._words.setText(words)
        self._bar.setRange(0, 0)
        self.show()

        def goes_on(done: int, total: int) -> bool:
            if not cancelled.is_set():
                self._advanced.emit(done, total)
            return not cancelled.is_set()

        return goes_on

    def stop(self) -> None:
        """Have it stop at its next step."""
        self._cancelled.set()
        self.cancel.setEnabled(False)

    def end(self) -> None:
        """It has ended, or nobody waits for it any more."""
        self._cancelled.set()
        self.hide()

    def _advance(self, done: int, total: int) -> None:
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def _build_ui(self) -> None:
        self._bar.setAccessibleName(tr("Progress"))
        self.cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys where they are
        self.cancel.clicked.connect(self.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(16)
        row.addWidget(self._words)
        row.addWidget(self._bar, 1)
        row.addWidget(self.cancel)

"""Runs Python's cyclic garbage collector on the window's thread only.

In any other thread it could find a closed dialog or window and delete its widgets there, which crashes Qt.
"""

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL = 1_000  # milliseconds
_THRESHOLDS = (700, 10, 10)  # of the generations: the defaults of Python


class GarbageCollection(QObject):
    """Replaces automatic collection by collection at intervals."""

    def __init__(self) -> None:
        super().__init__()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(_collect_due)
        self._timer.start(_INTERVAL)

    def close(self) -> None:
        """Collect what is left of the window, and let Python collect automatically again."""
        self._timer.stop()
        gc.collect()
        gc.enable()


def _collect_due() -> None:
    """Collect the oldest generation whose threshold is exceeded."""
    counts = gc.get_count()
    for generation in (2, 1, 0):
        if counts[generation] > _THRESHOLDS[generation]:
            gc.collect(generation)
            return

"""Labelling pace, and when a break is due. A sitting ends after a gap without decisions."""

import time
from collections import deque
from collections.abc import Callable
from statistics import median

from orbench_studio.gui.common.actions import tr

GAP = 5 * 60  # seconds without a decision that end a sitting
_LAST = 20  # decisions that the pace is computed from
_FEWEST = 5  # intervals; with fewer there is no pace


class Pace:
    """The decisions of one sitting. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._began: float | None = None
        self._last = 0.0
        self._took: deque[float] = deque(maxlen=_LAST)
        self._suggested = False

    def restart(self) -> None:
        """Begin a new sitting, in another workspace."""
        self._began = None
        self._took.clear()

    def decided(self) -> None:
        """Count a decision made now."""
        now = self.clock()
        if self._began is None or now - self._last >= GAP:
            self._began, self._suggested = now, False
            self._took.clear()
        else:
            self._took.append(now - self._last)
        self._last = now

    def seconds(self) -> float | None:
        """The median seconds between the last decisions of this sitting; None while there are too few."""
        return median(self._took) if len(self._took) >= _FEWEST else None

    def words(self) -> str:
        """The pace as text; empty while there is none."""
        seconds = self.seconds()
        if seconds is None:
            return ""
        return tr("{time} each").format(time=seconds_text(seconds))

    def suggests_break(self, after: int) -> bool:
        """Whether a break is due after this many minutes (0: never); true once in a sitting."""
        due = bool(after) and self._began is not None and self._last - self._began >= after * 60
        if not due or self._suggested:
            return False
        self._suggested = True
        return True


def seconds_text(seconds: float) -> str:
    """The median time of a decision, with tenths of a second below ten seconds."""
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"

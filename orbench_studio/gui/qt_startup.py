"""Starting Qt: its messages go to the log, the grave ones to the terminal too, and a start that fails says why."""

import logging
import os
import sys

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QApplication

from orbench_studio.system_libraries import FONT, how_to_install, missing_packages

log = logging.getLogger(__name__)

_LEVELS = {QtMsgType.QtCriticalMsg: logging.ERROR, QtMsgType.QtFatalMsg: logging.CRITICAL}
_LOST = " connection broke"  # Qt ends the process after this warning: the X server or the compositor is gone
_NO_SERVER = (
    ("qt.qpa.xcb: could not connect to display", "DISPLAY", "No X server answers"),
    ("Failed to create wl_display", "WAYLAND_DISPLAY", "No Wayland compositor answers"),
)


class QtMessages:
    """Qt's messages: all in the log; critical and fatal ones, and a lost display, on the terminal too."""

    def __init__(self) -> None:
        self._at_start: list[str] | None = []

    def install(self) -> None:
        """Receive Qt's messages from now on."""
        qInstallMessageHandler(self._take)

    def started(self) -> None:
        """Note that Qt is up: a fatal message from now on is a crash."""
        self._at_start = None

    def _take(self, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        category = context.category
        line = f"{category}: {text}" if category and category != "default" else text
        log.log(_LEVELS.get(kind, logging.INFO), "Qt: %s", line)
        if kind is QtMsgType.QtFatalMsg and self._at_start is not None:
            to_terminal(why_no_window(self._at_start))
            logging.shutdown()
            os._exit(1)  # the only way past Qt's abort; nothing has been made yet that would have to be cleaned up
        if kind in _LEVELS or _LOST in text:
            to_terminal(f"Qt: {line}")
        elif self._at_start is not None:
            self._at_start.append(line)


def start_qt() -> QApplication:
    """Make Qt's application; where no window can be opened, say why on the terminal and end with exit code 1."""
    messages = QtMessages()
    messages.install()
    qt = QApplication(sys.argv[:1])
    messages.started()
    if not QFontMetrics(QFont()).inFont("a"):
        to_terminal(f"No font is installed, so no text could be shown. {how_to_install([FONT])}")
        sys.exit(1)
    return qt


def why_no_window(said: list[str]) -> str:
    """Return why no window can be opened and what to do, from what Qt said before it gave up."""
    begin = "The window cannot be opened."
    if packages := missing_packages():
        return f"{begin} {how_to_install(packages)}"
    reasons = [
        f"{words} at {name}={os.environ[name]}."
        for line, name, words in _NO_SERVER
        if os.environ.get(name) and any(one.startswith(line) for one in said)
    ]
    if reasons:
        return (
            f"{begin} {' '.join(reasons)} Run it in a desktop session or over ssh -X, or correct the variable. "
            "To draw the demo's pages into files instead: orbench-studio demo --screenshots DIR"
        )
    return "\n  ".join((f"{begin} Qt says:", *said))


def to_terminal(text: str) -> None:
    """Write a line to standard error, where there is one; control characters are replaced."""
    if sys.stderr is not None:
        shown = "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)
        sys.stderr.write(f"OR-Bench Studio: {shown}\n")
        sys.stderr.flush()

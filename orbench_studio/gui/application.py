"""Putting the application together and running it: the one place that knows all parts of the window."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from orbench_studio.domain.place import Place
from orbench_studio.gui.actions import KEYS, tr
from orbench_studio.gui.held_keys import HeldKeys
from orbench_studio.gui.main_window import MainWindow
from orbench_studio.gui.operations import Operations
from orbench_studio.gui.session import Session
from orbench_studio.gui.theme import Theme
from orbench_studio.settings import Settings

log = logging.getLogger(__name__)


def log_qt_messages() -> None:
    """Send what Qt itself has to say to the log; a user's terminal is no place for it."""
    qInstallMessageHandler(lambda _mode, _context, text: log.info("Qt: %s", text))


class Application:
    """The parts of a running studio."""

    def __init__(self, settings: Settings, scratch: Path) -> None:
        self.qt = QApplication.instance() or QApplication(sys.argv[:1])
        assert isinstance(self.qt, QApplication)
        self.qt.setApplicationName("OR-Bench Studio")
        self.qt.setStyle("Fusion")
        self.theme = Theme(self.qt, settings.scheme, settings.font_scale)
        self.operations = Operations()
        self.session = Session(self.operations, settings)
        refused = KEYS.take(settings.keys)
        self.window = MainWindow(self.session, self.theme)
        self.theme.follow_system()  # now: a style sheet in force styles a widget anew with every parent it gets
        HeldKeys.watch(self.window)
        if refused:
            words = tr("Some custom shortcuts are invalid. Defaults are used instead.")
            self.window.messages.fail(KEYS, f"{words} {'; '.join(refused)}.", lasting=True)
        if settings.faults:
            self.window.messages.fail(Settings, " ".join(settings.faults), lasting=True)
        self._scratch = scratch
        self.window.demo_wanted.connect(self.open_demo)

    def run(self, begin: Callable[[], None]) -> int:
        """Show the window, begin once it is painted, and stay until it is closed."""
        sys.excepthook = self._own_fault
        self.window.show()
        QTimer.singleShot(0, begin)
        try:
            return self.qt.exec()
        finally:
            sys.excepthook = sys.__excepthook__
            self.close()

    def open(self, place: Place) -> None:
        """Open a workspace in the window."""
        self.window.open(place)

    def open_demo(self) -> None:
        """Open a fresh copy of the demo workspace in the scratch folder."""
        self.session.open_demo(self._scratch)

    def _own_fault(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self.operations.report(error)

    def close(self) -> None:
        """Let go of everything; a thread that still ran would abort the process."""
        try:
            self.window.close()
        finally:
            self.session.close()
            self.session.background.close()
            self.operations.close()

"""The application: creates the parts of the window, connects them and runs Qt's event loop."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication

from orbench_studio.domain.workspace.location import Location
from orbench_studio.gui.common.actions import SHORTCUTS, tr
from orbench_studio.gui.common.operations import Operations
from orbench_studio.gui.common.remembered import Remembered
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.garbage_collection import GarbageCollection
from orbench_studio.gui.interrupts import Interrupts
from orbench_studio.gui.keyboard import KeyboardLayoutFilter, KeyRepeatFilter
from orbench_studio.gui.main_window import MainWindow
from orbench_studio.gui.qt_startup import start_qt
from orbench_studio.gui.repeated_clicks import RepeatedClickFilter
from orbench_studio.gui.workspace.decision_recorder import DecisionRecorder
from orbench_studio.gui.workspace.session import Session
from orbench_studio.settings import Settings

if TYPE_CHECKING:
    from orbench_studio.services.workspace.policy import Policy

_PATIENCE = 0.5  # seconds that a computation in the background has to end when the window closes


class Application:
    def __init__(self, settings: Settings, scratch: Path) -> None:
        self.qt = QApplication.instance() or start_qt()
        assert isinstance(self.qt, QApplication)
        self.qt.setApplicationName("OR-Bench Studio")
        self.theme = Theme(self.qt, settings.scheme, settings.font_scale)
        self.operations = Operations()
        Remembered.panes, Remembered.choices = settings.panes, settings.choices
        self.session = Session(self.operations, settings, _team_policy)
        invalid = SHORTCUTS.load(settings.keys)
        self.recorder = DecisionRecorder(self.session)
        self.window = MainWindow(self.session, self.recorder, self.theme)
        self.theme.follow_system()  # after the widgets exist: a style sheet restyles a widget for every new parent
        KeyboardLayoutFilter.install(self.window, self.window.actions_table)
        KeyRepeatFilter.install(self.window)
        RepeatedClickFilter.install(self.window)
        if invalid:
            text = tr("Some custom shortcuts are invalid. Defaults are used instead. {details}.")
            self.window.messages.show_error(SHORTCUTS, text.format(details="; ".join(invalid)), lasting=True)
        if settings.faults:
            self.window.messages.show_error(Settings, " ".join(settings.faults), lasting=True)
        self._scratch = scratch
        self._garbage = GarbageCollection()
        self.window.demo_wanted.connect(self.open_demo)

    def run(self, begin: Callable[[], None] | None = None, opening: str = "") -> int:
        """Show the window, call `begin` once it is painted, and return the exit code when it is closed.

        `opening` is the name of what `begin` opens; the window shows it from its first frame.
        """
        if opening:
            self.window.show_opening(opening)
        with self.watched(self.qt.exit):
            if begin is not None:
                self.window.first_frame.painted.connect(begin, Qt.ConnectionType.SingleShotConnection)
            self.window.show()
            return self.qt.exec()

    @contextmanager
    def watched(self, stop: Callable[[int], None]) -> Iterator[None]:
        """Report unhandled exceptions in the window and call `stop` with an exit code on Ctrl+C or SIGTERM."""
        interrupts = Interrupts(stop)
        of_slots, of_threads = sys.excepthook, threading.excepthook
        sys.excepthook = lambda _kind, error, _trace: self.operations.report(error)
        threading.excepthook = lambda fault: self.operations.report_later(fault.exc_value)
        try:
            yield
        finally:
            sys.excepthook, threading.excepthook = of_slots, of_threads
            interrupts.close()

    def open(self, place: Location) -> None:
        self.window.open(place)

    def open_demo(self) -> None:
        """Open a fresh copy of the demo workspace in the scratch folder."""
        if not self.session.is_demo:
            self.window.show_opening(tr("the demo"))
            self.session.open_demo(self._scratch)

    def close(self) -> None:
        """Close the window and the workspace and stop all threads: a running thread would abort the process."""
        try:
            self.window.save_copy.discard()
            self.window.close()
        finally:
            self.session.close()
            self.session.background.abandon(_PATIENCE)
            self.operations.close()
            self._delete_objects()
            self._garbage.close()

    def _delete_objects(self) -> None:
        """Delete the window while Qt runs: deleted in any order at the exit of the interpreter, it can crash."""
        self.qt.processEvents()  # results that are already queued still find the window
        # Python cannot free a cycle through a signal of Qt: without this, every window stays in memory.
        for part in (self.window, self.recorder, self.session, self.theme, self.operations):
            part.deleteLater()
        self.qt.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _team_policy() -> "Policy":
    from orbench_studio.services.team.policy import TeamPolicy

    return TeamPolicy()

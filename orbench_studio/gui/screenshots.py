"""Screenshots of the demo's pages as PNG files, for machines without a display."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEventLoop, QIODevice, QSaveFile, QSize, QTimer
from PySide6.QtGui import QImage, QImageReader, QImageWriter
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QWidget

from orbench_studio.colours import DARK, LIGHT
from orbench_studio.errors import StudioError
from orbench_studio.gui.application import Application
from orbench_studio.gui.common.page_stack import PAGES
from orbench_studio.gui.common.theme import BODY, SMALLEST, px
from orbench_studio.gui.main_window import MainWindow
from orbench_studio.gui.review.page import State

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace

log = logging.getLogger(__name__)

IDLE = 3_000  # number of wake-ups without any work in progress until a page is given up
_LAYOUTS = 3  # times that sizes may depend on sizes
_WAKE = 10  # milliseconds; other threads may meet a condition without an event of Qt
_MOST = 0.95  # largest size of a dialog relative to the window
_MARK = ("Software", "OR-Bench Studio")  # in each file, to recognise our own pictures


class NotDrawnError(Exception):
    """A page did not reach the state that its picture shows."""


class StoppedError(Exception):
    """A signal stopped the run; `code` is the exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Look:
    """Colour scheme, window size and text size (per cent) of a picture."""

    scheme: str
    size: QSize
    scale: int = SMALLEST

    def __str__(self) -> str:
        large = f"-{self.scale}" if self.scale != SMALLEST else ""
        return f"{self.scheme}-{self.size.width()}x{self.size.height()}{large}"


class Stage:
    """The window with the demo. An error that it reports ends the current wait."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.window = application.window
        self.session = application.session
        self._errors: list[str] = []
        self._stopped = 0
        for operations in (application.operations, application.session.background):
            operations.failed.connect(lambda _act, text: self._errors.append(text))
            operations.crashed.connect(self._errors.append)

    @property
    def workspace(self) -> Workspace:
        if self.session.workspace is None:
            raise NotDrawnError("The demo is not open.")
        return self.session.workspace

    def stop(self, code: int) -> None:
        """End the run with an exit code."""
        self._stopped = code

    def wait(self, ready: Callable[[], bool]) -> None:
        """Process events until a condition is met, an error is reported, or nothing is in progress any more."""
        waker = QTimer()
        waker.start(_WAKE)
        idle = 0
        while not ready():
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            idle += not self._is_busy()
            if idle > IDLE:
                raise NotDrawnError("The page is not complete, but nothing is in progress.")
            if self._stopped:
                raise StoppedError(self._stopped)
            if self._errors:
                message = self._errors[-1].strip().splitlines()[-1]
                self._errors.clear()
                raise NotDrawnError(message)

    def settle(self, widget: QWidget) -> None:
        """Wait until nothing is loaded and nothing moves; painting a list requests its rows. A batch may be running."""
        for _ in range(_LAYOUTS):
            widget.grab()
            QApplication.processEvents()
            self.wait(lambda: not self._is_loading())

    def _is_busy(self) -> bool:
        return self._is_loading() or any(thread.name.startswith("batch-") for thread in threading.enumerate())

    def _is_loading(self) -> bool:
        return self.application.operations.busy or self.session.background.busy


# A scene brings the window to one or more states and yields the name and the widget of each picture.
Scene = Callable[[Stage], Iterator[tuple[str, QWidget]]]


def _page(action: str, stage: Stage) -> Iterator[tuple[str, QWidget]]:
    stage.window.show_page(action)
    yield action.removeprefix("page_"), stage.window


def _dialog(action: str, stage: Stage) -> Iterator[tuple[str, QWidget]]:
    stage.window.actions_table[action].trigger()
    yield action, stage.window.findChildren(QDialog)[-1]


MAIN_LOOK = Look("light", QSize(1440, 900))
PAGE_SCENES: dict[tuple[str, ...], Scene] = {
    **{(name.removeprefix("page_"),): partial(_page, name) for name, _shape, _title in PAGES},
    **{(name,): partial(_dialog, name) for name in ("export", "preferences", "keys")},
}


def draw_screenshots(
    application: Application,
    folder: Path,
    *,
    report: Callable[[str], None],
    report_error: Callable[[str], None],
    scenes: Mapping[tuple[str, ...], Scene] = PAGE_SCENES,
    looks: tuple[Look, ...] = (MAIN_LOOK,),
    faults: Callable[[QWidget], Iterable[str]] = lambda _widget: (),
) -> int:
    """Open the demo and draw the pictures of all scenes into an existing folder.

    `report` gets the path of each file, and the `faults` of what it shows. A scene that fails is named through
    `report_error`, and the others are still drawn. Returns the exit code: 1 if a scene failed, 128 + n after signal n.
    """
    stage = Stage(application)
    drawing = _Drawing(stage, folder, looks, report, faults)
    failed = False
    try:
        with application.watched(stage.stop):
            application.window.show()
            application.open_demo()
            stage.wait(lambda: application.window.review.state is State.SHOWN)
            for names, scene in scenes.items():
                if error := drawing.draw(names, scene):
                    report_error(error)
                    failed = True
    except StoppedError as stopped:
        report_error("Interrupted.")
        return stopped.code
    except NotDrawnError as error:
        report_error(f"The demo cannot be opened: {error}")
        return 1
    return 1 if failed else 0


class _Drawing:
    def __init__(
        self,
        stage: Stage,
        folder: Path,
        looks: tuple[Look, ...],
        report: Callable[[str], None],
        faults: Callable[[QWidget], Iterable[str]],
    ) -> None:
        self._stage = stage
        self._folder = folder
        self._looks = looks
        self._report = report
        self._faults = faults
        self._sizes: dict[int, QSize] = {}  # of dialogs, at the default text size
        self._current: tuple[str, int] | None = None

    def draw(self, names: tuple[str, ...], scene: Scene) -> str:
        """Draw the pictures of a scene; return an error message, empty on success."""
        missing, pictures = list(names), scene(self._stage)
        while missing:
            try:
                self._apply(self._looks[0])  # or what the scene builds would have the text size of the last look
                name, widget = next(pictures)
                lines = [line for look in self._looks for line in self._draw(widget, look, name)]
                missing.remove(name)
                if widget is not self._stage.window:
                    widget.close()
                if not missing:
                    next(pictures, None)  # run the scene to its end, for later scenes
            except StoppedError:
                raise
            except Exception as error:  # the other scenes are still drawn
                if not isinstance(error, StudioError | NotDrawnError):
                    log.exception("not drawn: %s", ", ".join(missing))
                return f"Not drawn: {', '.join(missing)}. {error}"
            for line in lines:
                self._report(line)
        return ""

    def _apply(self, look: Look) -> None:
        if (look.scheme, look.scale) != self._current:
            theme = self._stage.application.theme
            theme.apply({"light": LIGHT, "dark": DARK}[look.scheme])
            theme.scale(look.scale)
            self._current = (look.scheme, look.scale)

    def _draw(self, widget: QWidget, look: Look, name: str) -> list[str]:
        """Draw a picture, and return its path and faults."""
        path = self._folder / f"{name}-{look}.png"
        own = self._sizes.setdefault(id(widget), widget.size() * BODY / px(BODY))
        self._apply(look)
        if not isinstance(widget, QMenu):
            dialog = (own * look.scale / SMALLEST).boundedTo(look.size * _MOST)
            widget.resize(look.size if isinstance(widget, MainWindow) else dialog)
        self._stage.settle(widget)
        picture = widget.grab().toImage()
        picture.setText(*_MARK)
        _write(picture, path)
        return [str(path), *self._faults(widget)]


def _write(picture: QImage, path: Path) -> None:
    """Write a PNG file atomically; it replaces only a picture that we drew before."""
    if path.exists() and QImageReader(str(path)).text(_MARK[0]) != _MARK[1]:
        raise StudioError(f"{path} exists and is not a picture of this demo. It was not replaced: name another folder.")
    file = QSaveFile(str(path))
    if not (
        file.open(QIODevice.OpenModeFlag.WriteOnly)
        and QImageWriter(file, QByteArray(b"png")).write(picture)
        and file.commit()
    ):
        raise StudioError(f"{path} could not be written: {file.errorString()}.")

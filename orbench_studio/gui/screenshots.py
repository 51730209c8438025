"""Pictures of the demo's pages and dialogs as PNG files: the main pages once, or everything in every look."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QByteArray, QIODevice, QSaveFile, QSize
from PySide6.QtGui import QImage, QImageReader, QImageWriter
from PySide6.QtWidgets import QMenu, QWidget

from orbench_studio.colours import DARK, LIGHT
from orbench_studio.errors import StudioError
from orbench_studio.gui.application import Application
from orbench_studio.gui.common.theme import LARGEST, SMALLEST
from orbench_studio.gui.main_window import MainWindow
from orbench_studio.gui.review.page import State
from orbench_studio.gui.screenshot_scenes import SCENES, NotDrawnError, Scene, Stage, StoppedError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is drawn: colours, size of the window, size of text in per cent."""

    scheme: str
    size: QSize
    scale: int = SMALLEST

    def __str__(self) -> str:
        large = f"-{self.scale}" if self.scale != SMALLEST else ""
        return f"{self.scheme}-{self.size.width()}x{self.size.height()}{large}"


TOKENS = {"light": LIGHT, "dark": DARK}
MAIN_LOOK = Look("light", QSize(1440, 900))
EVERY_LOOK = tuple(
    look
    for scheme in TOKENS
    for look in (
        *(Look(scheme, size) for size in (QSize(1024, 700), QSize(1440, 900), QSize(1920, 1080))),
        Look(scheme, QSize(1280, 800), LARGEST),
    )
)
MAIN_PAGES = (
    "review",
    "library",
    "evaluate-composed",
    "instruments",
    "audit",
    "audit-what-if",
    "curate",
    "disputes-response",
    "generate",
    "team",
    "export",
    "keys",
)
EVERY_PAGE = tuple(name for names in SCENES for name in names)
_DIALOG = 0.6  # of the window
_MARK = ("Software", "OR-Bench Studio")  # in each file, to tell our pictures from others'


def draw_screenshots(
    application: Application,
    folder: Path,
    *,
    every: bool,
    tell: Callable[[str], None],
    complain: Callable[[str], None],
) -> int:
    """Open the demo and draw pages of it into an existing folder: the main pages in one look, or everything.

    `tell` gets the name of each file when it is written. A page that fails is named through `complain`, and the others
    are drawn all the same. Returns the exit code: 1 where a page failed, 128 + n after signal n.
    """
    pages, looks = (EVERY_PAGE, EVERY_LOOK) if every else (MAIN_PAGES, (MAIN_LOOK,))
    stage = Stage(application)
    drawing = _Drawing(stage, folder, looks, tell, complain)
    try:
        with application.watched(stage.stop):
            application.window.show()
            application.open_demo()
            stage.wait(lambda: application.window.review.state is State.SHOWN)
            for names, scene in SCENES.items():
                drawing.draw([name for name in names if name in pages], scene, whole=every)
    except StoppedError as stopped:
        complain("Interrupted.")
        return stopped.code
    except NotDrawnError as error:
        complain(f"The demo cannot be opened: {error}")
        return 1
    finally:
        application.close()
    return 1 if drawing.failed else 0


class _Drawing:
    """The pictures of one run, and whether one of them failed."""

    def __init__(
        self,
        stage: Stage,
        folder: Path,
        looks: tuple[Look, ...],
        tell: Callable[[str], None],
        complain: Callable[[str], None],
    ) -> None:
        self._stage = stage
        self._folder = folder
        self._looks = looks
        self._tell = tell
        self._complain = complain
        self._worn: tuple[str, int] | None = None
        self.failed = False

    def draw(self, names: list[str], scene: Scene, *, whole: bool) -> None:
        """Draw these pictures of a scene; later scenes may need that it was played as a `whole`."""
        subjects = scene(self._stage)
        while names or whole:
            files: list[Path] = []
            try:
                name, widget = next(subjects)
                if name in names:
                    files = [self._picture(widget, look, f"{name}-{look}.png") for look in self._looks]
                    names.remove(name)
                if widget is not self._stage.window:
                    widget.close()
            except StopIteration:
                return
            except StoppedError:
                raise
            except Exception as error:  # the other pages are drawn all the same
                if not isinstance(error, StudioError | NotDrawnError):  # those have been told of in their own words
                    log.exception("not drawn: %s", ", ".join(names))
                self._complain(f"Not drawn: {', '.join(names)}. {error}")
                self.failed = True
                return
            for file in files:
                self._tell(str(file))

    def _picture(self, widget: QWidget, look: Look, name: str) -> Path:
        if (look.scheme, look.scale) != self._worn:
            theme = self._stage.application.theme
            theme.apply(TOKENS[look.scheme])
            theme.scale(look.scale)
            self._worn = (look.scheme, look.scale)
        if not isinstance(widget, QMenu):
            widget.resize(look.size if isinstance(widget, MainWindow) else look.size * _DIALOG)
        self._stage.settle(widget)
        picture = widget.grab().toImage()
        picture.setText(*_MARK)
        return _write(picture, self._folder / name)


def _write(picture: QImage, path: Path) -> Path:
    """Write a PNG file whole or not at all; it replaces a picture that we drew before, never another file."""
    if path.exists() and QImageReader(str(path)).text(_MARK[0]) != _MARK[1]:
        raise StudioError(f"{path} exists and is not a picture of this demo. It was not replaced: name another folder.")
    file = QSaveFile(str(path))
    if not (
        file.open(QIODevice.OpenModeFlag.WriteOnly)
        and QImageWriter(file, QByteArray(b"png")).write(picture)
        and file.commit()
    ):
        raise StudioError(f"{path} could not be written: {file.errorString()}.")
    return path

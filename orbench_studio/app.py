"""The composition root: creates the application and runs it."""

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orbench_studio import log
from orbench_studio.domain.workspace.location import Location
from orbench_studio.env_file import load_env_file
from orbench_studio.errors import StudioError
from orbench_studio.settings import Settings, load_settings

if TYPE_CHECKING:
    from orbench_studio.gui.application import Application


def run(workspace: Location | None) -> int:
    """Open the window, with a workspace if one is given; return the exit code."""
    with application() as studio:
        if workspace is None:
            return studio.run()
        return studio.run(lambda: studio.open(workspace), opening=workspace.name)


def run_demo() -> int:
    """Open the window with a temporary copy of the demo workspace; return the exit code."""
    with application() as studio:
        return studio.run(studio.open_demo, opening="the demo")


def draw_demo(folder: Path, *, report: Callable[[str], None], report_error: Callable[[str], None]) -> int:
    """Draw the pages of the demo into PNG files and show no window; return the exit code. See `draw_screenshots`."""
    with application(default_settings=True) as studio:
        from orbench_studio.gui.screenshots import draw_screenshots

        return draw_screenshots(studio, folder, report=report, report_error=report_error)


@contextmanager
def application(*, default_settings: bool = False) -> Iterator["Application"]:
    """The application with a temporary folder for the demo; `default_settings` ignores the user's settings file."""
    gc.disable()  # objects created at the start live on: searching them for cycles takes 10 % of it (measured)
    try:
        without_log = log.set_up()
        from orbench_studio.gui.application import Application
        from orbench_studio.gui.qt_startup import start_qt

        start_qt()  # before the folder exists: it exits if no window can be opened
        with tempfile.TemporaryDirectory(prefix="orbench-demo-", ignore_cleanup_errors=True) as scratch:
            file = Path(scratch) / "settings.json" if default_settings else None
            studio = Application(_settings(file), Path(scratch))
            if without_log:
                studio.window.messages.show_error(log.set_up, without_log, lasting=True)
            gc.freeze()  # nor are they searched later, when a full collection would delay a key press
            try:
                yield studio
            finally:
                studio.close()
    finally:
        gc.enable()


def _settings(file: Path | None) -> Settings:
    """The settings, with the variables of the keys file that they name."""
    settings = load_settings(file)
    try:
        load_env_file(settings.env_file)
    except StudioError as error:
        settings.faults.append(str(error))
    return settings

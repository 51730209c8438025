"""The composition root: makes the parts and hands them to each other."""

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orbench_studio import log
from orbench_studio.domain.workspace.location import Location
from orbench_studio.settings import load_settings

if TYPE_CHECKING:
    from orbench_studio.gui.application import Application


def run(workspace: Location | None) -> int:
    """Open the window, on a workspace if one is named; gives the exit code."""
    with _application() as application:
        if workspace is None:
            return application.run()
        return application.run(lambda: application.open(workspace), opening=workspace.name)


def run_demo() -> int:
    """Open the window on a copy of the demo workspace that goes when the window closes; gives the exit code."""
    with _application() as application:
        return application.run(application.open_demo, opening="the demo")


def draw_demo(folder: Path, *, every: bool, tell: Callable[[str], None], complain: Callable[[str], None]) -> int:
    """Draw pages of the demo into PNG files and show no window; gives the exit code. See `portraits.portray`."""
    with _application(own_settings=True) as application:
        from orbench_studio.gui.screenshots import draw_screenshots

        return draw_screenshots(application, folder, every=every, tell=tell, complain=complain)


@contextmanager
def _application(*, own_settings: bool = False) -> Iterator["Application"]:
    """The application and a temporary folder for the demo; `own_settings` are kept there and start as the defaults."""
    gc.disable()  # all that is made now stays: looking for cycles in it costs a tenth of the start (measured)
    try:
        without_log = log.set_up()
        from orbench_studio.gui.application import Application
        from orbench_studio.gui.qt_startup import start_qt

        start_qt()  # before the folder is made: where no window can be opened this ends the process
        with tempfile.TemporaryDirectory(prefix="orbench-demo-", ignore_cleanup_errors=True) as scratch:
            file = Path(scratch) / "settings.json" if own_settings else None
            application = Application(load_settings(file), Path(scratch))
            if without_log:
                application.window.messages.show_error(log.set_up, without_log, lasting=True)
            gc.enable()
            yield application
    finally:
        gc.enable()

"""The composition root: makes the parts and hands them to each other."""

import gc
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from orbench_studio import log
from orbench_studio.domain.place import Place
from orbench_studio.settings import Settings, load_settings

if TYPE_CHECKING:
    from orbench_studio.gui.application import Application


def run(workspace: Place | None) -> int:
    """Open the window, on a workspace if one is named; gives the exit code."""
    with tempfile.TemporaryDirectory(prefix="orbench-demo-", ignore_cleanup_errors=True) as scratch:
        application = _application(Path(scratch), load_settings())
        return application.run(lambda: application.open(workspace) if workspace else None)


def run_demo(*, screenshots: Path | None) -> int:
    """Open the window on a copy of the demo workspace that goes when the window closes; gives the exit code.

    With `screenshots` no window is shown: every page is rendered into PNG files in that folder.
    """
    with tempfile.TemporaryDirectory(prefix="orbench-demo-", ignore_cleanup_errors=True) as scratch:
        if screenshots is None:
            application = _application(Path(scratch), load_settings())
            return application.run(application.open_demo)
        from orbench_studio.gui.portraits import portray

        return portray(_application(Path(scratch), load_settings(Path(scratch) / "settings.json")), screenshots)


def _application(scratch: Path, settings: Settings) -> "Application":
    gc.disable()  # all that is made now stays: looking for cycles in it costs a tenth of the start (measured)
    try:
        from orbench_studio.gui.application import Application, log_qt_messages

        without_log = log.set_up()
        log_qt_messages()
        application = Application(settings, scratch)
        if without_log:
            application.window.messages.fail(log.set_up, without_log, lasting=True)
        return application
    finally:
        gc.enable()

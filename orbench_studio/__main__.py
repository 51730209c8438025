"""`orbench-studio`, or `python -m orbench_studio`: the command line, which receives the window as an object."""

import gc
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from orbench_studio.cli.display import has_display
from orbench_studio.cli.terminal import guard
from orbench_studio.domain.workspace.location import Location
from orbench_studio.log import set_up

log = logging.getLogger("orbench_studio")


class _Window:
    """The window, imported on first use: most commands do not need Qt."""

    def open(self, workspace: Location | None) -> int:
        from orbench_studio.app import run

        return run(workspace)

    def demo(self) -> int:
        from orbench_studio.app import run_demo

        return run_demo()

    def screenshots(self, folder: Path, *, report: Callable[[str], None], report_error: Callable[[str], None]) -> int:
        from orbench_studio.app import draw_demo

        return draw_demo(folder, report=report, report_error=report_error)


def main() -> None:
    """Run the command line; an unexpected error goes to the log as well as to the terminal."""
    try:
        _open_window([Path(argument) for argument in sys.argv[1:]])
        gc.set_threshold(50_000)  # most objects live until the end: the default takes a tenth of a command (measured)
        from orbench_studio.cli.main import app

        app(obj=_Window(), prog_name="orbench-studio")
    except Exception:
        log.exception("unexpected error")
        raise


def _open_window(workspace: list[Path]) -> None:
    """Open the window without loading the command line's libraries, which takes a quarter of the start (measured)."""
    if len(workspace) > 1 or not all(path.suffix == ".orbench" and path.is_file() for path in workspace):
        return
    if has_display():
        guard()
        set_up()
        try:
            sys.exit(_Window().open(workspace[0] if workspace else None))
        except ImportError:
            return  # a system library is missing: the command line explains it
        except KeyboardInterrupt:
            sys.stderr.write("Interrupted.\n")
            sys.exit(130)


if __name__ == "__main__":
    main()

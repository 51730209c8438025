"""The interface of the window for the command line, and the checks for a display and Qt's system libraries."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from orbench_studio.domain.workspace.location import Location
from orbench_studio.system_libraries import how_to_install, missing_packages

_MISSING = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")


class Window(Protocol):
    """The window object from `__main__`; each method returns an exit code."""

    def open(self, workspace: Location | None) -> int:
        """Open a workspace, or the start page."""

    def demo(self) -> int:
        """Open the demo."""

    def screenshots(self, folder: Path, *, report: Callable[[str], None], report_error: Callable[[str], None]) -> int:
        """Draw the demo's pages into a folder; `report` gets each file, `report_error` each page that failed."""


def has_display() -> bool:
    """Whether a window can be opened: on Linux, a display or a Qt platform must be set."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def missing_library(error: ImportError) -> str | None:
    """An explanation for a system library that Qt needs and cannot load; None for other import errors."""
    found = _MISSING.search(str(error))
    if found is None:
        return None
    packages = missing_packages()
    if packages:
        return how_to_install(packages)
    return f"Qt needs the system library {found.group(1)}, which is not installed. Install it, then try again."

"""The window as the command line knows it: whether there is a screen for it, and what it needs of the system."""

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
    """What `__main__` hands in; each gives an exit code."""

    def open(self, workspace: Location | None) -> int:
        """Show a workspace, or the start page."""

    def demo(self) -> int:
        """Show the demo."""

    def screenshots(
        self, folder: Path, *, every: bool, tell: Callable[[str], None], complain: Callable[[str], None]
    ) -> int:
        """Draw the demo's pages into a folder; `tell` gets each file, `complain` each page that failed."""


def has_display() -> bool:
    """False on a Linux without a screen; a platform that the user names for Qt is taken at its word."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def missing_library(error: ImportError) -> str | None:
    """Words for a system library that Qt misses; None for any other import error."""
    found = _MISSING.search(str(error))
    if found is None:
        return None
    packages = missing_packages()
    if packages:
        return how_to_install(packages)
    return f"Qt needs the system library {found.group(1)}, which is not installed. Install it, then try again."

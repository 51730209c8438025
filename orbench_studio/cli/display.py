"""The window as the command line knows it: whether there is a screen for it, and what it needs of the system."""

import os
import re
import sys
from pathlib import Path
from typing import Protocol

from orbench_studio.domain.place import Place

_MISSING = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")
QT_PACKAGES = (
    "libegl1",
    "libgl1",
    "libfontconfig1",
    "libfreetype6",
    "libdbus-1-3",
    "libxkbcommon0",
    "libglib2.0-0",
    "fonts-dejavu-core",
)
WINDOW_PACKAGES = (
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
    "libx11-xcb1",
)


class Window(Protocol):
    """What `__main__` hands in; both give an exit code."""

    def open(self, workspace: Place | None) -> int:
        """Show a workspace, or the start page."""

    def demo(self, *, screenshots: Path | None) -> int:
        """Show the demo, or draw its pages into a folder."""


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
    return (
        f"The window needs the system library {found.group(1)}, which is not installed. On Debian or Ubuntu:\n"
        f"  sudo apt-get install {' '.join(QT_PACKAGES + WINDOW_PACKAGES)}"
    )

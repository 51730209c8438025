"""The table of system libraries: whether it is complete, and what is reported missing for which display."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from orbench_studio import system_libraries

QT = Path(find_spec("PySide6").origin).parent / "Qt"
NEEDED = re.compile(
    rb"\0(lib(?:X11|xcb|xkbcommon|wayland|EGL|GL|fontconfig|freetype|dbus|g)[\w-]*[-.\d]*\.so\.\d+)(?=\0)"
)
KINDS = {
    "xcb": ("plugins/platforms/libqxcb.so", "lib/libQt6XcbQpa.so.6", "lib/libQt6Gui.so.6", "lib/libQt6Core.so.6"),
    "wayland": ("plugins/platforms/libqwayland.so", "lib/libQt6WaylandClient.so.6"),
}


@pytest.fixture
def system(monkeypatch):
    """A Debian with a font that lacks some libraries, and an environment without a display."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(system_libraries, "has_font", lambda: True)

    def lacks(*libraries, **environment):
        monkeypatch.setattr(system_libraries, "loads", lambda library: library not in libraries)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return system_libraries.missing_packages()

    return lacks


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the table is for Linux")
@pytest.mark.parametrize("kind", KINDS)
def test_the_table_has_every_library_that_qt_links(kind):
    table = system_libraries.QT | {"xcb": system_libraries.X11, "wayland": system_libraries.WAYLAND}[kind]
    linked = {name.decode() for file in KINDS[kind] for name in NEEDED.findall((QT / file).read_bytes())}
    assert len(linked) > 3
    assert linked - set(table) - {"libgcc_s.so.1"} == set()


def test_every_missing_library_of_the_display_in_use_is_named(system):
    gone = ("libxcb-icccm.so.4", "libxcb-keysyms.so.1")
    assert system(*gone) == []
    assert system(*gone, DISPLAY=":0") == ["libxcb-icccm4", "libxcb-keysyms1"]
    assert system(*gone, QT_QPA_PLATFORM="offscreen") == []
    assert system(*gone, QT_QPA_PLATFORM="xcb") == ["libxcb-icccm4", "libxcb-keysyms1"]


def test_one_working_display_is_enough(system):
    both = {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}
    assert system("libxcb-icccm.so.4", **both) == []
    assert system("libwayland-client.so.0", "libxcb-icccm.so.4", "libxcb-util.so.1", **both) == ["libwayland-client0"]


def test_missing_packages_of_qt_and_a_font_are_named_once(system, monkeypatch):
    monkeypatch.setattr(system_libraries, "has_font", lambda: False)
    monkeypatch.setattr(system_libraries.shutil, "which", lambda _name: "apt-get")
    assert system("libglib-2.0.so.0", "libgthread-2.0.so.0") == ["libglib2.0-0", "fonts-dejavu-core"]


def test_the_module_prints_the_missing_packages():
    command = [sys.executable, "-m", "orbench_studio.system_libraries"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == system_libraries.missing_packages()

"""Sets the studio up in a fresh checkout and starts it: `python3 resources/bootstrap.py demo`, or `... test`.

Standard library only, in words that Python 3.9 can read, so that an old one gets a message, not a SyntaxError.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

NEEDED = (3, 11)
HERE = Path(__file__).resolve().parent.parent
VENV = HERE / ".venv"
STAMP = VENV / "set-up-for"  # written last: an environment without it is half made
EXTRAS = {"demo": "", "test": "[dev]"}

# What Qt loads, and the Debian packages that have it.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libglib-2.0.so.0": "libglib2.0-0",
}
WINDOW_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
}
FONT = "fonts-dejavu-core"
SERVER = "postgresql"  # for the tests alone; without it those about workspaces on a server are skipped, and say so
SERVERS = Path("/usr/lib/postgresql")
FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("~/.local/share/fonts").expanduser())


class StopError(Exception):
    """What is missing, and how to get it."""


def main(arguments: list[str]) -> int:
    """Set up what is missing, then run the verb; its exit code is ours."""
    if not arguments or arguments[0] not in EXTRAS:
        say("usage: python3 resources/bootstrap.py demo|test [ARGUMENTS]")
        return 2
    verb = arguments[0]
    try:
        check_python()
        make_venv(verb)
        if sys.platform.startswith("linux"):
            get_libraries(verb)
    except StopError as error:
        say(str(error))
        return 1
    try:
        return run(verb, arguments[1:])
    except KeyboardInterrupt:
        return 130


def run(verb: str, arguments: list[str]) -> int:
    """The verb itself."""
    if verb == "demo":
        return subprocess.call([program("orbench-studio"), "demo", *arguments])
    offscreen = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
    # Three on two cores, for many wait; neighbours share what is made once, and nobody waits at the end.
    at_once = ["-n", "3", "--dist", "worksteal"]
    return subprocess.call([program("python"), "-m", "pytest", *at_once, *arguments], cwd=HERE, env=offscreen)


def check_python() -> None:
    """Stop where this Python will not do."""
    if sys.version_info < NEEDED:
        have, need = sys.version.split()[0], ".".join(map(str, NEEDED))
        raise StopError(f"OR-Bench Studio needs Python {need} or newer; this is {have}. Run this with a newer one.")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        told = "This Python cannot make virtual environments. On Debian or Ubuntu:\n  sudo apt-get install python3-venv"
        raise StopError(told) from None


def make_venv(verb: str) -> None:
    """A virtual environment with the studio in it; a finished one is used again, a half-made one never."""
    home = f"{HERE} {sys.version.split()[0]}"
    project = hashlib.sha256((HERE / "pyproject.toml").read_bytes()).hexdigest()
    made = STAMP.read_text(encoding="utf-8").split("\n") if STAMP.exists() and program("python").exists() else []
    if made[:2] == [home, project] and made[2] in (verb, "test"):
        return
    say("Setting the studio up in .venv (a few minutes the first time)")
    STAMP.unlink(missing_ok=True)
    if made[:1] != [home]:
        do([sys.executable, "-m", "venv", "--clear", VENV])
    # Compiled here: where PYTHONDONTWRITEBYTECODE is set every start would be 2-4 times slower.
    do([program("python"), "-m", "pip", "install", "--quiet", "--compile", "--editable", f"{HERE}{EXTRAS[verb]}"])
    STAMP.write_text("\n".join((home, project, verb)), encoding="utf-8")


def do(command: list[str | Path]) -> None:
    """Run a step of the set-up."""
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", **os.environ}
    if subprocess.call(command, cwd=HERE, env=quiet):
        raise StopError("This step failed: " + " ".join(map(str, command)))


def get_libraries(verb: str) -> None:
    """Qt's libraries and a font: there, or installed where we may, or named. The tests' server only where we may."""
    packages = missing_packages(verb)
    may_install = shutil.which("apt-get") is not None and os.geteuid() == 0
    if verb == "test" and may_install and not has_server():
        packages.append(SERVER)
    if not packages:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        raise StopError("Qt needs libraries that this system lacks. Debian's names of them: " + " ".join(packages))
    if os.geteuid() != 0:
        raise StopError("Qt needs libraries that this system lacks. Run:\n  sudo apt-get install " + " ".join(packages))
    say("Installing what the system lacks: " + " ".join(packages))
    silent = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], install):
        done = subprocess.run(command, env=silent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            told = done.stdout.decode("utf-8", "replace")[-2000:]
            raise StopError(f"{told}\nThis step failed: {' '.join(command)}")
    fault = qt_fault()
    if fault:
        raise StopError(f"Qt still cannot be loaded: {fault}")


def missing_packages(verb: str) -> list[str]:
    """The Debian packages that are missing; all of Qt's where none of them explains why it cannot be loaded."""
    packages = []
    if qt_fault():
        packages = [package for library, package in QT_LIBRARIES.items() if not loads(library)]
        packages = packages or list(QT_LIBRARIES.values())
    if verb == "demo" and os.environ.get("DISPLAY"):
        packages += [package for library, package in WINDOW_LIBRARIES.items() if not loads(library)]
    if shutil.which("apt-get") and not has_font():
        packages.append(FONT)
    return packages


def qt_fault() -> str:
    """Why Qt cannot be loaded, in the loader's words; nothing where it can."""
    probe = [str(program("python")), "-c", "import PySide6.QtWidgets"]
    done = subprocess.run(probe, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    return done.stderr.decode("utf-8", "replace").strip().split("\n")[-1] if done.returncode else ""


def loads(library: str) -> bool:
    """Whether the system has this shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_font() -> bool:
    """Whether there is any font: without one Qt draws no letters."""
    return any(path.suffix in (".ttf", ".otf", ".ttc") for folder in FONT_FOLDERS for path in folder.rglob("*"))


def has_server() -> bool:
    """Whether there is a PostgreSQL server that the tests can start."""
    return shutil.which("initdb") is not None or any(SERVERS.glob("*/bin/initdb"))


def program(name: str) -> Path:
    """A program of the virtual environment."""
    return VENV / "Scripts" / f"{name}.exe" if os.name == "nt" else VENV / "bin" / name


def say(text: str) -> None:
    """A line of progress, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

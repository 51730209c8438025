"""Install the program in a fresh checkout and run it: `python3 resources/bootstrap.py demo`, or `... test`.

Standard library and Python 3.9 syntax only, so that an old Python prints a message instead of a SyntaxError.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

NEEDED = (3, 11)
HERE = Path(__file__).resolve().parent.parent
VENV = HERE / ".venv"
STAMP = VENV / "set-up-for"  # written last: an environment without it is incomplete
EXTRAS = {"demo": "", "test": "[dev]"}

SERVER = "postgresql"  # for the tests; without it, the tests of workspaces on a server are skipped
SERVERS = Path("/usr/lib/postgresql")


class StopError(Exception):
    """Something is missing; the message says what and how to install it."""


def main(arguments: list[str]) -> int:
    """Install what is missing, then run the command; return its exit code."""
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
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130
    return run(verb, arguments[1:])


def run(verb: str, arguments: list[str]) -> int:
    """Run the command itself."""
    if verb == "demo":
        return wait_for([program("orbench-studio"), "demo", *arguments])
    # Compile once, not in each of the processes at the same time. The tests' own modules are compiled by pytest.
    compileall.compile_dir(HERE / "orbench_studio", quiet=2)
    # Three processes on two cores, because many tests wait; worksteal keeps all of them busy until the end.
    parallel = ["-n", "3", "--dist", "worksteal"]
    return wait_for([program("python"), "-m", "pytest", *parallel, *arguments], cwd=HERE, env=environment(verb))


def environment(verb: str) -> dict[str, str]:
    """The environment variables of a command: tests show no window, and their processes reuse compiled modules."""
    if verb == "demo":
        return dict(os.environ)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"QT_QPA_PLATFORM": "offscreen", **kept}


def wait_for(command: list[str | Path], **options: Any) -> int:
    """Run a program until it ends, also after Ctrl+C, which it receives too; report the signal that ended it."""
    with subprocess.Popen(command, **options) as child:
        before = [
            (signal.SIGINT, signal.signal(signal.SIGINT, signal.SIG_IGN)),
            (signal.SIGTERM, signal.signal(signal.SIGTERM, lambda *_: child.terminate())),
        ]
        try:
            code = child.wait()
        finally:
            for number, handler in before:
                signal.signal(number, handler)
    if code >= 0:
        return code
    say(f"The program was ended by signal {-code} ({signal.Signals(-code).name}).")
    return 128 - code


def check_python() -> None:
    """Stop if this Python is too old or incomplete."""
    if sys.version_info < NEEDED:
        have, need = sys.version.split()[0], ".".join(map(str, NEEDED))
        raise StopError(f"OR-Bench Studio needs Python {need} or newer; this is {have}. Use a newer one.")
    try:
        import ensurepip  # noqa: F401 - whether there is one
        import venv  # noqa: F401 - whether there is one
    except ImportError:
        message = (
            "This Python cannot create virtual environments. On Debian and Ubuntu:\n  sudo apt-get install python3-venv"
        )
        raise StopError(message) from None


def make_venv(verb: str) -> None:
    """Create a virtual environment with the program; reuse only a complete one."""
    home = f"{HERE} {sys.version.split()[0]}"
    project = hashlib.sha256((HERE / "pyproject.toml").read_bytes()).hexdigest()
    made = STAMP.read_text(encoding="utf-8").split("\n") if STAMP.exists() and program("python").exists() else []
    if made[:2] == [home, project] and made[2] in (verb, "test"):
        return
    say("Installing OR-Bench Studio into .venv (a few minutes the first time)")
    STAMP.unlink(missing_ok=True)
    if made[:1] != [home]:
        do([sys.executable, "-m", "venv", "--clear", VENV])
    do([program("python"), "-m", "pip", "install", "--quiet", "--no-compile", "--editable", f"{HERE}{EXTRAS[verb]}"])
    # Compile now, on all cores: with PYTHONDONTWRITEBYTECODE set, every start would otherwise be 2-4 times slower.
    compileall.compile_dir(VENV, quiet=2, workers=0, rx=re.compile(r"site-packages.+[/\\]tests[/\\]"))
    STAMP.write_text("\n".join((home, project, verb)), encoding="utf-8")


def do(command: list[str | Path]) -> None:
    """Run a step of the installation."""
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", **os.environ}
    if subprocess.call(command, cwd=HERE, env=quiet):
        raise StopError("This step failed: " + " ".join(map(str, command)))


def get_libraries(verb: str) -> None:
    """Install Qt's libraries and a font as root, or name them. The database server for tests is optional."""
    packages = missing_packages(verb)
    may_install = shutil.which("apt-get") is not None and os.geteuid() == 0
    if verb == "test" and may_install and not has_server():
        packages.append(SERVER)
    if not packages:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        raise StopError("Qt needs missing system libraries. Their Debian packages are: " + " ".join(packages))
    if os.geteuid() != 0:
        raise StopError("Qt needs missing system libraries. Run:\n  sudo apt-get install " + " ".join(packages))
    say("Installing system packages: " + " ".join(packages))
    silent = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], install):
        done = subprocess.run(command, env=silent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            output = done.stdout.decode("utf-8", "replace")[-2000:]
            raise StopError(f"{output}\nThis step failed: {' '.join(command)}")
    fault = qt_fault()
    if fault:
        raise StopError(f"Qt still cannot be loaded: {fault}")


def missing_packages(verb: str) -> list[str]:
    """The missing Debian packages that Qt needs for a command, as listed by the program itself."""
    ask = [str(program("python")), "-m", "orbench_studio.system_libraries"]
    done = subprocess.run(ask, env=environment(verb), capture_output=True, check=False)
    if done.returncode:
        raise StopError(done.stderr.decode("utf-8", "replace") + "\nThis step failed: " + " ".join(ask))
    return done.stdout.decode("utf-8").split()


def qt_fault() -> str:
    """The loader's message if Qt cannot be loaded; empty if it can."""
    probe = [str(program("python")), "-c", "import PySide6.QtWidgets"]
    done = subprocess.run(probe, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    return done.stderr.decode("utf-8", "replace").strip().split("\n")[-1] if done.returncode else ""


def has_server() -> bool:
    """Whether a PostgreSQL server is installed."""
    return shutil.which("initdb") is not None or any(SERVERS.glob("*/bin/initdb"))


def program(name: str) -> Path:
    """A program of the virtual environment."""
    return VENV / "Scripts" / f"{name}.exe" if os.name == "nt" else VENV / "bin" / name


def say(text: str) -> None:
    """Print a line immediately."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

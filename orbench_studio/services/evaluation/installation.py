"""What this machine has and lacks for the studio: Qt, fonts, keyring, PostgreSQL client, extras, keys, servers."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from orbench_studio import system_libraries, user_folders
from orbench_studio.log import log_file
from orbench_studio.providers import hugging_face
from orbench_studio.providers.credentials import keyring_name
from orbench_studio.services.evaluation import model_catalogue
from orbench_studio.version import __version__

_DISPLAY = "display"
_IS_FROZEN = bool(getattr(sys, "frozen", False))
_QT_TIMEOUT = 60  # seconds to load Qt on a busy machine
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
# Extras of the package: module, extra, and what it is for.
_EXTRAS = (
    ("python_calamine", "excel", "Excel and OpenDocument workbooks"),
    ("xllamacpp", "local", "the local model"),
    ("boto3", "bedrock", "Claude on Amazon Bedrock"),
    ("google.auth", "vertex", "Claude on Google Vertex AI"),
)


class State(StrEnum):
    """The state of a part: `absent` parts are optional, `missing` ones prevent the window from opening."""

    OK = "ok"
    ABSENT = "absent"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the installation. `remedy` says how to get it; empty if it is there."""

    name: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Installation:
    """The parts of the installation; vendors by the variable of their key; running model servers by title."""

    parts: tuple[Part, ...]
    keys: Mapping[str, bool] = field(default_factory=dict)
    servers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        """Whether nothing that the window needs is missing."""
        return all(part.state is not State.MISSING for part in self.parts)

    @property
    def summary(self) -> str:
        """Whether the window can open, in a sentence."""
        if not self.works:
            return "The window cannot open: something that it needs is missing."
        if any(part.name == _DISPLAY and part.state is State.ABSENT for part in self.parts):
            return "The command line works. The window needs a display."
        return "The window can open."


def installation() -> Installation:
    """Examine the machine. Takes a few seconds: Qt is loaded in another process, and servers are asked.

    Keys are looked up by name; their values are not read into the result.
    """
    parts = [_program(), _qt(), *([_display()] if sys.platform.startswith("linux") else []), _font(), _keyring()]
    parts += [_postgresql(), *_extras(), *_folders()]
    keys = {vendor.key_variable: vendor.has_key for vendor in model_catalogue.vendors()}
    keys["HF_TOKEN"] = hugging_face.has_token()
    servers = {server.title: server.models for server in model_catalogue.local_servers()}
    return Installation(tuple(parts), keys, servers)


def _program() -> Part:
    parts = [f"OR-Bench Studio {__version__}", f"Python {platform.python_version()}", platform.platform(terse=True)]
    return Part("program", State.OK, ", ".join(parts))


def _qt() -> Part:
    name = "Qt"
    try:
        detail = f"PySide6 {version('PySide6-Essentials')}"
    except PackageNotFoundError:
        return Part(name, State.MISSING, "not installed", "pip install PySide6-Essentials")
    if packages := system_libraries.missing_packages() if sys.platform.startswith("linux") else []:
        return Part(name, State.MISSING, detail, system_libraries.how_to_install(packages).replace("\n ", ""))
    if fault := _fault_of_qt():
        return Part(name, State.MISSING, detail, f"Qt cannot be loaded: {fault}")
    return Part(name, State.OK, detail)


def _fault_of_qt() -> str:
    """Why Qt cannot be loaded; empty if it can."""
    if _IS_FROZEN:
        return ""  # an installer's program contains Qt, and no Python that could be started
    command = [sys.executable, "-c", "import PySide6.QtWidgets"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_QT_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer within {_QT_TIMEOUT} s"
    return done.stderr.strip().rsplit("\n", 1)[-1] if done.returncode else ""


def _display() -> Part:
    if shown := [f"{name}={os.environ[name]}" for name in _DISPLAYS if os.environ.get(name)]:
        return Part(_DISPLAY, State.OK, ", ".join(shown))
    remedy = "Run it in a desktop session or over ssh -X. The command line works without a display."
    return Part(_DISPLAY, State.ABSENT, "none", remedy)


def _font() -> Part:
    if not sys.platform.startswith("linux") or system_libraries.has_font():
        return Part("fonts", State.OK, "installed")
    remedy = f"sudo apt-get install {system_libraries.FONT}" if shutil.which("apt-get") else ""
    return Part("fonts", State.ABSENT, "none; the bundled font is used", remedy)


def _keyring() -> Part:
    if name := keyring_name():
        return Part("keyring", State.OK, name)
    return Part("keyring", State.ABSENT, "none", "Set API keys as environment variables or in a .env file.")


def _postgresql() -> Part:
    name = "PostgreSQL client"
    try:
        import psycopg
    except ImportError as error:
        return Part(name, State.ABSENT, str(error).split("\n")[0], "pip install 'psycopg[binary]'")
    return Part(name, State.OK, f"psycopg {psycopg.__version__}, libpq {psycopg.pq.version() // 10_000}")


def _extras() -> list[Part]:
    if _IS_FROZEN:
        return []  # nothing can be added to an installer's program
    parts = []
    for module, extra, purpose in _EXTRAS:
        name = f"extra: {extra}"
        if _has_module(module):
            parts.append(Part(name, State.OK, purpose))
        else:
            parts.append(Part(name, State.ABSENT, purpose, f"pip install 'orbench-studio[{extra}]'"))
    return parts


def _has_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # of its parent package
        return False


def _folders() -> list[Part]:
    return [Part("settings", State.OK, str(user_folders.config_folder())), Part("log", State.OK, str(log_file()))]

"""A harness that refuses silence: what a test logs, leaves running or lying about, or asks of the network, fails it."""

import logging
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.postgres import Postgres, program

# Offscreen pretends to a screen of 800 x 800 unless it is told otherwise.
if os.environ.get("QT_QPA_PLATFORM", "offscreen") == "offscreen":
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={Path(__file__).parent / 'screen.json'}"

_FOLDERS = {
    "HOME": "",
    "USERPROFILE": "",
    "XDG_CONFIG_HOME": "config",
    "XDG_STATE_HOME": "state",
    "XDG_DATA_HOME": "data",
    "XDG_CACHE_HOME": "cache",
    "APPDATA": "roaming",
    "LOCALAPPDATA": "local",
}
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_PATIENCE = 30  # seconds that a thread has to end after its test
_LONGEST = ("test_typed", "test_the_pictures", "test_the_report_has_every_figure")


def pytest_addoption(parser):
    parser.addoption("--portraits", type=Path, metavar="FOLDER", help="write a PNG of every page and dialog there")


def pytest_configure(config):
    config.addinivalue_line("markers", "logs_errors: the test provokes errors in the log, and looks at them itself")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """What takes longest begins first: last, one process would be at it while the others have nothing to do."""
    items.sort(key=lambda item: item.name not in _LONGEST)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    """No test sees or leaves anything in the home of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    for name, folder in _FOLDERS.items():
        (home / folder).mkdir(exist_ok=True)
        monkeypatch.setenv(name, str(home / folder))
    yield
    logger = logging.getLogger("orbench_studio")
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
        handler.close()


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of this test process; skipped where there is none, but not where the run promised one."""
    if program("initdb") is None:
        message = "there is no PostgreSQL server on this machine (Debian: apt-get install postgresql)"
        (pytest.fail if os.environ.get("ORBENCH_NEEDS_POSTGRES") else pytest.skip)(message)
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Nothing leaves the machine."""
    connect = socket.socket.connect

    def local_only(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOCAL:
            raise AssertionError(f"a test wanted to connect to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)


@pytest.fixture(autouse=True)
def _nothing_logged(request, caplog):
    """A warning or an error in the studio's log fails the test, unless it is marked `logs_errors`."""
    yield
    if request.node.get_closest_marker("logs_errors") is not None:
        return
    records = [record for phase in ("setup", "call") for record in caplog.get_records(phase)]
    message = [r.getMessage() for r in records if r.levelno >= logging.WARNING and r.name.startswith("orbench_studio")]
    assert not message, f"logged: {message}"


@pytest.fixture(autouse=True)
def _nothing_left():
    """No thread and no file in the working folder outlives its test."""
    folder, threads = Path.cwd(), set(threading.enumerate())
    files = set(folder.iterdir())
    yield
    deadline = time.monotonic() + _PATIENCE
    while (left := _running(threads)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left, f"still running: {left}"
    lying = {file.name for file in set(folder.iterdir()) - files} - _TOOLS
    assert not lying, f"left in the working folder: {sorted(lying)}"


_TOOLS = {".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".import_linter_cache", "__pycache__"}


def _running(before):
    return [t for t in threading.enumerate() if t not in before and t.is_alive() and not t.name.startswith("execnet")]

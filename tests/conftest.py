"""Checks around every test: no unexpected log records, threads, files or network connections."""

import gc
import logging
import os
import shutil
import socket
import sys
import threading
import time
import traceback
from functools import cache
from pathlib import Path

import pytest
import typer.testing
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from orbench_studio.store.core import engine
from orbench_studio.store.core.unit_of_work import writing
from orbench_studio.store.workspace import opening
from tests.postgres import Postgres, program

gc.disable()  # until the tests are collected

# Without this configuration the offscreen platform has a screen of 800 x 800.
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
_SUBFOLDERS = sorted(folder for folder in _FOLDERS.values() if folder)
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_PATIENCE = 20  # seconds for threads to end after a test
_LONGEST = (  # beginnings of names
    "test_typed",
    "test_every_scene_is_drawn",
    "test_the_report_has_every_figure",
    "test_growth_in_a_file_is_measured",
    "test_killed_",
    "test_processes_killed_at_random",
    "test_the_server_stopped_in_the_middle",
)


def pytest_configure(config):
    config.addinivalue_line("markers", "logs_errors: the test provokes errors in the log and checks them itself")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Start the longest tests first, so that no process is idle at the end."""
    items.sort(key=lambda item: not item.name.startswith(_LONGEST))


def pytest_collection_finish():
    """Exempt everything that is imported from garbage collection: searching it took a fifth of a test of the window."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)  # by default, it takes a twentieth of all tests
    gc.enable()


@pytest.fixture(scope="session")
def _empty_homes():
    """The home folder of the last test, if the test left it empty: most do, and removing folders is slow."""
    return []


@pytest.fixture(autouse=True)
def _temporary_home(_empty_homes, tmp_path_factory, monkeypatch):
    """Give each test an empty home folder."""
    home = _empty_homes.pop() if _empty_homes else tmp_path_factory.mktemp("home")
    for name, folder in _FOLDERS.items():
        (home / folder).mkdir(exist_ok=True)
        monkeypatch.setenv(name, str(home / folder))
    yield
    logger = logging.getLogger("orbench_studio")
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
        handler.close()
    if sorted(path.relative_to(home).as_posix() for path in home.rglob("*")) == _SUBFOLDERS:
        _empty_homes.append(home)


@pytest.fixture(scope="session", autouse=True)
def _migrated_once(tmp_path_factory):
    """Start every new workspace file from a copy of one that was migrated: 0.004 s, not 0.07 s.

    Processes that tests start migrate theirs.
    """
    tables = tmp_path_factory.mktemp("migrated") / "tables"
    tables.touch()
    opening._fill(tables, lambda _db: None)

    def copied(part, fill):
        shutil.copyfile(tables, part)
        made = engine.sqlite_engine(part, has_log=False)
        try:
            with writing(made) as db:
                fill(db)
        finally:
            made.dispose()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "_fill", copied)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_files():
    """Compile each statement once for all workspace files, and leave flushing to the operating system.

    Compiling took a sixth of the time of the services' tests. A killed process loses nothing without flushes.
    """
    create, configure, compiled = engine._engine, engine._configure, LRUCache(5_000)

    def sharing(database, options, **pool):
        return create(database, options | {"compiled_cache": compiled}, **pool)

    def quick(keeping, connection, record):
        configure(keeping, connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_engine", sharing)
        patch.setattr(engine, "_configure", quick)
        # The dialect, which every engine has of its own, is a part of the keys.
        patch.setattr(SQLiteDialect_pysqlite, "__eq__", lambda self, other: type(self) is type(other))
        patch.setattr(SQLiteDialect_pysqlite, "__hash__", lambda self: hash(type(self)))
        yield


@pytest.fixture(scope="session", autouse=True)
def _commands_made_once():
    """Make the commands for the first call of the command line, not for each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.testing._get_command))
        yield


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server for this test process; without one, tests are skipped or (ORBENCH_NEEDS_POSTGRES) fail."""
    if program("initdb") is None:
        message = "PostgreSQL is not installed on this machine (Debian: apt-get install postgresql)"
        (pytest.fail if os.environ.get("ORBENCH_NEEDS_POSTGRES") else pytest.skip)(message)
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Fail on connections to other machines."""
    connect = socket.socket.connect

    def local_only(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOCAL:
            raise AssertionError(f"a test tried to connect to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)


@pytest.fixture(autouse=True)
def _nothing_logged(request, caplog):
    """Fail a test that logs warnings or errors, unless it is marked `logs_errors`."""
    yield
    if request.node.get_closest_marker("logs_errors") is not None:
        return
    records = [record for phase in ("setup", "call") for record in caplog.get_records(phase)]
    messages = [r.getMessage() for r in records if r.levelno >= logging.WARNING and r.name.startswith("orbench_studio")]
    assert not messages, f"logged: {messages}"


@pytest.fixture(autouse=True)
def _nothing_left():
    """Fail a test that leaves threads running or files in the working folder."""
    folder, threads = Path.cwd(), set(threading.enumerate())
    files = set(folder.iterdir())
    yield
    deadline = time.monotonic() + _PATIENCE
    while (left := _running(threads)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left, f"still running after {_PATIENCE} s:\n{_stacks(left)}"
    files_left = {file.name for file in set(folder.iterdir()) - files} - _TOOLS
    assert not files_left, f"left in the working folder: {sorted(files_left)}"


_TOOLS = {".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".import_linter_cache", "__pycache__"}


def _stacks(threads):
    """The name of each thread, and where it is."""
    frames = sys._current_frames()
    return "\n".join(f"{one.name}:\n{''.join(traceback.format_stack(frames.get(one.ident)))}" for one in threads)


def _running(before):
    return [t for t in threading.enumerate() if t not in before and t.is_alive() and not t.name.startswith("execnet")]

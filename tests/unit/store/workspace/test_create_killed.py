"""The process is killed while it creates a workspace, or the disk is full: the next one finds nothing in its way."""

import os
import subprocess
import sys

import pytest

# Forked from one process that has imported everything already. `moment` counts file operations, commits and some of the
# other statements: those of one transaction leave the same file behind.
KILLED_AT_EVERY_MOMENT = """
import os, shutil, signal, sys
from itertools import count
from pathlib import Path
from sqlalchemy import Engine, event
from orbench_studio.services.workspace.workspace import (create_workspace, open_or_create, open_workspace,)

folder = Path(sys.argv[1])
path = folder / "mine.orbench"
left, counts, statements = -1, False, 0

def moment(*_):
    global left
    if counts:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

def file_operation(name, arguments):
    if name in ("open", "sqlite3.connect", "os.link", "os.remove", "os.rename") and str(folder) in str(arguments):
        moment()

def statement(text):
    global statements
    statements += 1
    if text.startswith("COMMIT") or statements % 200 == 0:
        moment()

def watch(connection, _record):
    connection.set_trace_callback(statement)

sys.addaudithook(file_operation)
event.listen(Engine, "connect", watch, insert=True)

def in_a_process_of_its_own(work):
    if (child := os.fork()) == 0:
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def created_and_killed(at):
    global left, counts
    left, counts = at, True
    create_workspace(path).close()

def opened():
    with open_or_create(path) as workspace:
        assert workspace.problems() == []

for at in count(1):
    folder.mkdir()
    code = in_a_process_of_its_own(lambda: created_and_killed(at))
    assert in_a_process_of_its_own(opened) == 0, at
    lying = sorted(file.name for file in folder.iterdir())
    assert lying == ["mine.orbench"], (at, lying)
    shutil.rmtree(folder)
    if code == 0:
        print("killed", at)
        break
    assert code == -signal.SIGKILL, (at, code)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked there")
def test_killed_at_any_moment_of_creating_it_is_created_by_the_next(tmp_path):
    command = [sys.executable, "-c", KILLED_AT_EVERY_MOMENT, str(tmp_path / "folder")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[1]) > 10


FULL_DISK = """
import os, resource, signal, sys
from pathlib import Path
from orbench_studio.errors import WorkspaceError
from orbench_studio.services.workspace.workspace import create_workspace
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
for size in (0, 1_000, 5_000, 50_000, 200_000):
    if os.fork() == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        try:
            create_workspace(path).close()
        except WorkspaceError as error:
            print(error, flush=True)
        os._exit(0)
    os.wait()
    assert list(path.parent.iterdir()) == [], size
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the size of files cannot be limited there")
def test_a_full_disk_while_it_is_created_leaves_nothing(tmp_path):
    command = [sys.executable, "-B", "-c", FULL_DISK, str(tmp_path / "mine.orbench")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Nothing was changed") == 5

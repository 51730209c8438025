"""The file of an open workspace is renamed, deleted or replaced by another program, in real processes."""

import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.errors import WorkspaceError, WorkspaceMovedError
from orbench_studio.services.data import moved_file_recovery
from orbench_studio.services.review.prompt_review import decide
from orbench_studio.services.workspace.workspace import open_workspace
from tests.forked import start_script

DECIDING = """
import sys
from pathlib import Path
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.errors import StudioError
from orbench_studio.services.review.prompt_review import decide
from orbench_studio.services.workspace.workspace import open_workspace
try:
    with open_workspace(Path(sys.argv[1])) as workspace:
        for line in sys.stdin:
            decide(workspace, Decision(int(line), Aspect.LABEL, "toxic"), annotator="anna")
            print("decided", flush=True)
except StudioError as error:
    print(error, flush=True)
"""


def decided(path):
    """The prompts about which Anna decided, in a file that is whole."""
    with open_workspace(path) as workspace:
        assert workspace.problems() == []
        with workspace.reading() as db:
            query = "SELECT prompt_id FROM annotations JOIN annotators a ON a.id = annotator_id WHERE a.name = 'anna'"
            return sorted(db.exec_driver_sql(query).scalars())


def deleted(path):
    path.unlink()


def deleted_with_its_log(path):
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink()


def renamed(path):
    path.rename(path.with_name("renamed.orbench"))


def replaced(path):
    path.with_name("copy.orbench").replace(path)


def checked_out(path):
    """As git does it: unlinked, then written anew."""
    content = path.with_name("copy.orbench").read_bytes()
    path.unlink()
    path.write_bytes(content)


def log_deleted(path):
    """By somebody who takes it for rubbish."""
    path.with_name(path.name + "-wal").unlink()
    path.with_name(path.name + "-shm").unlink()


def folder_renamed(path):
    path.parent.rename(path.parent.with_name("elsewhere"))


def folder_removed(path):
    shutil.rmtree(path.parent)


@pytest.fixture
def mine(path):
    """A workspace in a folder of its own, with a colleague's copy beside it."""
    folder = path.parent / "folder"
    folder.mkdir()
    shutil.copy(path, folder / "copy.orbench")
    with open_workspace(folder / "copy.orbench") as colleague:
        decide(colleague, Decision(4, Aspect.LABEL, "safe"), annotator="bert")
    return path.rename(folder / "mine.orbench")


MOVES = (deleted, deleted_with_its_log, renamed, replaced, checked_out, log_deleted, folder_renamed, folder_removed)


@pytest.mark.skipif(os.name == "nt", reason="an open file can neither be renamed nor deleted there")
@pytest.mark.parametrize("move", MOVES)
def test_what_was_acknowledged_is_in_a_file_that_is_named_and_nothing_is_damaged(mine, move):
    with start_script(DECIDING, mine) as process:

        def decides(prompt_id):
            process.stdin.write(f"{prompt_id}\n")
            process.stdin.flush()
            return process.stdout.readline()

        assert decides(1) == decides(2) == "decided\n"
        move(mine)
        message = decides(3).strip()
        process.stdin.close()
    assert message.startswith("mine.orbench-wal was " if move is log_deleted else "mine.orbench was ")
    assert "Nothing more is written to it. A copy of the open workspace was saved as " in message
    copy = type(mine)(message.split("was saved as ")[1].removesuffix("."))
    assert decided(copy) == [1, 2]
    if move is log_deleted:
        assert decided(mine) == [1, 2]
    if move is renamed:
        assert decided(mine.with_name("renamed.orbench")) == [1, 2]
    if move in (replaced, checked_out):
        assert decided(mine) == []
        assert "3 decisions" not in moved_file_recovery.merge_into(mine, copy)
        assert decided(mine) == [1, 2]
    log = mine.with_name("mine.orbench-wal")
    assert not log.exists() or not log.stat().st_size, "it would be played into the next file of that name"


def test_a_transaction_is_not_committed_to_a_file_that_was_replaced_meanwhile(mine):
    workspace = open_workspace(mine)
    with pytest.raises(WorkspaceMovedError, match="was replaced"), workspace.writing() as db:
        db.exec_driver_sql("UPDATE workspace SET illustrative = 1")
        replaced(mine)
    with workspace.reading() as db:
        assert db.exec_driver_sql("SELECT illustrative FROM workspace").scalar() == 0
    workspace.close()
    assert decided(mine) == []


def test_no_second_connection_reads_another_file(mine):
    workspace = open_workspace(mine)
    with workspace.reading():
        replaced(mine)
        with pytest.raises(WorkspaceMovedError), workspace.reading():
            pytest.fail("it read the other file")
    workspace.close()


def test_whoever_looks_for_what_others_wrote_hears_of_it(mine):
    workspace = open_workspace(mine)
    workspace.data_version()
    deleted(mine)
    with pytest.raises(WorkspaceMovedError, match="renamed, moved or deleted"):
        workspace.data_version()
    workspace.close()


def test_decisions_are_not_merged_into_another_workspace(mine, path):
    with closing(sqlite3.connect(mine)) as db, db:
        db.execute("UPDATE workspace SET uuid = 'another'")
    copy = mine.with_name("copy.orbench")
    assert not moved_file_recovery.is_same_workspace(copy, mine)
    with pytest.raises(WorkspaceError, match="another workspace"):
        moved_file_recovery.merge_into(mine, copy)


def test_a_second_name_of_a_file_is_refused(mine):
    other = mine.with_name("linked.orbench")
    os.link(mine, other)
    for path in (mine, other):
        with pytest.raises(WorkspaceError, match="has a second name"):
            open_workspace(path)
    other.unlink()
    open_workspace(mine).close()


def test_a_symbolic_link_is_the_same_file(mine):
    other = mine.with_name("linked.orbench")
    other.symlink_to(mine)
    with open_workspace(mine) as one, open_workspace(other) as two:
        decide(one, Decision(1, Aspect.LABEL, "safe"), annotator="anna")
        decide(two, Decision(2, Aspect.LABEL, "safe"), annotator="anna")
    assert decided(mine) == [1, 2]


def test_an_interrupted_transaction_takes_its_connection_and_the_log_with_it(mine):
    with open_workspace(mine) as workspace:
        decide(workspace, Decision(1, Aspect.LABEL, "safe"), annotator="anna")
        with pytest.raises(KeyboardInterrupt), workspace.writing() as db:
            db.exec_driver_sql("SELECT 1")
            db.invalidate()  # as SQLAlchemy does where Ctrl+C comes in a statement
            raise KeyboardInterrupt
        decide(workspace, Decision(2, Aspect.LABEL, "safe"), annotator="anna")
    assert decided(mine) == [1, 2]

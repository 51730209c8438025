"""Transactions: a full disk, a killed process, two windows at once. The workspace stays whole."""

import signal
import sys
import threading
import time

import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import LONGEST_NOTE, Decision
from orbench_studio.errors import WorkspaceError
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.services.data.import_files import import_file
from orbench_studio.services.review import history, prompt_review
from orbench_studio.services.workspace.statistics import statistics
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.core import engine
from orbench_studio.store.core.unit_of_work import lock_annotator
from tests.forked import start_script

IMPORTING = """
import sys
from pathlib import Path
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.services.data.import_files import import_file
from orbench_studio.services.workspace.workspace import open_workspace
with open_workspace(Path(sys.argv[1])) as workspace:
    print("begun", flush=True)
    import_file(workspace, Path(sys.argv[2]), ReadOptions())
"""
DECIDING = """
import sys
from itertools import cycle
from pathlib import Path
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import LONGEST_NOTE, Decision
from orbench_studio.services.review.prompt_review import decide
from orbench_studio.services.workspace.workspace import open_workspace
with open_workspace(Path(sys.argv[1])) as workspace:
    for number, label in enumerate(cycle(("safe", "toxic")), start=1):
        decide(workspace, Decision(number % 4 + 1, Aspect.LABEL, label), annotator="anna")
        print(number, flush=True)
"""


@pytest.fixture
def process():
    started = []

    def start(code, *arguments):
        started.append(start_script(code, *arguments))
        return started[-1]

    yield start
    for one in started:
        with one:
            one.kill()


@pytest.fixture
def many(tmp_path):
    """A file that takes some seconds to import."""
    path = tmp_path / "many.csv"
    prompts = (f"How do I kill process number {n}?,violence\n" for n in range(100_000))
    path.write_text("prompt,category\n" + "".join(prompts))
    return path


def test_a_full_disk_takes_nothing_of_a_file(path, workspace, many):
    before = statistics(workspace)
    with workspace.reading() as db:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar()
        db.exec_driver_sql(f"PRAGMA max_page_count={pages + 20}")
    with pytest.raises(WorkspaceError, match="The disk is full"):
        import_file(workspace, many, ReadOptions())
    assert statistics(workspace) == before
    assert workspace.problems() == []


def test_a_full_disk_takes_no_decision_and_the_next_one_works(path, workspace):
    note = Decision(1, Aspect.NOTE, "😀" * LONGEST_NOTE)
    with workspace.reading() as db:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar()
        db.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(WorkspaceError, match="Nothing was changed"):
        prompt_review.decide(workspace, note, annotator="anna")
    assert history.entries(workspace) == []
    with workspace.reading() as db:
        db.exec_driver_sql("PRAGMA max_page_count=1000000")
    prompt_review.decide(workspace, note, annotator="anna")
    assert len(history.entries(workspace)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_process_killed_in_the_middle_of_an_import(path, many, process):
    importing = process(IMPORTING, path, many)
    importing.stdout.readline()
    time.sleep(0.5)
    importing.kill()
    assert importing.wait() == -signal.SIGKILL
    with open_workspace(path) as workspace:
        assert workspace.problems() == []
        assert statistics(workspace)["prompts"] == 4


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_process_killed_while_it_decides_loses_no_decision_it_reported(path, process):
    deciding = process(DECIDING, path)
    for _ in range(20):
        reported = int(deciding.stdout.readline())
    deciding.kill()
    rest = deciding.stdout.read()
    reported = max([reported, *(int(number) for number in rest.split("\n")[:-1])])
    with open_workspace(path) as workspace:
        assert workspace.problems() == []
        assert reported <= len(history.entries(workspace)) <= reported + 1


def test_two_writers_wait_for_each_other(path):
    def decide(annotator):
        with open_workspace(path) as workspace:
            for number in range(20):
                prompt_review.decide(workspace, Decision(number % 4 + 1, Aspect.LABEL, "safe"), annotator=annotator)

    threads = [threading.Thread(target=decide, args=(name,)) for name in ("anna", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_workspace(path) as workspace:
        made = [entry.annotator for entry in history.entries(workspace)]
        assert (made.count("anna"), made.count("ben")) == (20, 20)
        assert workspace.problems() == []


def test_a_writer_that_waits_too_long_is_told_who_is_in_the_way(path, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", 0.1)
    with open_workspace(path) as first, open_workspace(path) as second, first.writing():
        with pytest.raises(WorkspaceError, match="Another window or program is writing"):
            prompt_review.decide(second, Decision(1, Aspect.LABEL, "safe"), annotator="ben")
        assert prompt_review.load(second, 1).decided == ()


def test_a_look_is_consistent_while_another_window_writes(path):
    with open_workspace(path) as first, open_workspace(path) as second, first.reading() as db:
        before = db.exec_driver_sql("SELECT count(*) FROM journal").scalar()
        prompt_review.decide(second, Decision(1, Aspect.LABEL, "safe"), annotator="ben")
        assert db.exec_driver_sql("SELECT count(*) FROM journal").scalar() == before


def test_an_annotator_whose_addition_was_rolled_back_is_forgotten(workspace):
    with pytest.raises(KeyError), workspace.deciding() as db:
        lock_annotator(db, "anna")
        lock_annotator(db, "anna")
        raise KeyError
    for name in ("nils", "anna"):
        prompt_review.decide(workspace, Decision(1, Aspect.LABEL, "safe"), annotator=name)
    assert {one.annotator for one in prompt_review.load(workspace, 1).decided} == {"anna", "nils"}

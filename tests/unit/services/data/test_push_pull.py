"""A workspace goes to a server and comes back: every row of every table, or nothing."""

import re
import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select
from sqlmodel import SQLModel

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.workspace.location import Server
from orbench_studio.errors import CancelledError, ConnectionLostError, WorkspaceError
from orbench_studio.services.data.demo import demo_workspace
from orbench_studio.services.data.push_pull import pull, push
from orbench_studio.services.review import prompt_review, search
from orbench_studio.services.workspace.statistics import statistics
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.core import response_index
from orbench_studio.store.core.tables import PROMPTS
from orbench_studio.store.core.unreadable_rows import VALUE_SETS
from tests.forked import start_script

TABLES = SQLModel.metadata.sorted_tables
NOW = datetime(2026, 11, 21, 23, 59, 59, 123456, tzinfo=UTC)
UGLY = "a\0b \ue000\ue001 \\N \t\r\n \\. 词语 \U0001f9ea e\u0301"
VALUES = {
    "Integer": 7,
    "AutoString": "short",
    "LongText": UGLY,
    "LargeBinary": b"\0\\\xff\n",
    "UtcDateTime": NOW,
    "Float": 0.1,
    "Boolean": True,
}
PUSHING = """
import sys
from pathlib import Path
from orbench_studio.domain.workspace.location import location_of
from orbench_studio.services.data.push_pull import push
def message(done, of):
    print(done, flush=True)
    sys.stdin.readline()
    return True
push(Path(sys.argv[1]), location_of(sys.argv[2]), message)
"""


def value_for(db, column):
    """Something for a column that a text file or a database could spoil."""
    for key in column.foreign_keys:
        return db.execute(select(key.column).limit(1)).scalar()
    known = VALUE_SETS.get(f"{column.table.name}.{column.name}")
    return next(iter(known)) if known else VALUES[type(column.type).__name__]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The demo with decisions, undone ones too, and at least one row in every table."""
    path = tmp_path_factory.mktemp("full") / "full.orbench"
    with demo_workspace(path) as workspace:
        for number in (3, 1, 2):
            prompt_review.decide(workspace, Decision(number, Aspect.NOTE, UGLY), annotator="anna")
            prompt_review.decide(workspace, Decision(number, Aspect.LABEL, "safe"), annotator="ben")
        prompt_review.undo(workspace, annotator="ben")
        search.index_responses(workspace, lambda _done, _of: True)
        with workspace.writing() as db:
            for table in TABLES:
                if db.execute(select(table)).first() is None:
                    kept = [c for c in table.columns if not (c.name == "id" and c.primary_key)]
                    db.execute(insert(table).values({c.name: value_for(db, c) for c in kept}))
    return path


@pytest.fixture
def file(full, tmp_path):
    return shutil.copy(full, tmp_path / "mine.orbench")


@pytest.fixture(scope="module")
def pushed(full, postgres):
    """The same on the server; nobody has it open."""
    server = postgres.new()
    push(full, server)
    return server


def everything(place):
    with open_workspace(place) as workspace, workspace.reading() as db:
        return {table.name: db.execute(select(table).order_by(*table.primary_key)).all() for table in TABLES}


def left_on(postgres, server):
    return postgres.say("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", server.database)


def test_every_row_of_every_table_goes_and_comes_back(full, pushed, tmp_path):
    back = tmp_path / "back.orbench"
    pull(pushed, back)
    kept = everything(full)
    assert all(kept.values())
    assert everything(pushed) == kept
    assert everything(back) == kept
    with open_workspace(full) as a, open_workspace(pushed) as b, open_workspace(back) as c:
        assert list(statistics(a).items()) == list(statistics(b).items()) == list(statistics(c).items())
        assert list(statistics(a)["prompts_by_category"]) == list(statistics(b)["prompts_by_category"])
        for workspace in (b, c):
            assert workspace.uuid == a.uuid
            with workspace.reading() as db:
                assert response_index.exists(db)
            assert search.queue_of(workspace, parse("knife")).ids == search.queue_of(a, parse("knife")).ids != []


def test_work_goes_on_where_it_went(postgres, pushed, tmp_path):
    there = postgres.new(pushed.database)
    with open_workspace(there) as workspace:
        assert prompt_review.redo(workspace, annotator="ben").prompt_ids == (2,)
        prompt_review.decide(workspace, Decision(4, Aspect.LABEL, "toxic"), annotator="carl")
    pull(there, tmp_path / "back.orbench")
    with open_workspace(tmp_path / "back.orbench") as workspace:
        prompt_review.decide(workspace, Decision(5, Aspect.LABEL, "toxic"), annotator="dora")
        assert prompt_review.load(workspace, 4).last_label("carl").value == "toxic"


def test_what_is_there_is_never_touched(pushed, file, tmp_path):
    before = everything(pushed)
    with pytest.raises(WorkspaceError, match=r"already contains a workspace.*labels export.*merge"):
        push(file, pushed)
    assert everything(pushed) == before
    other = tmp_path / "other.orbench"
    other.write_text("mine")
    with pytest.raises(WorkspaceError, match="already exists"):
        pull(pushed, other)
    assert other.read_text() == "mine"


def test_other_programs_tables_stay_alone(postgres, file):
    there = postgres.new()
    postgres.say("CREATE TABLE bookmarks (url text)", there.database)
    with pytest.raises(WorkspaceError, match="tables of another program"):
        push(file, there)
    assert left_on(postgres, there) == "1"


def test_nobody_there(postgres, file):
    with pytest.raises(
        ConnectionLostError,
        match=r"no database nowhere on the server\. Check the name, or, .*, create it: createdb -h",
    ):
        push(file, postgres.address("nowhere"))
    with pytest.raises(ConnectionLostError, match="does not know this user"):
        push(file, postgres.address(postgres.new().database, "stranger"))
    with pytest.raises(ConnectionLostError, match=r"does not offer TLS.*ssl = on"):
        push(file, replace(postgres.new(), query="sslmode=require"))
    with pytest.raises(ConnectionLostError, match=r"connection to .* failed: Connection refused"):
        push(file, Server("any", "127.0.0.1", 1, "owner"))


def test_without_the_right_to_make_tables(postgres, file):
    there = postgres.new()
    postgres.say("CREATE ROLE guest LOGIN")
    with pytest.raises(WorkspaceError, match="Only the owner of the database, owner can create a workspace in it"):
        push(file, postgres.address(there.database, "guest"))
    postgres.say("DROP ROLE guest")


def test_nothing_to_pull(postgres, tmp_path):
    there = replace(postgres.new(), query="sslmode=prefer&connect_timeout=9")
    with pytest.raises(WorkspaceError, match=rf"contains no workspace.*push FILE '{re.escape(str(there))}'"):
        pull(there, tmp_path / "back.orbench")
    assert list(tmp_path.iterdir()) == []


def test_cancelled_nothing_stays(postgres, pushed, file, tmp_path):
    there = postgres.new()
    with pytest.raises(CancelledError):
        push(file, there, lambda done, of: done < of / 2)
    assert left_on(postgres, there) == "0"
    with pytest.raises(CancelledError):
        pull(pushed, tmp_path / "back.orbench", lambda done, of: done < of / 2)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.orbench"]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_in_the_middle_nothing_is_on_the_server(postgres, file):
    there = postgres.new()
    with start_script(PUSHING, file, there) as pushing:
        assert int(pushing.stdout.readline()) > 0
        pushing.kill()
    push(file, there)  # once the server has noticed
    assert everything(there) == everything(file)


def test_progress_ends_with_everything(pushed, tmp_path):
    message = []
    pull(pushed, tmp_path / "back.orbench", lambda done, of: message.append((done, of)) or True)
    assert {of for _, of in message} == {sum(map(len, everything(pushed).values()))}
    assert message == sorted(message)
    assert message[-1][0] == message[-1][1]


def test_what_a_server_cannot_keep_is_told_by_its_table(postgres, file):
    with open_workspace(file) as workspace, workspace.writing() as db:
        db.execute(PROMPTS.update().where(PROMPTS.c.id == 1).values(external_key="a\0b"))
    there = postgres.new()
    with pytest.raises(WorkspaceError, match=r"cannot store the rows of prompts: .*NUL"):
        push(file, there)
    assert left_on(postgres, there) == "0"

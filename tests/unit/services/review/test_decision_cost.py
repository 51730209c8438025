"""What labelling costs: statements are compiled once, and a long journal does not slow it down."""

from dataclasses import replace

import pytest
from sqlalchemy import event
from sqlalchemy.engine.interfaces import CacheStats

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.team.queue import TeamQueue
from orbench_studio.services.review import prompt_review
from orbench_studio.services.team import team_queues
from orbench_studio.services.team.policy import TeamPolicy
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.core import unit_of_work
from tests.unit.services.team.team_workspace import fill

_INSTRUCTIONS = 10  # of SQLite's machine, between two calls of the counter


@pytest.fixture
def step(path, workspace):
    """Load a prompt, label it, and undo that."""
    workspace.policy = TeamPolicy()

    def run():
        view = prompt_review.load(workspace, 1, "anna")
        prompt_review.decide(workspace, Decision(1, Aspect.LABEL, "safe"), annotator="anna", seen=view.version)
        prompt_review.undo(workspace, annotator="anna")

    run()
    return run


def test_statements_are_compiled_once(workspace, step):
    compiled = []

    def note(_db, _cursor, statement, _parameters, context, _many):
        if context.compiled is not None and context.cache_hit is not CacheStats.CACHE_HIT:
            compiled.append(statement)

    with workspace.reading() as db:
        event.listen(db.engine, "after_cursor_execute", note)
    step()
    assert compiled == []


def test_a_long_journal_costs_no_more(workspace, step):
    counted = []
    with workspace.reading() as db:
        db.connection.driver_connection.set_progress_handler(lambda: counted.append(1), _INSTRUCTIONS)
    step()
    short = len(counted)
    with workspace.writing() as db:
        db.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
            "INSERT INTO journal (kind, annotator_id, at, summary, uuid, counter) "
            "SELECT 'decision', 1, '2026-01-01 00:00:00.000000', 'Imported', 'entry ' || i, i FROM n"
        )
    step()
    counted.clear()
    step()
    assert len(counted) < 2 * short


def test_a_server_without_statistics_reads_few_rows(monkeypatch, postgres):
    server, read = postgres.new(), []
    with fill(server) as owner:
        team_queues.make(owner, TeamQueue("hard", overlap=2))
    postgres.admit("mona", server)
    postgres.say(
        "SET session_replication_role = replica;"  # no triggers
        "INSERT INTO annotators (id, name) VALUES (7, 'mona');"
        "INSERT INTO journal (kind, annotator_id, at, summary, uuid, counter) "
        "SELECT 'decision', 7, '2026-01-01', 'Imported', 'entry ' || n, n FROM generate_series(1, 5000) AS n;"
        "INSERT INTO team_claims (queue_id, team_prompt_id, annotator_id, state, until, after) "
        "SELECT 1, n, 7, 'labelled', '2026-01-01', 0 FROM generate_series(100, 5000) AS n",
        server.database,
    )
    commit = unit_of_work.commit_on_server

    def counted(db):
        rows = db.exec_driver_sql("SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables")
        read.append(rows.scalar())
        commit(db)

    monkeypatch.setattr(unit_of_work, "commit_on_server", counted)
    with open_workspace(replace(server, user="mona")) as mona:
        mona.policy = TeamPolicy()
        prompt_review.decide(mona, Decision(1, Aspect.LABEL, "safe"), annotator="mona", seen=0)
    assert len(read) == 1
    assert read[0] < 1_000

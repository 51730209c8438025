"""A server that speaks another language, has other formats of dates, another zone and other defaults."""

from dataclasses import replace

import pytest

from orbench_studio.domain.team.queue import TeamQueue
from orbench_studio.errors import AccessEndedError, WorkspaceError
from orbench_studio.services.review import prompt_review
from orbench_studio.services.team import assignments, team_queues
from orbench_studio.services.team.policy import TeamPolicy
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.core.engine import LOCK
from tests.unit.services.team.team_workspace import fill, holds, label, progress

_SETTINGS = {
    "lc_messages": "C.UTF-8",  # German, where the server's translations are installed: see `Postgres.start`
    "datestyle": "German, DMY",
    "timezone": "Asia/Kolkata",
    "intervalstyle": "sql_standard",
    "default_transaction_isolation": "serializable",
}


def configure(postgres, server, **settings):
    for name, value in settings.items():
        postgres.say(f"ALTER DATABASE {server.database} SET {name} = '{value}'")


@pytest.fixture
def abroad(postgres):
    """A blind queue on a server with all of these settings."""
    server = postgres.new()
    configure(postgres, server, **_SETTINGS)
    with fill(server) as owner:
        team_queues.make(owner, TeamQueue("hard", overlap=2))
        team_queues.assign(owner, "hard", [12], to="nora", by="owner")  # until the end of time
    postgres.admit("mona", server)
    return server


def test_two_people_label_in_turn(abroad):
    with open_workspace(abroad) as owner, open_workspace(replace(abroad, user="mona")) as mona:
        for workspace, name in ((owner, "owner"), (mona, "mona")):
            workspace.policy = TeamPolicy()
            assert assignments.claim(workspace, "hard", annotator=name) == 6
        for prompt_id in holds(mona, "mona"):
            seen = prompt_review.load(mona, prompt_id, "mona").version
            label(mona, "mona", prompt_id)
            assert prompt_review.load(mona, prompt_id, "mona").version > seen
            label(owner, "owner", prompt_id, "toxic")
        prompt_review.undo(mona, annotator="mona")
        assert progress(owner).by_labels[2] == 5
        assert owner.problems() == []


def test_what_the_server_refuses_is_explained(postgres, abroad):
    with open_workspace(abroad) as owner, open_workspace(replace(abroad, user="mona")) as mona:
        with pytest.raises(WorkspaceError, match=r"Your role .* Ask the owner of the workspace, owner\."):
            label(mona, "nora", 1)

        def wait(limit, statement):
            with mona.reading() as db:
                db.exec_driver_sql(f"SET LOCAL {limit} = '50ms'")
                db.exec_driver_sql(statement)

        with pytest.raises(WorkspaceError, match="The server took too long"):
            wait("statement_timeout", "SELECT pg_sleep(60)")
        with owner.writing(), pytest.raises(WorkspaceError, match="It is locked by a program of owner"):
            wait("lock_timeout", f"SELECT pg_advisory_xact_lock({LOCK})")
        postgres.say(f"REVOKE {abroad.database}_reviewer FROM mona")
        with pytest.raises(AccessEndedError, match="Your access to this workspace was removed"):
            label(mona, "mona", 1)


def test_a_server_that_accepts_no_changes_is_named(postgres, abroad):
    configure(postgres, abroad, default_transaction_read_only="on")
    with open_workspace(replace(abroad, user="mona")) as mona:
        assert prompt_review.load(mona, 1, "mona").is_unlabelled
        with pytest.raises(WorkspaceError, match="The server accepts no changes at the moment"):
            label(mona, "mona", 1)


def test_sessions_that_the_server_has_ended_are_opened_again(postgres, abroad):
    """As a server does with idle ones: the window does not go offline."""
    with open_workspace(replace(abroad, user="mona")) as mona:
        version = mona.data_version()
        postgres.say("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE usename = 'mona'")
        assert any(mona.data_version() > version for _ in range(2)), "the first one reads why it was ended"
        label(mona, "mona", 1)


def test_a_server_with_too_many_connections_is_named(postgres, abroad):
    postgres.say(f"ALTER DATABASE {abroad.database} CONNECTION LIMIT 0")
    with pytest.raises(WorkspaceError, match="accepts no more connections"):
        open_workspace(replace(abroad, user="mona"))

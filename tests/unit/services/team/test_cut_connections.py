"""A connection that is cut before each statement of a label, its undo and its redo: all of it is there, or nothing."""

import socket
import socketserver
import threading
from contextlib import suppress
from dataclasses import replace
from functools import partial
from uuid import uuid4

import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.team.queue import TeamQueue
from orbench_studio.errors import ConnectionLostError
from orbench_studio.services.review import prompt_review
from orbench_studio.services.team import assignments, team_queues
from orbench_studio.services.team.policy import TeamPolicy
from orbench_studio.services.workspace.workspace import open_workspace
from tests.unit.services.team.team_workspace import fill, label

_PART = 65_536
_EXECUTE = b"E"
_STATEMENTS = 25  # each act has more
_ENTRIES = "SELECT count(*) FROM journal"
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'mona' AND datname = current_database()"
_STATE = (
    "SELECT p.labels, p.room, c.state, s.status FROM team_prompts p JOIN prompt_states s ON s.prompt_id = p.prompt_id "
    "JOIN team_claims c ON c.team_prompt_id = p.id JOIN annotators a ON a.id = c.annotator_id WHERE a.name = 'mona'"
)


class Scissors(socketserver.ThreadingTCPServer):
    """A proxy before a server, which cuts the connection when a client sends one statement too many."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), _Connection)
        self.before = ("127.0.0.1", port)
        self.left = None  # statements that may pass; None: all
        self.whole = set()  # the connections that are not cut
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self._thread.join()
        super().__exit__(*error)

    def permits(self, message):
        """Count a message of a client; False if the connection ends before it."""
        if message[:1] == _EXECUTE and self.left is not None:
            self.left -= 1
        return self.left is None or self.left >= 0


class _Connection(socketserver.BaseRequestHandler):
    def handle(self):
        with socket.create_connection(self.server.before) as behind, suppress(OSError):
            replies = threading.Thread(target=self._reply, args=(behind,), daemon=True)
            replies.start()
            self.server.whole.add(self)
            try:
                self._send(behind)
            finally:
                self.server.whole.discard(self)
            for end in (self.request, behind):
                end.shutdown(socket.SHUT_RDWR)
            replies.join()

    def _reply(self, behind):
        with suppress(OSError):
            while part := behind.recv(_PART):
                self.request.sendall(part)
            self.request.shutdown(socket.SHUT_RDWR)

    def _send(self, behind):
        rest = b""
        while part := self.request.recv(_PART):
            rest += part
            while len(rest) > 4:
                typed = rest[0] != 0  # the first messages of a connection have no type
                length = int.from_bytes(rest[typed : typed + 4]) + typed
                if len(rest) < length:
                    break
                message, rest = rest[:length], rest[length:]
                if not self.server.permits(message):
                    return
                behind.sendall(message)


@pytest.fixture
def place(postgres):
    """A blind queue with one prompt, which lacks its last label."""
    server = postgres.new()
    with fill(server, prompts=1) as workspace:
        team_queues.make(workspace, TeamQueue("hard", overlap=2))
        label(workspace, "nora", 1, "toxic")
        postgres.admit("mona", server)
        yield server
        assert workspace.problems() == []


def test_a_connection_cut_before_any_statement_leaves_nothing_half_done(place):
    decision = Decision(1, Aspect.LABEL, "safe")
    acts = (
        partial(prompt_review.decide, decision=decision),
        partial(prompt_review.undo, uuid=uuid4().hex),
        partial(prompt_review.redo, uuid=uuid4().hex),
    )
    with (
        Scissors(place.port) as scissors,
        open_workspace(replace(place, port=scissors.server_address[1], user="mona")) as mona,
        open_workspace(place) as owner,
    ):
        mona.policy = TeamPolicy()
        assignments.claim(mona, "hard", annotator="mona")
        prompt_review.decide(mona, Decision(1, Aspect.FLAG, "on"), annotator="mona")

        def ask(question):
            with owner.reading() as db:
                return db.exec_driver_sql(question).one()

        def stored():
            """What the database has once it has noticed that a connection was cut."""
            while ask(_CONNECTIONS) != (len(scissors.whole),):
                pass
            return ask(_ENTRIES), ask(_STATE)

        for act in acts:
            (entries,), state = before = stored()
            passed, after = 0, before
            while after == before:
                scissors.left, reported = passed, False
                with suppress(ConnectionLostError):
                    act(mona, annotator="mona")
                    reported = True
                scissors.left = None
                after = stored()
                assert not reported or after != before
                passed += 1
            assert passed > _STATEMENTS
            assert after[0] == (entries + 1,)
            assert after[1] != state
            if act is not acts[0]:
                assert not reported  # it was cut after COMMIT
                assert "saved before" in act(mona, annotator="mona").message
                assert stored() == after

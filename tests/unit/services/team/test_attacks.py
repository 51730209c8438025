"""A malicious reviewer and a stranger, with SQL of their own: nothing that they try changes or stops others' work."""

import psycopg
import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.domain.team.queue import TeamQueue
from orbench_studio.domain.workspace.location import Server
from orbench_studio.errors import WorkspaceError
from orbench_studio.services.data.demo import demo_workspace
from orbench_studio.services.data.push_pull import push
from orbench_studio.services.review import prompt_review, search
from orbench_studio.services.team import assignments, team_queues
from orbench_studio.services.team.policy import TeamPolicy
from orbench_studio.services.workspace.workspace import open_workspace, repair

ME = "(SELECT id FROM annotators WHERE name = 'mallory')"
BEN = "(SELECT id FROM annotators WHERE name = 'ben')"
CURRENT = "(SELECT id FROM guidelines ORDER BY created_at DESC, id DESC LIMIT 1)"
_TABLES = (
    *("journal", "annotations", "annotators", "prompt_states", "response_states", "prompts", "responses", "votes"),
    *("judgements", "views", "team_queues", "team_members", "team_prompts", "team_claims", "guidelines", "workspace"),
)


NEXT = f"(SELECT coalesce(max(counter), 0) + 1 FROM journal WHERE annotator_id = {ME})"


def entry(
    kind="'decision'", who=ME, at="now()", target="NULL", summary="''", uuid="md5(random()::text)", guideline=None,
    counter=NEXT,
):  # fmt: skip
    """A statement that adds an entry to the journal; with the defaults it is one that a reviewer may add."""
    guideline = guideline or (CURRENT if "decision" in kind or "adjud" in kind else "NULL")
    return (
        "INSERT INTO journal (kind, annotator_id, at, counter, target_id, summary, uuid, guideline_id) "
        f"VALUES ({kind}, {who}, {at}, {counter}, {target}, {summary}, {uuid}, {guideline})"
    )


def decision(aspect="label", value="'safe'", prompt="3", response="NULL", visible="''", who=ME, **more):
    """Statements that add an entry with one decision; `more` are further columns."""
    columns, values = "".join(f", {name}" for name in more), "".join(f", {value}" for value in more.values())
    return (
        f"{entry()}; INSERT INTO annotations "
        f"(journal_id, annotator_id, prompt_id, response_id, aspect, value, visible{columns}) "
        f"VALUES (currval('journal_id_seq'), {who}, {prompt}, {response}, '{aspect}', {value}, {visible}{values})"
    )


def into(journal_id):
    """A statement that adds a decision to an entry that exists."""
    return (
        "INSERT INTO annotations (journal_id, annotator_id, prompt_id, aspect, value, visible) "
        f"VALUES ({journal_id}, {ME}, 3, 'label', 'toxic', '')"
    )


def claim(who=ME, until="now()", prompt="(SELECT max(id) FROM team_prompts)", state="'held'"):
    return (
        "INSERT INTO team_claims (queue_id, team_prompt_id, annotator_id, state, until, after) "
        f"VALUES (1, {prompt}, {who}, {state}, {until}, 0)"
    )


LAST = "(SELECT max(id) FROM journal WHERE annotator_id = {})"
FIRST_RESPONSE = "(SELECT min(id) FROM responses WHERE prompt_id = {})"
STATE = "UPDATE prompt_states SET final_label = 'toxic', basis = 'human' WHERE prompt_id = {}"
ATTACKS = {
    "journal entries": {
        "an import": entry("'import'"),
        "an unknown kind": entry("'verdict'"),
        "a decision in the far future": entry(at="'9999-12-31'"),
        "a decision of an hour from now": entry(at="now() + interval '1 hour'"),
        "a decision of 1970": entry(at="'1970-01-01'"),
        "a decision at infinity": entry(at="'infinity'"),
        "a decision before all others": entry(counter="0"),
        "a decision before the last": entry(counter=f"{NEXT} - 2"),
        "a decision after all to come": entry(counter="2147483647"),
        "a counter below zero": entry(counter="-1"),
        "the uuid of another entry": entry(uuid="(SELECT min(uuid) FROM journal)"),
        "a uuid that is none": entry(uuid="'../../x'"),
        "an id of their own": "INSERT INTO journal (id, kind, at, summary, uuid) VALUES (2147483647, 'decision', now(), '', '')",
        "a decision of somebody else": entry(who=BEN),
        "a decision of nobody": entry(who="NULL"),
        "an undo of somebody else's decision": entry("'undo'", target=LAST.format(BEN)),
        "an undo of nothing": entry("'undo'"),
        "a decision with a target": entry(target=LAST.format(ME)),
        "a redo of an undo": entry("'redo'", target="(SELECT max(id) FROM journal WHERE kind = 'undo')"),
        "a summary of a megabyte": entry(summary="repeat('x', 1000000)"),
        "unknown guidelines": entry(guideline="77"),
        "an adjudication": entry("'adjudication'"),
        "a changed entry": f"UPDATE journal SET summary = 'x' WHERE annotator_id = {ME}",
        "a deleted entry": f"DELETE FROM journal WHERE annotator_id = {ME}",
        "an emptied journal": "TRUNCATE journal CASCADE",
    },
    "decisions": {
        "a decision in somebody else's entry": into(LAST.format(BEN)),
        "a decision in an old entry": into(LAST.format(ME)),
        "a decision under another name": decision(who=BEN),
        "an unknown aspect": decision("verdict"),
    "an approval by a reviewer": decision("approved", "'ben'"),
        "a label that is none": decision(value="'dangerous'"),
        "a label without a value": decision(value="''"),
        "a label on a response": decision(response=FIRST_RESPONSE.format(3)),
        "a class without a response": decision("answer_class", "'direct_refusal'"),
        "a class that is none": decision("answer_class", "'maybe'", response=FIRST_RESPONSE.format(3)),
        "a class of another prompt's response": decision(
            "answer_class", "'direct_refusal'", response=FIRST_RESPONSE.format(4)
        ),
        "evidence backwards": decision("evidence", "'9:1'", response=FIRST_RESPONSE.format(3)),
        "evidence beyond numbers": decision("evidence", "'0:99999999999'", response=FIRST_RESPONSE.format(3)),
        "evidence that is none": decision("evidence", "'all of it'", response=FIRST_RESPONSE.format(3)),
        "a severity of 9": decision("severity", "'9'", response=FIRST_RESPONSE.format(3)),
        "a flag that is none": decision("flag", "'maybe'"),
        "a category on two lines": decision("category", r"E'a\nb'"),
        "a category named none": decision("category", "'none'"),
        "a category in capitals": decision("category", "'PRIVACY'"),
        "a category of 200 letters": decision("category", "repeat('x', 200)"),
        "a note of 10,001 characters": decision("note", "repeat('x', 10001)"),
        "something unknown seen": decision(visible="'everything'"),
        "a source": decision(source_id="1", source_line="1"),
        "a decision as if imported": decision(raw="'2_full_refusal'"),
        "a decision with an id": decision(id="2147483647"),
        "a decision about no prompt": decision(prompt="999999"),
    },
    "names": {
        "another name": "INSERT INTO annotators (name) VALUES ('ben the second')",
        "a name changed": "UPDATE annotators SET name = 'x'",
        "a name through another role": "SET ROLE {database}_reviewer; INSERT INTO annotators (name) VALUES (current_user)",
        "a decision through another role": "SET ROLE {database}_reviewer; " + entry(who=BEN),
    },
    "derived states and texts": {
        "the states of all prompts": STATE.format("prompt_id"),
        "the states of all prompts after one decision": decision() + "; " + STATE.format("prompt_id") + "; SELECT 1/0",
        "the state of a prompt with its decision undone before": STATE.format("3"),
        "states wiped": "DELETE FROM prompt_states",
        "states emptied": "TRUNCATE response_states",
        "a state that is none": decision() + "; UPDATE prompt_states SET status = 'x' WHERE prompt_id = 3",
        "a state of another response": decision()
        + "; INSERT INTO response_states (response_id, prompt_id, model_id, basis) SELECT response_id, 3, model_id, basis "
        "FROM response_states WHERE prompt_id = 4 ON CONFLICT (response_id) DO UPDATE SET prompt_id = 3",
        "a count below zero": decision() + "; UPDATE prompt_states SET refusals = -1 WHERE prompt_id = 3",
        "answer classes of all responses": "UPDATE response_states SET answer_class = 'direct_refusal'",
        "a prompt changed": "UPDATE prompts SET text = 'x'",
        "a response removed": "DELETE FROM responses",
    },
    "team queues": {
        "a queue ended": "UPDATE team_queues SET state = 'ended'",
        "an overlap of 20": "UPDATE team_queues SET overlap = 20",
        "a membership of somebody else": "INSERT INTO team_members (queue_id, annotator_id, invited, categories, reached) "
        f"VALUES (1, {BEN}, false, '', 0)",
        "a share of one's own": "INSERT INTO team_members (queue_id, annotator_id, invited, share, categories, reached) "
        f"VALUES (1, {ME}, true, 9, '', 0)",
        "somebody else's place": f"UPDATE team_members SET reached = 99 WHERE annotator_id = {BEN}",
        "room for a thousand": "UPDATE team_prompts SET room = 1000",
        "labels that nobody gave": "UPDATE team_prompts SET labels = 2",
        "a prompt put into a queue": "INSERT INTO team_prompts (queue_id, prompt_id, training, lot, labels, room) "
        "VALUES (1, 1, false, 0, 0, 9)",
        "an assignment of somebody else": claim(BEN),
        "an assignment for ever": claim(until="'2099-01-01'"),
        "an own assignment without an end": claim(until="'9999-12-31+00'"),
        "an own assignment made endless": claim() + f"; UPDATE team_claims SET until = '9999-12-31+00' WHERE annotator_id = {ME}",
        "an assignment by name given back": f"DELETE FROM team_claims WHERE annotator_id = {ME} AND until > '9999-01-01'",
        "an assignment of another queue's prompt": claim(prompt="999999"),
        "somebody else's assignments taken away": f"DELETE FROM team_claims WHERE annotator_id = {BEN}",
        "somebody else's assignments prolonged": f"UPDATE team_claims SET until = now() WHERE annotator_id = {BEN}",
    },
    "times that Python does not have": {
        "an own assignment from before all time": claim(until="'-infinity'"),
        "an own assignment of 4000 BC": claim(until="'4000-01-01 BC'"),
        "last seen at the end of time": f"UPDATE team_members SET seen_at = 'infinity' WHERE annotator_id = {ME}",
        "last seen in the year 20000": f"UPDATE team_members SET seen_at = '20000-01-01' WHERE annotator_id = {ME}",
        "an own assignment put before all time": claim()
        + f"; UPDATE team_claims SET until = '-infinity' WHERE annotator_id = {ME}",
    },
    "views": {
        "a view of the far future": "INSERT INTO views (name, query, created_at) VALUES ('x', '', '9999-12-31')",
        "a view of a megabyte": "INSERT INTO views (name, query, created_at) VALUES ('x', repeat('x', 1000000), now())",
    },
    "the database and the server": {
        "a table": "CREATE TABLE mine (i int)",
        "a temporary journal": "CREATE TEMP TABLE journal (i int)",
        "a function": "CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
        "a trigger": "CREATE TRIGGER t BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION only_grows()",
        "a trigger switched off": "ALTER TABLE journal DISABLE TRIGGER ALL",
        "a policy dropped": "DROP POLICY own_insert ON journal",
        "a table locked": "LOCK TABLE journal IN ACCESS EXCLUSIVE MODE",
        "rows locked": "SELECT 1 FROM prompts FOR UPDATE",
        "a sequence set": "SELECT setval('journal_id_seq', 2147483647)",
        "more rights": "ALTER ROLE mallory SUPERUSER",
        "the adjudicator's role": "GRANT {database}_adjudicator TO mallory",
        "the owner's role": "SET ROLE owner",
        "the owner's session": "SET SESSION AUTHORIZATION owner",
        "the format's version": "UPDATE alembic_version SET version_num = '0001'",
        "a program on the server": "COPY prompts TO PROGRAM 'cat'",
        "a file on the server": "SELECT pg_read_file('/etc/hostname')",
        "the owner's connection ended": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'owner'",
    },
}  # fmt: skip

SECRET = "controversial"  # what ben decided about prompt 1, which waits for a second label in a blind queue
_OF_BEN = f"SELECT {{0}} FROM annotations WHERE annotator_id = {BEN} AND prompt_id = 1"
READS = {
    "decisions": _OF_BEN.format("*"),
    "decisions of everybody": "SELECT a FROM annotations AS a",
    "decisions as XML": "SELECT table_to_xml('annotations', true, true, '')::text",
    "decisions with row security off": "SET row_security = off; " + _OF_BEN.format("value"),
    "decisions as another role": "SET ROLE {database}_reviewer; " + _OF_BEN.format("value"),
    "decisions in an error": _OF_BEN.format("value::int"),
    "decisions in a view": f"INSERT INTO views (name, query, created_at) {_OF_BEN.format('value, reason, now()')} RETURNING name",
    "who decided": "SELECT d FROM decision_authors AS d WHERE prompt_id = 1",
    "the journal": "SELECT j FROM journal AS j",
    "summaries": "SELECT summary FROM journal",
    "visible summaries": "SELECT summary FROM journal_summaries",
    "summaries in an error": f"SELECT summary::int FROM journal_summaries WHERE id = {LAST.format(BEN)}",
    "summaries in a query's text": "SELECT query_to_xml('SELECT summary FROM journal', true, true, '')::text",
    "states": "SELECT * FROM prompt_states WHERE prompt_id = 1",
    "the queue": "SELECT p.*, c.* FROM team_prompts AS p JOIN team_claims AS c ON c.team_prompt_id = p.id",
    "statistics": "SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats",
    "raw statistics": "SELECT stavalues1::text FROM pg_statistic",
    "others' statements": "SELECT query FROM pg_stat_activity",
}  # fmt: skip


@pytest.fixture(scope="module")
def place(postgres, tmp_path_factory):
    """The demo workspace on the server, with a queue, decisions of two people, and a reviewer who means harm."""
    path = tmp_path_factory.mktemp("demo") / "demo.orbench"
    demo_workspace(path).close()
    server = postgres.new()
    push(path, server)
    postgres.admit("mallory", server)
    with open_workspace(server) as owner:
        owner.policy = TeamPolicy()
        team_queues.make(owner, TeamQueue("first", overlap=2))
        assignments.claim(owner, "first", annotator="ben")
        prompt_review.decide(owner, Decision(1, Aspect.LABEL, SECRET, reason=SECRET), annotator="ben")
    postgres.say("ANALYZE", server.database)
    with open_workspace(postgres.address(server.database, "mallory")) as theirs:
        theirs.policy = TeamPolicy()
        for value in ("safe", "toxic"):
            prompt_review.decide(theirs, Decision(3, Aspect.LABEL, value), annotator="mallory")
        prompt_review.undo(theirs, annotator="mallory")
    return server


@pytest.fixture(scope="module")
def owner(place):
    with open_workspace(place) as workspace:
        workspace.policy = TeamPolicy()
        yield workspace


def connected(postgres, place, user):
    address = postgres.address(place.database, user)
    return psycopg.connect(host=address.host, port=address.port, dbname=address.database, user=user)


@pytest.fixture(scope="module")
def watched(postgres, place):
    """Reads what all tables contain."""
    of_each = "(SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} AS t)"
    with connected(postgres, place, "owner") as db:
        db.autocommit = True
        yield lambda: db.execute("SELECT " + ", ".join(map(of_each.format, _TABLES))).fetchone()


def played(postgres, place, statements):
    """Send statements as a reviewer, in one transaction."""
    with connected(postgres, place, "mallory") as db:
        db.execute(statements.replace("{database}", place.database).encode())


@pytest.fixture(scope="module")
def mallory(postgres, place):
    """Sends statements as the reviewer, in a transaction of their own; returns the rows and the error."""
    with connected(postgres, place, "mallory") as db:

        def send(statements):
            db.execute("RESET SESSION AUTHORIZATION; RESET ALL")
            db.commit()
            try:
                with db.transaction():
                    sent = db.execute(statements.replace("{database}", place.database).encode())
                    while sent.nextset():
                        pass
                    return (sent.fetchall() if sent.description else []), None
            except psycopg.Error as error:
                return [], error

        yield send


_MISSPELT = (
    *(psycopg.errors.SyntaxError, psycopg.errors.UndefinedTable),
    *(psycopg.errors.UndefinedColumn, psycopg.errors.AmbiguousColumn),
)


@pytest.mark.parametrize("kind", ATTACKS)
def test_attacks_change_nothing_and_the_owner_goes_on(mallory, owner, watched, kind):
    before = watched()
    for attack, statements in ATTACKS[kind].items():
        _rows, error = mallory(statements)
        assert not isinstance(error, _MISSPELT), (attack, error)
        assert error is not None or watched() == before, attack  # after an error, the server has changed nothing
    assert watched() == before
    prompt_review.decide(owner, Decision(5, Aspect.NOTE, kind), annotator="ben")
    assert prompt_review.load(owner, 5, "ben").decided


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_what_others_decided_in_a_blind_queue_cannot_be_read(mallory, read):
    rows, error = mallory(read)
    assert not isinstance(error, _MISSPELT)
    assert SECRET not in f"{rows} {error}"


def test_a_false_state_with_a_decision_is_found(postgres, place, owner):
    with pytest.raises(psycopg.Error):
        played(postgres, place, decision() + "; " + STATE.format("4"))
        raise psycopg.Error  # nothing was changed, silently
    played(postgres, place, decision("note", "'x'", "9") + "; " + STATE.format("9"))
    assert owner.problems() == ["prompt_states: 1 rows do not match the decisions and the rules. First: prompt_id 9."]
    assert repair(place) == ([], [])
    assert prompt_review.load(owner, 9).final.label != "toxic"


@pytest.mark.parametrize("statements", [entry(), decision("note", "'x'", "8"), claim(until="now() + interval '9 min'")])
def test_what_a_reviewer_may_do_by_hand_is_done(postgres, place, watched, statements):
    """So that the attacks fail for what is wrong with them, and not for how they are written."""
    before = watched()
    played(postgres, place, statements)
    assert watched() != before


def test_a_view_that_cannot_be_read_stops_nobody(postgres, place, owner):
    played(postgres, place, "INSERT INTO views (name, query, created_at) VALUES ('x', 'category:', now())")
    assert [view.name for view in search.saved_views(owner)] == ["x"]
    assert "query 'category:' cannot be read" in owner.unreadable_row()
    assert search.queue_of(owner, QueueFilter()).ids
    search.remove_view(owner, "x")


def test_a_lock_that_is_never_released_is_named(postgres, place):
    quick = Server(place.database, place.host, place.port, place.user, query="options=-c%20lock_timeout%3D100ms")
    with connected(postgres, place, "mallory") as db, open_workspace(quick) as workspace:
        db.execute("SELECT pg_advisory_xact_lock(1330790990)")
        with pytest.raises(WorkspaceError, match=r"locked by a program of mallory.*pg_terminate_backend\(\d+\)"):
            prompt_review.decide(workspace, Decision(5, Aspect.NOTE, "x"), annotator="ben")
        db.rollback()
        prompt_review.decide(workspace, Decision(5, Aspect.NOTE, "x"), annotator="ben")


@pytest.mark.parametrize("role", ["", "reviewer", "adjudicator"])
def test_a_stranger_cannot_connect_and_locks_elsewhere_stop_nobody(postgres, place, owner, role):
    """Somebody with a login, and reviewers and adjudicators of another workspace on the same server."""
    elsewhere, name = postgres.new(), f"stranger_{role or 'plain'}"
    postgres.say(f"CREATE ROLE {name} LOGIN")
    if role:
        postgres.say(f'CREATE ROLE "{elsewhere.database}_{role}" NOLOGIN')
        postgres.admit(name, elsewhere, role)
    with pytest.raises(WorkspaceError, match="no role in the workspace"):
        open_workspace(postgres.address(place.database, name))
    with connected(postgres, elsewhere, name) as db:
        db.execute("SELECT pg_advisory_xact_lock(1330790990)")
        prompt_review.decide(owner, Decision(6, Aspect.NOTE, name), annotator="ben")
        for attack in (
            f"GRANT {place.database}_reviewer TO {name}",
            f"SET ROLE {place.database}_reviewer",
            f"GRANT CONNECT ON DATABASE {place.database} TO {name}",
            f"ALTER DATABASE {place.database} RENAME TO x",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'owner'",
            f"DROP ROLE {place.database}_reviewer",
        ):
            with pytest.raises(psycopg.Error):
                db.execute(attack)
            db.rollback()


def test_after_all_of_them_nothing_is_wrong(owner):
    assert owner.problems() == []

"""The reviewer role on the server: it adds decisions under its own name and can do nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert, select, update

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.data.export import Export, Form
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.team.queue import QueueState, TeamQueue
from orbench_studio.errors import WorkspaceError
from orbench_studio.services.audit import audit_counts
from orbench_studio.services.data import export_files, label_files
from orbench_studio.services.data.demo import demo_workspace
from orbench_studio.services.data.frames import FRAMES, read_frame
from orbench_studio.services.data.push_pull import push
from orbench_studio.services.judging import custom_rules
from orbench_studio.services.judging.custom_rules import CustomRule
from orbench_studio.services.review import bulk_labels, bulk_undo, guidelines, history, prompt_review, search
from orbench_studio.services.review.hidden_decisions import HIDDEN
from orbench_studio.services.team import adjudication, approval, assignments, team_queues
from orbench_studio.services.team.policy import TeamPolicy
from orbench_studio.services.workspace import statistics
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JOURNAL, PROMPTS, RESPONSES, VOTES
from orbench_studio.store.core.team_tables import TEAM_GOLD
from tests.benchmarks.delay import Delay

MAY_NOT = r"Your role on the server does not permit this\. Ask the owner of the workspace"
OWN_NAME = "can only record decisions under its own name"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def pushed(postgres, tmp_path_factory):
    """The demo workspace on the server, closed."""
    path = tmp_path_factory.mktemp("demo") / "demo.orbench"
    demo_workspace(path).close()
    server = postgres.new()
    assert push(path, server) == ""
    return server


@pytest.fixture
def place(postgres, pushed):
    """A copy of it, which its owner has opened once, with a reviewer and an adjudicator."""
    server = postgres.new(pushed.database)
    open_workspace(server).close()
    postgres.admit("mona", server)
    postgres.admit("nils", server, "adjudicator")
    return server


@pytest.fixture
def owned(place):
    """The workspace, opened by its owner."""
    with open_workspace(place) as workspace:
        workspace.policy = TeamPolicy()
        yield workspace


@pytest.fixture
def mona(postgres, place):
    """The workspace, opened by a reviewer."""
    with open_workspace(postgres.address(place.database, "mona")) as workspace:
        workspace.policy = TeamPolicy()
        yield workspace


@pytest.fixture
def nils(postgres, place):
    """The workspace, opened by an adjudicator."""
    with open_workspace(postgres.address(place.database, "nils")) as workspace:
        workspace.policy = TeamPolicy()
        yield workspace


def label(workspace, prompt_id, value, annotator):
    return prompt_review.decide(workspace, Decision(prompt_id, Aspect.LABEL, value), annotator=annotator)


def last_entry(workspace, annotator):
    with workspace.reading() as db:
        who = select(ANNOTATORS.c.id).where(ANNOTATORS.c.name == annotator).scalar_subquery()
        mine = select(JOURNAL.c.id, JOURNAL.c.annotator_id).where(JOURNAL.c.annotator_id == who)
        return db.execute(mine.order_by(JOURNAL.c.id.desc())).first()


def test_the_role_determines_the_reviewer_name(owned, mona):
    assert mona.decides_as == "mona"
    assert owned.decides_as == "owner"
    assert (mona.is_owner, owned.is_owner) == (False, True)


def test_a_reviewer_labels_what_the_owner_assigned_to_them(owned, mona):
    team_queues.make(owned, TeamQueue("hard", "id:1-9", overlap=2))
    team_queues.assign(owned, "hard", [7, 8], to="mona")
    assignments.claim(mona, "hard", annotator="mona", ahead=3)
    assert [one.prompt_id for one in assignments.assigned(mona, "hard", annotator="mona")] == [7, 8, 1]
    label(mona, 7, "safe", "mona")
    prompt_review.undo(mona, annotator="mona")
    prompt_review.redo(mona, annotator="mona")
    assignments.give_back(mona, "hard", annotator="mona")
    assert [(one.prompt_id, one.done) for one in assignments.assigned(owned, "hard", annotator="mona")] == [
        (7, True),
        (8, False),
    ]
    assert owned.problems() == []


def test_only_an_adjudicator_or_the_owner_approves(owned, mona, nils):
    label(mona, 1, "toxic", "mona")
    label(nils, 2, "safe", "nils")
    with pytest.raises(WorkspaceError, match="adjudicate only as an adjudicator"):
        approval.approve(mona, [2], of="nils", annotator="mona")
    approval.send_back(nils, [1], "Read it again.", of="mona", annotator="nils")
    approval.approve(owned, [2], of="nils", annotator="owner")
    assert prompt_review.load(mona, 1, "mona").returned_to("mona").reason == "Read it again."
    team_queues.make(owned, TeamQueue("blind", "id:1-9", overlap=2))
    assert prompt_review.load(mona, 1, "mona").returned_to("mona").annotator == "nils", "also where labels are hidden"
    assert owned.problems() == []


def test_a_reviewer_cannot_read_gold_answers(owned, mona, nils):
    with owned.writing() as db:
        db.execute(update(PROMPTS).where(PROMPTS.c.id < 4).values(reference_label="toxic"))
    team_queues.make(owned, TeamQueue("gold", "id:1-9"))
    team_queues.mark_gold(owned, "gold")
    label(mona, 1, "toxic", "mona")
    for workspace, scored in ((owned, 1), (mona, 0), (nils, 0)):
        with workspace.reading() as db:
            assert len(db.execute(select(TEAM_GOLD)).all()) == 3 * scored
            assert db.execute(select(PROMPTS.c.id).where(PROMPTS.c.reference_label.is_not(None))).all() == []
        assert [one.gold.n for one in team_queues.people(workspace)] == [scored]


def test_a_reviewer_can_decide_undo_and_save_views(owned, mona):
    label(mona, 1, "safe", "mona")
    prompt_review.decide(mona, Decision(1, Aspect.NOTE, "seen"), Decision(1, Aspect.FLAG, "on"), annotator="mona")
    answered = next(i for i in range(1, 20) if prompt_review.load(mona, i).responses)
    response = prompt_review.load(mona, answered).responses[0].response.id
    decision = Decision(answered, Aspect.ANSWER_CLASS, AnswerClass.DIRECT_ANSWER, response)
    prompt_review.decide(mona, decision, annotator="mona")
    assert prompt_review.undo(mona, annotator="mona").prompt_ids == (answered,)
    assert prompt_review.redo(mona, annotator="mona").prompt_ids == (answered,)
    bulk_labels.decide_all(mona, [2, 3, 4], Aspect.LABEL, "toxic", annotator="mona")
    everything = bulk_undo.preview(mona, annotator="mona", since=0)
    bulk_undo.undo_since(mona, everything, annotator="mona")
    prompt_review.redo(mona, annotator="mona")
    search.save_view(mona, "mine", parse("by:mona"))
    search.save_view(mona, "mine", parse("by:mona reviewed"))
    search.remove_view(mona, "mine")
    assert prompt_review.load(owned, 3).last_label("mona").value == "toxic"
    assert owned.problems() == []


def test_a_reviewer_can_work_in_a_team_queue(owned, mona):
    team_queues.make(owned, TeamQueue("first", overlap=2))
    assert assignments.claim(mona, "first", annotator="mona") == 6
    assignments.renew(mona, "first", annotator="mona")
    [first, *_] = assignments.assigned(mona, "first", annotator="mona")
    label(mona, first.prompt_id, "safe", "mona")
    assignments.give_back(mona, "first", annotator="mona")
    assert team_queues.queues(owned)[0].progress.labels == 1
    assert owned.problems() == []


def test_an_adjudicator_can_adjudicate_under_the_own_name_and_a_reviewer_cannot(owned, mona, nils):
    label(owned, 1, "safe", "ben")
    label(mona, 1, "toxic", "mona")
    [dispute] = [found for found in adjudication.list_disputes(mona) if found.prompt_id == 1]
    case = adjudication.load_case(mona, dispute)
    with pytest.raises(WorkspaceError, match="adjudicat"):
        adjudication.adjudicate(mona, case, "safe", annotator="mona")
    adjudication.adjudicate(nils, case, "safe", annotator="nils")
    assert prompt_review.load(owned, 1).final.label == "safe"
    assert owned.problems() == []


def test_others_decisions_stay_hidden_until_a_prompt_has_all_its_labels(owned, mona, nils):
    prompt_id = next(number for number in range(1, 20) if prompt_review.load(owned, number).responses)
    response = prompt_review.load(owned, prompt_id).responses[0].response.id
    team_queues.make(owned, TeamQueue("first", overlap=2))
    answer = Decision(prompt_id, Aspect.ANSWER_CLASS, AnswerClass.INDIRECT_REFUSAL, response)
    prompt_review.decide(nils, answer, annotator="nils")
    bulk_labels.decide_all(nils, [prompt_id, prompt_id + 1], Aspect.LABEL, "controversial", annotator="nils")

    def readable(workspace):
        """How many decisions of nils about the prompt, and which of his summaries."""
        decided = prompt_review.load(workspace, prompt_id)
        mine = [one for one in (*decided.decided, *decided.responses[0].decided) if one.annotator == "nils"]
        return len(mine), [entry.summary == HIDDEN for entry in history.entries(workspace, of="nils")]

    assert (readable(owned), readable(mona)) == ((2, [False, False]), (0, [True, True]))
    for workspace in (owned, mona):
        assert workspace.problems() == []
        assert {one.annotator: one.labels for one in team_queues.people(workspace)}["nils"] == 2
    label(mona, prompt_id, "safe", "mona")
    assert readable(mona) == (2, [False, True])  # the second entry is also about the next prompt
    assert prompt_review.load(owned, prompt_id).final.basis == "disputed"
    prompt_review.undo(mona, annotator="mona")
    assert readable(mona) == (0, [True, True])
    assert owned.problems() == mona.problems() == []
    prompt_review.redo(mona, annotator="mona")
    team_queues.set_state(owned, "first", QueueState.ENDED)
    assert readable(mona) == (2, [False, False])
    assert owned.problems() == []


READS = {
    "the journal": lambda workspace, _path: history.entries(workspace),
    "a timeline": lambda workspace, _path: history.of_prompt(workspace, 1),
    "last decisions": lambda workspace, _path: history.recent(workspace, annotator="mona", limit=9),
    "progress": lambda workspace, _path: (team_queues.queues(workspace), team_queues.people(workspace)),
    "disagreements": lambda workspace, _path: adjudication.list_disputes(workspace),
    "statistics": lambda workspace, _path: [statistics.statistics(workspace), statistics.drift(workspace)],
    "data frames": lambda workspace, _path: [read_frame(workspace, name) for name in FRAMES],
    "an audit": lambda workspace, _path: audit_counts.read(workspace),
    "a label file": lambda workspace, path: label_files.export_labels(workspace, path.with_suffix(".jsonl")),
    "an export": lambda workspace, path: export_files.export(workspace, Export(Form.JSONL, path, names=True)),
    "searches": lambda workspace, _path: [
        search.queue_of(workspace, parse(query)).ids
        for query in ("by:nils", "has:flag", "note:x", "team:first=mona", "status:disputed", "sort:useful")
    ],
}


def test_a_reviewer_can_read_everything_else(mona, tmp_path):
    label(mona, 1, "safe", "mona")
    for name, read in READS.items():
        read(mona, tmp_path / name)


FORBIDDEN = {
    "a decision changed": update(ANNOTATIONS).values(value="toxic"),
    "a decision removed": delete(ANNOTATIONS),
    "an entry changed": update(JOURNAL).values(annotator_id=1),
    "an entry removed": delete(JOURNAL),
    "a name changed": update(ANNOTATORS).values(name="nobody"),
    "a prompt changed": update(PROMPTS).values(text="other"),
    "a response changed": update(RESPONSES).values(text="other"),
    "a vote removed": delete(VOTES),
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_reviewer_cannot_change_rows(mona, statement):
    label(mona, 1, "safe", "mona")  # own rows cannot be changed either
    with pytest.raises(WorkspaceError, match=MAY_NOT), mona.writing() as db:
        db.execute(statement)


@pytest.mark.parametrize(
    "statement", ["TRUNCATE annotations", "DROP TABLE journal CASCADE", "CREATE TABLE mine (i int)"]
)
def test_a_reviewer_cannot_create_empty_or_drop_tables(mona, statement):
    with pytest.raises(WorkspaceError, match=MAY_NOT), mona.writing() as db:
        db.exec_driver_sql(statement)


def test_a_reviewer_cannot_decide_under_another_name(owned, mona):
    with pytest.raises(WorkspaceError, match=OWN_NAME):
        label(mona, 1, "safe", "somebody new")
    label(owned, 2, "safe", "ben")
    with pytest.raises(WorkspaceError, match=OWN_NAME):
        label(mona, 2, "toxic", "ben")
    with pytest.raises(WorkspaceError, match=OWN_NAME):
        prompt_review.undo(mona, annotator="ben")
    assert prompt_review.load(owned, 2).last_label("ben").value == "safe"


def test_a_reviewer_cannot_undo_or_extend_entries_of_others(owned, mona):
    label(owned, 1, "safe", "ben")
    label(mona, 1, "safe", "mona")
    ben, own = last_entry(owned, "ben"), last_entry(owned, "mona")
    entry = {
        "kind": "undo",
        "annotator_id": own.annotator_id,
        "at": NOW,
        "target_id": ben.id,
        "summary": "",
        "uuid": "x",
    }
    with pytest.raises(WorkspaceError, match=OWN_NAME), mona.writing() as db:
        db.execute(insert(JOURNAL).values(entry))
    annotation = {"journal_id": ben.id, "prompt_id": 2, "aspect": "label", "value": "toxic", "visible": ""}
    for who in (ben, own):
        with pytest.raises(WorkspaceError, match=OWN_NAME), mona.writing() as db:
            db.execute(insert(ANNOTATIONS).values(annotation | {"annotator_id": who.annotator_id}))


def test_only_the_owner_can_change_guidelines_queues_and_rules(mona):
    with pytest.raises(WorkspaceError, match=MAY_NOT):
        guidelines.write(mona, "My own guidelines")
    with pytest.raises(WorkspaceError, match=MAY_NOT):
        team_queues.make(mona, TeamQueue("mine"))
    with pytest.raises(WorkspaceError, match=MAY_NOT):
        custom_rules.save(mona, CustomRule("that door stays shut", refuses=True), annotator="mona")


def test_only_the_owner_can_build_the_index(mona):
    with pytest.raises(WorkspaceError, match=MAY_NOT):
        search.index_responses(mona, lambda _done, _of: True)


def test_only_the_owner_can_upgrade_an_older_format(postgres, place):
    postgres.say("UPDATE alembic_version SET version_num = '0009'", place.database)
    with pytest.raises(WorkspaceError, match=r"older format.* The owner of the database has to open it once"):
        open_workspace(postgres.address(place.database, "mona"))


def test_an_administrator_creates_the_roles_if_the_owner_cannot(postgres, tmp_path):
    postgres.say("CREATE ROLE plain LOGIN")
    server = postgres.new()
    postgres.say(f"ALTER DATABASE {server.database} OWNER TO plain")
    theirs = postgres.address(server.database, "plain")
    demo_workspace(tmp_path / "demo.orbench").close()
    before = postgres.log()
    remaining = push(tmp_path / "demo.orbench", theirs)
    assert "WARNING" not in postgres.log()[len(before) :]
    assert f'CREATE ROLE "{server.database}_reviewer" NOLOGIN;' in remaining
    postgres.say(remaining.split(": ", 1)[1].split("; then")[0])
    open_workspace(theirs).close()
    postgres.admit("olga", server)
    with open_workspace(postgres.address(server.database, "olga")) as workspace:
        workspace.policy = TeamPolicy()
        label(workspace, 1, "safe", "olga")


def test_a_reviewer_waits_for_few_round_trips(place):
    trips = {}
    with open_workspace(place) as owner:
        owner.policy = TeamPolicy()
        team_queues.make(owner, TeamQueue("first", overlap=2))
    with Delay(place.port, 0) as delay, open_workspace(replace(place, port=delay.port, user="mona")) as mona:
        mona.policy = TeamPolicy()

        def count(name, work, *arguments, **named):
            before = delay.trips
            result = work(mona, *arguments, annotator="mona", **named)
            trips[name] = delay.trips - before
            return result

        count("first decision of a person", prompt_review.decide, Decision(1, Aspect.FLAG, "on"))
        with mona.reading():
            count("on another connection", prompt_review.decide, Decision(1, Aspect.FLAG, "off"))
        assignments.claim(mona, "first", annotator="mona")
        prompts = (one.prompt_id for one in assignments.assigned(mona, "first", annotator="mona"))
        first, second, third, fourth, *others = prompts
        prompt_review.decide(mona, Decision(first, Aspect.LABEL, "safe"), annotator="mona")
        view = count("load", prompt_review.load, second)
        count("decide", prompt_review.decide, Decision(second, Aspect.LABEL, "safe"), seen=view.version)
        count("undo", prompt_review.undo)
        count("redo", prompt_review.redo)
        response = view.responses[0].response.id
        count("class", prompt_review.decide, Decision(second, Aspect.ANSWER_CLASS, "direct_answer", response))
        count("undo a class", prompt_review.undo)
        count("redo a class", prompt_review.redo)
        count("rows", search.queue_rows, [first, second, third, fourth, *others])
        count("enough are assigned", assignments.claim_more, "first", [second, third, fourth, *others])
        response = prompt_review.load(owner, fourth).responses[0].response.id
        classified = Decision(fourth, Aspect.ANSWER_CLASS, "direct_answer", response)
        prompt_review.decide(owner, classified, annotator="nora")
        last_labels = {"last label": third, "last label after classes": fourth}
        for name, last in last_labels.items():
            prompt_review.decide(owner, Decision(last, Aspect.LABEL, "toxic"), annotator="nora")
            count(name, prompt_review.decide, Decision(last, Aspect.LABEL, "safe"))
            count(f"undo the {name}", prompt_review.undo)
            count(f"redo the {name}", prompt_review.redo)
        assert owner.problems() == []
    assert trips == {
        **dict.fromkeys(("load", "rows", "enough are assigned"), 1),
        **dict.fromkeys(("decide", "undo", "redo", "class", "undo a class", "redo a class"), 2),
        "on another connection": 2,
        "first decision of a person": 3,
        # Everybody sees the decisions after the last label, and nobody after its undo: they are read again.
        **{f"{what}{name}": 3 for name in last_labels for what in ("", "undo the ", "redo the ")},
    }

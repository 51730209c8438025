"""Prompts given out to a team: as many people as the overlap asks for, leases that run out, practice first."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.team.queue import Assignment, Member, QueueState, TeamQueue
from orbench_studio.errors import StaleDecisionError, StudioError
from orbench_studio.formats.records import PromptDraft, Record
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.review import bulk_labels, prompt_review
from orbench_studio.services.team import assignments, team_queues
from orbench_studio.services.workspace.workspace import (
    create_workspace,
    discard_workspace,
    open_workspace,
)
from orbench_studio.store.core.bulk_sql import inserted
from orbench_studio.store.core.tables import ANNOTATORS, SOURCES
from orbench_studio.store.core.team_tables import TEAM_CLAIMS, TEAM_PROMPTS
from orbench_studio.store.review import journal

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=31)
NAMES = ("ada", "bob", "eve")
PROMPTS = 12
P, C = TEAM_PROMPTS.c, TEAM_CLAIMS.c
CATEGORIES = (Category.PRIVACY, Category.ILLEGAL, Category.HATE)


def fill(path, prompts=PROMPTS):
    workspace = create_workspace(path)
    records = [Record(n, PromptDraft(f"Harmless thing number {n}?", CATEGORIES[n % 3])) for n in range(prompts)]
    with workspace.writing() as db:
        row = {"name": "many.csv", "format": "test", "sha256": "", "imported_at": NOON}
        source = inserted(db, SOURCES, row)
        intake = RecordImport(db, lambda: source, "many.csv")
        intake.add(records)
        intake.finish()
    return workspace


@pytest.fixture(scope="module")
def twelve(tmp_path_factory):
    """The file of a workspace with twelve prompts of three categories; nobody has it open."""
    file = tmp_path_factory.mktemp("twelve") / "twelve.orbench"
    fill(file).close()
    return file


@pytest.fixture
def team(twelve, tmp_path):
    """The workspace, open."""
    with open_workspace(Path(shutil.copy(twelve, tmp_path / "team.orbench"))) as workspace:
        yield workspace
        assert workspace.problems() == []


@pytest.fixture
def anywhere(database, request):
    """The same, in a file and on a server: for what depends on locks and moments."""
    if database == "sqlite":
        yield request.getfixturevalue("team")
        return
    with fill(request.getfixturevalue("postgres").new()) as workspace:
        yield workspace
        assert workspace.problems() == []


def take(team, who, ahead=3, now=NOON, name="hard"):
    assignments.claim(team, name, annotator=who, ahead=ahead, now=now)
    return holds(team, who, name)


def holds(team, who, name="hard"):
    return [claim.prompt_id for claim in assignments.assigned(team, name, annotator=who) if not claim.done]


def label(team, who, prompt_id, value="safe"):
    return prompt_review.decide(team, Decision(prompt_id, Aspect.LABEL, value), annotator=who)


def skip(team, who, prompt_id):
    prompt_review.decide(team, Decision(prompt_id, Aspect.SKIP, "skipped"), annotator=who)


def progress(team):
    return team_queues.queues(team)[0].progress


def test_two_people_get_different_prompts_and_nobody_more_than_asked_for(team):
    team_queues.make(team, TeamQueue("hard"))
    assert take(team, "ada") == [1, 2, 3]
    assert take(team, "bob") == [4, 5, 6]
    assert take(team, "ada") == [1, 2, 3]
    label(team, "ada", 2)
    assert take(team, "ada") == [1, 3, 7]
    with pytest.raises(StaleDecisionError, match="Prompt 4 has been given"):
        label(team, "ada", 4)
    assert progress(team).by_labels == (11, 1)
    assert progress(team).held == 6


def test_the_overlap_gives_a_prompt_to_so_many_people_and_to_nobody_twice(team):
    team_queues.make(team, TeamQueue("hard", overlap=2))
    assert take(team, "ada") == take(team, "bob") == [1, 2, 3]
    assert take(team, "eve") == [4, 5, 6]
    for who in ("ada", "bob"):
        label(team, who, 1)
    with pytest.raises(StaleDecisionError):
        label(team, "eve", 1)
    label(team, "ada", 1, "toxic")  # one's own may be changed
    assert take(team, "ada", ahead=20) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert progress(team).disagreed == 1


def test_a_claim_that_ran_out_goes_to_others_and_one_that_is_renewed_does_not(anywhere):
    team = anywhere
    team_queues.make(team, TeamQueue("hard", "id:1-4", lease=30))
    take(team, "ada", 2)
    take(team, "bob", 2)
    assignments.renew(team, "hard", annotator="bob", now=NOON + timedelta(minutes=20))
    assert take(team, "eve", now=LATER) == [1, 2]
    assert holds(team, "ada") == []
    assert holds(team, "bob") == [3, 4]
    label(team, "eve", 1)
    with pytest.raises(StaleDecisionError):
        label(team, "ada", 1)  # on the screen of the laptop that was closed


def test_a_late_label_counts_where_nobody_else_has_the_prompt_yet(team):
    team_queues.make(team, TeamQueue("hard", "id:1-2"))
    take(team, "ada")
    label(team, "ada", 1)
    assert take(team, "bob", now=LATER) == [2]
    assert progress(team).by_labels == (1, 1)


def test_skipping_gives_a_prompt_back_and_undoing_it_takes_it_again_unless_somebody_has_it(team):
    team_queues.make(team, TeamQueue("hard", "id:1-2"))
    take(team, "ada", 1)
    skip(team, "ada", 1)
    assert take(team, "ada") == [2]
    prompt_review.undo(team, annotator="ada")
    assert holds(team, "ada") == [1, 2]
    skip(team, "ada", 1)
    assert take(team, "bob") == [1]
    prompt_review.undo(team, annotator="ada")
    assert holds(team, "ada") == [2]


def test_an_undone_label_is_not_redone_once_somebody_else_has_the_prompt(team):
    team_queues.make(team, TeamQueue("hard", "id:1"))
    take(team, "ada")
    label(team, "ada", 1)
    prompt_review.undo(team, annotator="ada")
    assert take(team, "bob", now=LATER) == [1]
    with pytest.raises(StaleDecisionError):
        prompt_review.redo(team, annotator="ada")
    label(team, "bob", 1, "toxic")
    assert progress(team).by_labels == (0, 1)


def test_shares_and_categories_say_who_gets_what(anywhere):
    team = anywhere
    shares = (Member("ada", 2), Member("bob", 1))
    team_queues.make(team, TeamQueue("hard", assignment=Assignment.SHARE, members=shares))
    assert len(take(team, "ada", 20)) == 8
    assert len(take(team, "bob", 20)) == 4
    assert take(team, "eve") == []  # takes no part
    assert take(team, "ada", name="no such queue") == []
    members = (Member("ada", categories=(Category.PRIVACY, Category.HATE)), Member("bob"))
    team_queues.make(team, TeamQueue("kinds", assignment=Assignment.CATEGORY, members=members))
    assert take(team, "ada", 20, name="kinds") == [1, 3, 4, 6, 7, 9, 10, 12]
    assert take(team, "bob", 20, name="kinds") == [2, 5, 8, 11]
    alone = TeamQueue("alone", overlap=2, assignment=Assignment.CATEGORY, members=members)
    with pytest.raises(StudioError, match="Fewer than 2 people take prompts of illegal"):
        team_queues.make(team, alone)
    assert [one.queue.name for one in team_queues.queues(team)] == ["hard", "kinds"]


def test_a_change_adds_prompts_and_people_and_gives_back_what_those_who_leave_hold(team):
    team_queues.make(team, TeamQueue("hard", "id:1-2", members=(Member("ada"), Member("bob"))))
    take(team, "ada")
    assert take(team, "bob") == []
    both = TeamQueue("harder", "id:2-4", overlap=2, members=(Member("bob"), Member("eve")))
    assert "2 prompts more" in team_queues.change(team, "hard", both).message
    assert take(team, "bob", 9, name="harder") == [1, 2, 3, 4]
    assert take(team, "eve", 9, name="harder") == [1, 2, 3, 4]


def test_a_paused_queue_gives_out_nothing_and_an_ended_one_lets_everybody_label(team):
    team_queues.make(team, TeamQueue("hard", "id:1-2"))
    take(team, "ada", 1)
    team_queues.set_state(team, "hard", QueueState.PAUSED)
    assert take(team, "bob") == []
    label(team, "ada", 1)
    team_queues.set_state(team, "hard", QueueState.OPEN)
    assert take(team, "bob") == [2]
    team_queues.set_state(team, "hard", QueueState.ENDED)
    label(team, "bob", 1)
    team_queues.set_state(team, "hard", QueueState.OPEN)
    assert take(team, "ada") == [2]
    assert progress(team).by_labels == (1, 1)


def test_many_at_once_are_refused_whole_where_others_have_one(team):
    team_queues.make(team, TeamQueue("hard", "id:1-3"))
    take(team, "bob", 2)
    with pytest.raises(StaleDecisionError, match="2 of these prompts"):
        bulk_labels.decide_all(team, [1, 2, 3], Aspect.LABEL, "safe", annotator="ada")
    assert progress(team).by_labels == (3, 0)


def test_nothing_is_written_where_there_is_nothing_to_give(anywhere):
    team = anywhere
    team_queues.make(team, TeamQueue("hard", "id:1"))
    take(team, "ada")
    with open_workspace(team.place) as other:
        before = other.data_version()
        assert take(team, "bob") == []
        assert take(team, "ada") == [1]
        assert other.data_version() == before


def test_people_who_ask_at_the_same_moment_get_what_nobody_else_has(anywhere):
    team = anywhere
    team_queues.make(team, TeamQueue("hard", overlap=2))

    def work(who):
        with open_workspace(team.place) as own:
            for _ in range(500):
                if progress(own).finished == PROMPTS:
                    break
                mine = take(own, who, 2, datetime.now(UTC))
                for prompt_id in mine:
                    label(own, who, prompt_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, ("ada", "bob", "eve", "eve")))  # one of them at two windows
    at_most(team, 2, range(1, PROMPTS + 1))
    assert progress(team).by_labels == (0, 0, PROMPTS)


IMPOSSIBLE = (
    ({"name": " "}, "needs a name"),
    ({"name": "x", "overlap": 0}, "1 to 20 people"),
    ({"name": "x", "overlap": 3, "members": (Member("ada"), Member("bob"))}, "2 take part"),
    ({"name": "x", "query": "colour:red"}, "no condition"),
    ({"name": "x", "lease": 0}, "holds for"),
    ({"name": "x", "assignment": Assignment.SHARE}, "Say who takes part"),
    ({"name": "x", "assignment": Assignment.SHARE, "members": (Member("ada", 0),)}, "share above 0"),
    ({"name": "x", "query": "id:99"}, "No prompt comes through"),
    ({"name": "x", "training": "id:1"}, "has a known answer"),
)


def test_what_cannot_be_is_told(team):
    for wanted, why in IMPOSSIBLE:
        with pytest.raises(StudioError, match=why):
            team_queues.make(team, TeamQueue(**wanted))
    assert team_queues.queues(team) == []


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    file = tmp_path_factory.mktemp("five") / "five.orbench"
    fill(file, 5).close()
    return file


STEP = st.tuples(st.sampled_from(NAMES), st.sampled_from(("take", "label", "label", "skip", "undo", "redo", "sleep")))


@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(overlap=st.integers(1, 3), steps=st.lists(STEP, min_size=8, max_size=16), shared=st.booleans())
def test_whatever_people_do_no_prompt_has_more_than_its_labels_and_all_are_done_in_the_end(
    five, overlap, steps, shared
):
    members = tuple(Member(name, share) for name, share in zip(NAMES, (5, 3, 1), strict=True))
    assignment = Assignment.SHARE if shared else Assignment.FREE
    wanted = TeamQueue("hard", overlap=overlap, assignment=assignment, members=members)
    now = NOON
    file = five.with_name("played.orbench")
    discard_workspace(file)
    shutil.copy(five, file)
    with open_workspace(file) as team:
        team_queues.make(team, wanted)
        for who, deed in steps:
            now += timedelta(minutes=31 if deed == "sleep" else 1)
            play(team, who, deed, now)
            at_most(team, overlap)
        for who in NAMES:  # what was skipped is taken back, and with it everything else
            while prompt_review.undo(team, annotator=who):
                at_most(team, overlap)
        for _ in range(3):
            for who in NAMES:
                now += timedelta(minutes=31)
                take(team, who, 5, now)
                for prompt_id in holds(team, who):
                    attempt(label, team, who, prompt_id)
                at_most(team, overlap)
        assert progress(team).finished == 5
        assert team.problems() == []


def play(team, who, deed, now):
    mine = holds(team, who)
    if deed == "take":
        take(team, who, 2, now)
    elif deed == "label" and mine:
        attempt(label, team, who, mine[0])
    elif deed == "skip" and mine:
        skip(team, who, mine[0])
    elif deed == "undo":
        prompt_review.undo(team, annotator=who)
    elif deed == "redo":
        attempt(prompt_review.redo, team, annotator=who)


def attempt(deed, *args, **named):
    with suppress(StaleDecisionError):
        deed(*args, **named)


def at_most(team, overlap, prompts=range(1, 6)):
    """No more than the overlap have or have labelled a prompt; the database itself sees to nobody having it twice."""
    with team.reading() as db:
        decided = journal.of_prompts(db, prompts)
        claims = db.execute(select(P.prompt_id, C.annotator_id, C.state).where(C.team_prompt_id == P.id)).all()
        names = dict(db.execute(select(ANNOTATORS.c.id, ANNOTATORS.c.name)).all())
    for prompt_id in prompts:
        labelled = {a.annotator for a in decided[prompt_id] if a.aspect is Aspect.LABEL}
        holding = {names[one.annotator_id] for one in claims if (one.prompt_id, one.state) == (prompt_id, "held")}
        assert len(labelled | holding) <= overlap
        assert not labelled & holding


def test_a_prompt_of_two_queues_gets_the_labels_that_either_asks_for(team):
    team_queues.make(team, TeamQueue("hard", "id:1-2", overlap=2))
    team_queues.make(team, TeamQueue("once", "id:1"))
    for who in ("ada", "bob"):
        for prompt_id in take(team, who):
            label(team, who, prompt_id)
    assert [one.progress.finished for one in team_queues.queues(team)] == [2, 1]
    assert take(team, "eve", name="once") == []
    with pytest.raises(StaleDecisionError):
        label(team, "eve", 1)

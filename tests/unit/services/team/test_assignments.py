"""Assignments of prompts to annotators: overlap, shares, expiry, training prompts, concurrent requests."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from orbench_studio.domain.audit.refusal_rates import AuditOptions
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.team.queue import Assignment, Member, QueueState, TeamQueue
from orbench_studio.errors import StaleDecisionError, StudioError
from orbench_studio.services.audit.audit_counts import read
from orbench_studio.services.audit.human_agreement import human_agreement
from orbench_studio.services.audit.refusal_audit import audit
from orbench_studio.services.review import bulk_labels, prompt_review
from orbench_studio.services.team import assignments, team_queues
from orbench_studio.services.team.policy import TeamPolicy
from orbench_studio.services.workspace.workspace import discard_workspace, open_workspace
from orbench_studio.store.core.tables import ANNOTATORS
from orbench_studio.store.core.team_tables import TEAM_CLAIMS, TEAM_PROMPTS
from orbench_studio.store.review import journal
from tests.unit.services.team.team_workspace import LATER, NOON, PROMPTS, fill, holds, label, progress, skip, take

NAMES = ("ada", "bob", "eve")
P, C = TEAM_PROMPTS.c, TEAM_CLAIMS.c


def test_two_annotators_get_different_prompts_up_to_the_limit(team):
    team_queues.make(team, TeamQueue("hard"))
    assert take(team, "ada") == [1, 2, 3]
    assert take(team, "bob") == [4, 5, 6]
    assert take(team, "ada") == [1, 2, 3]
    label(team, "ada", 2)
    assert take(team, "ada") == [1, 3, 7]
    with pytest.raises(StaleDecisionError, match="assigned prompt 4 to enough other people"):
        label(team, "ada", 4)
    assert progress(team).by_labels == (11, 1)
    assert progress(team).assigned == 6


def test_a_prompt_is_assigned_to_as_many_annotators_as_the_overlap(team):
    team_queues.make(team, TeamQueue("hard", overlap=2))
    assert take(team, "ada") == take(team, "bob") == [1, 2, 3]
    assert take(team, "eve") == [4, 5, 6]
    label(team, "ada", 1)
    hidden = "Hidden and not counted until their team queues have all labels: 1 labelled prompt."
    assert human_agreement(team).hidden == audit(read(team), AuditOptions()).hidden == hidden
    label(team, "bob", 1)
    assert human_agreement(team).hidden == audit(read(team), AuditOptions()).hidden == ""
    with pytest.raises(StaleDecisionError):
        label(team, "eve", 1)
    label(team, "ada", 1, "toxic")  # annotators can change their own label
    assert take(team, "ada", ahead=20) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert progress(team).disagreed == 1


def test_an_expired_assignment_goes_to_another_annotator_unless_renewed(anywhere):
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
        label(team, "ada", 1)  # still on the screen of a laptop that was closed


def test_a_late_label_counts_if_the_prompt_is_not_reassigned(team):
    team_queues.make(team, TeamQueue("hard", "id:1-2"))
    take(team, "ada")
    label(team, "ada", 1)
    assert take(team, "bob", now=LATER) == [2]
    assert progress(team).by_labels == (1, 1)


def test_skipping_returns_a_prompt_and_undo_restores_it_unless_reassigned(team):
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


def test_a_label_cannot_be_redone_after_the_prompt_was_reassigned(team):
    team_queues.make(team, TeamQueue("hard", "id:1"))
    take(team, "ada")
    label(team, "ada", 1)
    prompt_review.undo(team, annotator="ada")
    assert take(team, "bob", now=LATER) == [1]
    with pytest.raises(StaleDecisionError):
        prompt_review.redo(team, annotator="ada")
    label(team, "bob", 1, "toxic")
    assert progress(team).by_labels == (0, 1)


def test_prompts_are_assigned_by_share_and_by_category(anywhere):
    team = anywhere
    shares = (Member("ada", 2), Member("bob", 1))
    team_queues.make(team, TeamQueue("hard", assignment=Assignment.SHARE, members=shares))
    assert len(take(team, "ada", 20)) == 8
    assert len(take(team, "bob", 20)) == 4
    assert take(team, "eve") == []  # not an annotator of this queue
    assert take(team, "ada", name="no such queue") == []
    members = (Member("ada", categories=(Category.PRIVACY, Category.HATE)), Member("bob"))
    team_queues.make(team, TeamQueue("kinds", assignment=Assignment.CATEGORY, members=members))
    assert take(team, "ada", 20, name="kinds") == [1, 3, 4, 6, 7, 9, 10, 12]
    assert take(team, "bob", 20, name="kinds") == [2, 5, 8, 11]
    alone = TeamQueue("alone", overlap=2, assignment=Assignment.CATEGORY, members=members)
    with pytest.raises(StudioError, match="category illegal has fewer annotators"):
        team_queues.make(team, alone)
    assert [one.queue.name for one in team_queues.queues(team)] == ["hard", "kinds"]


def test_changing_a_queue_adds_prompts_and_releases_assignments_of_removed_annotators(team):
    team_queues.make(team, TeamQueue("hard", "id:1-2", members=(Member("ada"), Member("bob"))))
    take(team, "ada")
    assert take(team, "bob") == []
    both = TeamQueue("harder", "id:2-4", overlap=2, members=(Member("bob"), Member("eve")))
    assert "2 prompts added" in team_queues.change(team, "hard", both).message
    assert take(team, "bob", 9, name="harder") == [1, 2, 3, 4]
    assert take(team, "eve", 9, name="harder") == [1, 2, 3, 4]


def test_a_paused_queue_assigns_nothing_and_an_ended_queue_restricts_nobody(team):
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


def test_a_bulk_label_is_rejected_if_others_have_one_of_the_prompts(team):
    team_queues.make(team, TeamQueue("hard", "id:1-3"))
    take(team, "bob", 2)
    with pytest.raises(StaleDecisionError, match="2 of these prompts"):
        bulk_labels.decide_all(team, [1, 2, 3], Aspect.LABEL, "safe", annotator="ada")
    assert progress(team).by_labels == (3, 0)


def test_a_request_without_available_prompts_writes_nothing(anywhere):
    team = anywhere
    team_queues.make(team, TeamQueue("hard", "id:1"))
    take(team, "ada")
    with open_workspace(team.place) as other:
        other.policy = TeamPolicy()
        before = other.data_version()
        assert take(team, "bob") == []
        assert take(team, "ada") == [1]
        assert other.data_version() == before


def test_concurrent_requests_never_exceed_the_overlap(anywhere):
    team = anywhere
    team_queues.make(team, TeamQueue("hard", overlap=2))

    def work(who):
        with open_workspace(team.place) as own:
            own.policy = TeamPolicy()
            for _ in range(500):
                if progress(own).finished == PROMPTS:
                    break
                mine = take(own, who, 2, datetime.now(UTC))
                for prompt_id in mine:
                    label(own, who, prompt_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, ("ada", "bob", "eve", "eve")))  # one of them at two windows
    check_overlap(team, 2, range(1, PROMPTS + 1))
    assert progress(team).by_labels == (0, 0, PROMPTS)


INVALID = (
    ({"name": " "}, "needs a name"),
    ({"name": "x", "overlap": 0}, "1 to 20 annotators"),
    ({"name": "x", "overlap": 3, "members": (Member("ada"), Member("bob"))}, "number of annotators is 2"),
    ({"name": "x", "query": "colour:red"}, "not a condition"),
    ({"name": "x", "lease": 0}, "must expire after"),
    ({"name": "x", "assignment": Assignment.SHARE}, "need annotators"),
    ({"name": "x", "assignment": Assignment.SHARE, "members": (Member("ada", 0),)}, "share above 0"),
    ({"name": "x", "query": "id:99"}, "No prompts match"),
    ({"name": "x", "training": "id:1"}, "has a known label"),
)


def test_invalid_settings_are_rejected(team):
    for values, message in INVALID:
        with pytest.raises(StudioError, match=message):
            team_queues.make(team, TeamQueue(**values))
    assert team_queues.queues(team) == []


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    file = tmp_path_factory.mktemp("five") / "five.orbench"
    fill(file, 5).close()
    return file


STEP = st.tuples(st.sampled_from(NAMES), st.sampled_from(("take", "label", "label", "skip", "undo", "redo", "sleep")))


@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(overlap=st.integers(1, 3), steps=st.lists(STEP, min_size=8, max_size=16), shared=st.booleans())
def test_no_sequence_of_actions_exceeds_the_overlap_or_leaves_prompts_unlabelled(five, overlap, steps, shared):
    members = tuple(Member(name, share) for name, share in zip(NAMES, (5, 3, 1), strict=True))
    assignment = Assignment.SHARE if shared else Assignment.FREE
    wanted = TeamQueue("hard", overlap=overlap, assignment=assignment, members=members)
    now = NOON
    file = five.with_name("played.orbench")
    discard_workspace(file)
    shutil.copy(five, file)
    with open_workspace(file) as team:
        team.policy = TeamPolicy()
        team_queues.make(team, wanted)
        for who, action in steps:
            now += timedelta(minutes=31 if action == "sleep" else 1)
            perform(team, who, action, now)
            check_overlap(team, overlap)
        for who in NAMES:  # undo all actions, among them the skips
            while prompt_review.undo(team, annotator=who):
                check_overlap(team, overlap)
        for _ in range(3):
            for who in NAMES:
                now += timedelta(minutes=31)
                take(team, who, 5, now)
                for prompt_id in holds(team, who):
                    attempt(label, team, who, prompt_id)
                check_overlap(team, overlap)
        assert progress(team).finished == 5
        assert team.problems() == []


def perform(team, who, action, now):
    mine = holds(team, who)
    if action == "take":
        take(team, who, 2, now)
    elif action == "label" and mine:
        attempt(label, team, who, mine[0])
    elif action == "skip" and mine:
        skip(team, who, mine[0])
    elif action == "undo":
        prompt_review.undo(team, annotator=who)
    elif action == "redo":
        attempt(prompt_review.redo, team, annotator=who)


def attempt(action, *args, **named):
    with suppress(StaleDecisionError):
        action(*args, **named)


def check_overlap(team, overlap, prompts=range(1, 6)):
    """Check that no more annotators than the overlap have labelled or are assigned to a prompt."""
    with team.reading() as db:
        decided = journal.of_prompts(db, prompts)
        claims = db.execute(select(P.prompt_id, C.annotator_id, C.state).where(C.team_prompt_id == P.id)).all()
        names = dict(db.execute(select(ANNOTATORS.c.id, ANNOTATORS.c.name)).all())
    for prompt_id in prompts:
        labelled = {a.annotator for a in decided[prompt_id] if a.aspect is Aspect.LABEL}
        holding = {names[one.annotator_id] for one in claims if (one.prompt_id, one.state) == (prompt_id, "held")}
        assert len(labelled | holding) <= overlap
        assert not labelled & holding


def test_a_prompt_in_two_queues_gets_the_larger_overlap(team):
    team_queues.make(team, TeamQueue("hard", "id:1-2", overlap=2))
    team_queues.make(team, TeamQueue("once", "id:1"))
    for who in ("ada", "bob"):
        for prompt_id in take(team, who):
            label(team, who, prompt_id)
    assert [one.progress.finished for one in team_queues.queues(team)] == [2, 1]
    assert take(team, "eve", name="once") == []
    with pytest.raises(StaleDecisionError):
        label(team, "eve", 1)

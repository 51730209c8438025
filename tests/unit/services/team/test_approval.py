"""Decisions of annotators are approved, or sent back with a reason."""

import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.queue import Field, QueueFilter
from orbench_studio.domain.team.queue import TeamQueue, assignments_filter
from orbench_studio.errors import StudioError
from orbench_studio.services.review import history, prompt_review, search
from orbench_studio.services.team import approval, team_queues
from tests.unit.services.team.team_workspace import label, take


def ids(workspace, query):
    return list(search.queue_of(workspace, parse(query)).ids)


def counts(workspace):
    return {one.annotator: (one.approved, one.returned) for one in team_queues.people(workspace)}


def test_a_prompt_comes_back_with_the_reason_until_it_is_decided_again(anywhere):
    team = anywhere
    team_queues.make(team, TeamQueue("hard", "id:1-6"))
    take(team, "ada", 4)
    for prompt_id in (1, 2, 3):
        label(team, "ada", prompt_id)
    approval.approve(team, [1, 3, 4], of="ada", annotator="cleo")
    changes = approval.send_back(team, [2], " See <b>guideline</b> 3. ", of="ada", annotator="cleo")
    assert changes.message == "#2 sent back to ada: See <b>guideline</b> 3."
    assert counts(team)["ada"] == (2, 1)
    mine = search.queue_of(team, assignments_filter("hard", "ada"), annotator="ada")
    assert (list(mine.ids), mine.begin, mine.decided) == ([2, 1, 3, 4], 2, {1, 3})
    assert (ids(team, "returned:ada"), ids(team, "approved:ada"), ids(team, "by:ada -approved:ada")) == (
        [2],
        [1, 3],
        [2],
    )
    assert search.counts_of(team, QueueFilter(), Field.RETURNED) == {"ada": 1}
    view = prompt_review.load(team, 2, "ada")
    assert (view.returned_to("ada").reason, view.returned_to("cleo")) == ("See <b>guideline</b> 3.", None)
    assert view.final.label == "safe", "the label stands"
    label(team, "ada", 2)
    assert (counts(team)["ada"], prompt_review.load(team, 2).returned_to("ada")) == ((2, 0), None)
    label(team, "ada", 1, "toxic")
    assert counts(team)["ada"] == (1, 0), "a changed label is not approved"
    prompt_review.undo(team, annotator="cleo")
    prompt_review.undo(team, annotator="cleo")
    assert counts(team)["ada"] == (0, 0)
    assert [entry.kind for entry in history.entries(team, of="cleo")] == ["adjudication"] * 2 + ["undo"] * 2


def test_only_visible_decisions_of_others_are_checked(team):
    team_queues.make(team, TeamQueue("two", "id:1-3", overlap=2))
    label(team, "ada", 1)
    for of, who, message in (
        ("ada", "ada", "You cannot approve your own decisions"),
        ("ada", "cleo", "still hidden"),
        ("bob", "cleo", "bob has decided about none"),
    ):
        with pytest.raises(StudioError, match=message):
            approval.approve(team, [1, 2], of=of, annotator=who)
    with pytest.raises(StudioError, match="Give a reason"):
        approval.send_back(team, [1], " ", of="ada", annotator="cleo")
    with pytest.raises(ValueError, match="approvals and returns"):
        Decision(1, Aspect.APPROVED, "ada")
    label(team, "bob", 1)
    assert approval.approve(team, [1, 2], of="ada", annotator="cleo").message == "#1: decisions of ada approved"

"""Taking back everything since a moment: all in one deed, put back in one, and nothing of anybody else's."""

from datetime import datetime, timedelta

import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.errors import StudioError
from orbench_studio.services.review import bulk_undo, history, prompt_review
from orbench_studio.services.workspace.workspace import open_workspace

PROMPTS = (1, 2, 3, 4)


def label(workspace, prompt_id, value="safe", annotator="anna"):
    prompt_review.decide(workspace, Decision(prompt_id, Aspect.LABEL, value), annotator=annotator)


def labels(workspace):
    return [prompt_review.load(workspace, prompt_id).said_by("anna", Aspect.LABEL) for prompt_id in PROMPTS]


def undo(workspace):
    return prompt_review.undo(workspace, annotator="anna")


def redo(workspace):
    return prompt_review.redo(workspace, annotator="anna")


@pytest.fixture
def since_second(workspace):
    """Anna has labelled all four, Ben one of them; everything of hers from the second on is taken back."""
    for prompt_id in PROMPTS:
        label(workspace, prompt_id)
        label(workspace, 3, "toxic", "ben")
    second = bulk_undo.own_entries(workspace, annotator="anna")[2]
    meant = bulk_undo.preview(workspace, annotator="anna", since=second.id)
    assert (meant.decisions, meant.prompt_ids, meant.words) == (3, (2, 3, 4), "3 decisions on 3 prompts")
    return bulk_undo.undo_since(workspace, meant, annotator="anna")


def test_what_was_previewed_is_taken_back_and_nothing_else(workspace, since_second):
    assert since_second.prompt_ids == (2, 3, 4)
    assert since_second.message == "Undone: 3 deeds on 3 prompts"
    assert labels(workspace) == ["safe", None, None, None]
    assert prompt_review.load(workspace, 3).said_by("ben", Aspect.LABEL) == "toxic"
    assert workspace.problems() == []


def test_the_journal_only_grows(workspace, since_second):
    entries = history.entries(workspace)
    assert [(e.kind, e.target_id) for e in entries[8:]] == [("undo", 7), ("undo", 5), ("undo", 3)]
    assert len({e.at for e in entries[8:]}) == 1


def test_one_redo_puts_all_of_it_back_and_one_undo_takes_it_away_again(path, workspace, since_second):
    workspace.close()
    with open_workspace(path) as again:
        redo(again)
        assert labels(again) == ["safe"] * 4
        assert undo(again).prompt_ids == (2, 3, 4)
        assert labels(again) == ["safe", None, None, None]
        assert undo(again).prompt_ids == (1,)
        assert [bool(redo(again)) for _ in range(3)] == [True, True, False]
        assert labels(again) == ["safe"] * 4
        assert again.problems() == []


def test_undos_one_by_one_stay_one_by_one(workspace):
    for prompt_id in PROMPTS:
        label(workspace, prompt_id)
    assert [undo(workspace).prompt_ids for _ in range(4)] == [(4,), (3,), (2,), (1,)]
    assert [redo(workspace).prompt_ids for _ in range(4)] == [(1,), (2,), (3,), (4,)]


def test_two_undos_on_a_clock_that_stands_still_are_two_deeds(workspace, monkeypatch):
    class Stopped(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 11, 21, 14, 5, tzinfo=tz)

    monkeypatch.setattr("orbench_studio.store.review.journal.datetime", Stopped)
    for prompt_id in PROMPTS:
        label(workspace, prompt_id)
    for _ in PROMPTS:
        undo(workspace)
    assert redo(workspace).prompt_ids == (1,)


def test_a_decision_made_after_the_preview_stays(workspace):
    label(workspace, 1)
    meant = bulk_undo.preview(workspace, annotator="anna", since=1)
    label(workspace, 2)
    bulk_undo.undo_since(workspace, meant, annotator="anna")
    assert labels(workspace) == [None, "safe", None, None]


def test_since_a_moment(workspace):
    label(workspace, 1)
    [deed] = bulk_undo.own_entries(workspace, annotator="anna")
    assert bulk_undo.preview(workspace, annotator="anna", since=deed.at).decisions == 1
    nothing = bulk_undo.preview(workspace, annotator="anna", since=deed.at + timedelta(seconds=1))
    assert nothing.words == "0 decisions on 0 prompts"
    assert bulk_undo.undo_since(workspace, nothing, annotator="anna").message == "Nothing to undo."
    assert len(history.entries(workspace)) == 1


NOW = datetime(2026, 11, 21, 15, 30).astimezone()


@pytest.mark.parametrize(
    ("text", "meant"), [("14:05", (2026, 11, 21, 14, 5)), (" 2026-11-20 23:59", (2026, 11, 20, 23, 59))]
)
def test_a_time_is_understood(text, meant):
    assert bulk_undo.moment(text, NOW) == datetime(*meant).astimezone()


@pytest.mark.parametrize(
    ("text", "message"),
    [("15:31", "still to come. To mean another day"), ("2027-01-01 10:00", "to come"), ("soon", "no time"), ("", "no")],
)
def test_what_is_no_time_that_has_been_is_said(text, message):
    with pytest.raises(StudioError, match=message):
        bulk_undo.moment(text, NOW)

"""Bulk undo: everything since a time in one step, restored by one redo, and only the annotator's own decisions."""

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
    return [prompt_review.load(workspace, prompt_id).last_by("anna", Aspect.LABEL) for prompt_id in PROMPTS]


def undo(workspace):
    return prompt_review.undo(workspace, annotator="anna")


def redo(workspace):
    return prompt_review.redo(workspace, annotator="anna")


@pytest.fixture
def since_second(workspace):
    """Anna labels all four, Ben one of them; then everything of hers from the second on is undone."""
    for prompt_id in PROMPTS:
        label(workspace, prompt_id)
        label(workspace, 3, "toxic", "ben")
    second = bulk_undo.entries_of(workspace, annotator="anna")[2]
    previewed = bulk_undo.preview(workspace, annotator="anna", since=second.id)
    assert (previewed.decisions, previewed.prompt_ids, previewed.summary) == (3, (2, 3, 4), "3 decisions on 3 prompts")
    return bulk_undo.undo_since(workspace, previewed, annotator="anna")


def test_exactly_the_previewed_decisions_are_undone(workspace, since_second):
    assert since_second.prompt_ids == (2, 3, 4)
    assert since_second.message == "Undone: 3 entries on 3 prompts"
    assert labels(workspace) == ["safe", None, None, None]
    assert prompt_review.load(workspace, 3).last_by("ben", Aspect.LABEL) == "toxic"
    assert workspace.problems() == []


def test_each_undone_entry_gets_an_entry_of_its_own_at_the_same_time(workspace, since_second):
    entries = history.entries(workspace)
    assert [(e.kind, e.target_id) for e in entries[8:]] == [("undo", 7), ("undo", 5), ("undo", 3)]
    assert len({e.at for e in entries[8:]}) == 1


def test_one_redo_restores_and_one_undo_reverses_a_bulk_undo_after_a_restart(path, workspace, since_second):
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


def test_single_undos_are_redone_one_by_one(workspace):
    for prompt_id in PROMPTS:
        label(workspace, prompt_id)
    assert [undo(workspace).prompt_ids for _ in range(4)] == [(4,), (3,), (2,), (1,)]
    assert [redo(workspace).prompt_ids for _ in range(4)] == [(1,), (2,), (3,), (4,)]


def test_undos_at_the_same_clock_time_are_redone_one_by_one(workspace, monkeypatch):
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


def test_a_decision_made_after_the_preview_stays_in_force(workspace):
    label(workspace, 1)
    previewed = bulk_undo.preview(workspace, annotator="anna", since=1)
    label(workspace, 2)
    bulk_undo.undo_since(workspace, previewed, annotator="anna")
    assert labels(workspace) == [None, "safe", None, None]


def test_preview_since_a_time_includes_that_time(workspace):
    label(workspace, 1)
    [entry] = bulk_undo.entries_of(workspace, annotator="anna")
    assert bulk_undo.preview(workspace, annotator="anna", since=entry.at).decisions == 1
    nothing = bulk_undo.preview(workspace, annotator="anna", since=entry.at + timedelta(seconds=1))
    assert nothing.summary == "0 decisions on 0 prompts"
    assert bulk_undo.undo_since(workspace, nothing, annotator="anna").message == "Nothing to undo."
    assert len(history.entries(workspace)) == 1


NOW = datetime(2026, 11, 21, 15, 30).astimezone()


@pytest.mark.parametrize(
    ("text", "previewed"), [("14:05", (2026, 11, 21, 14, 5)), (" 2026-11-20 23:59", (2026, 11, 20, 23, 59))]
)
def test_times_are_parsed(text, previewed):
    assert bulk_undo.parse_time(text, NOW) == datetime(*previewed).astimezone()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("15:31", "in the future. For another day"),
        ("2027-01-01 10:00", "in the future"),
        ("soon", "not a time"),
        ("", "not a time"),
    ],
)
def test_invalid_and_future_times_are_errors(text, message):
    with pytest.raises(StudioError, match=message):
        bulk_undo.parse_time(text, NOW)

"""Bulk labels: the preview, all prompts or none, and one undo for all of them."""

import pytest

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.errors import CancelledError, WorkspaceError
from orbench_studio.services.data import demo
from orbench_studio.services.review import bulk_labels, history, prompt_review, search


@pytest.fixture
def workspace(tmp_path):
    with demo.demo_workspace(tmp_path / "demo.orbench") as workspace:
        yield workspace


def ids(workspace, query):
    return list(search.queue_of(workspace, parse(query)).ids)


def everything(workspace):
    return search.queue_rows(workspace, range(1, 71))


def test_forty_prompts_are_previewed_labelled_and_undone_by_one_undo(workspace):
    prompt_review.decide(workspace, Decision(3, Aspect.LABEL, "toxic"), annotator="ada")
    prompt_review.decide(workspace, Decision(4, Aspect.SKIP, "skipped"), annotator="ada")
    before = everything(workspace)
    preview = bulk_labels.preview(workspace, ids(workspace, "id:1-41"), only_undecided=True)
    assert (len(preview.ids), preview.excluded, preview.labels) == (40, 1, {"undecided": 39, "skipped": 1})
    assert sum(preview.categories.values()) == 40
    assert [row.prompt_id for row in preview.rows[:3]] == [1, 2, 4]
    seen = frozenset({Visible.RESPONSES})
    changes = bulk_labels.decide_all(workspace, preview.ids, Aspect.LABEL, "safe", annotator="ada", visible=seen)
    assert changes.message == "40 prompts → safe"
    assert ids(workspace, "label:safe by:ada -id:3") == list(preview.ids)
    assert prompt_review.load(workspace, 3).final.label == "toxic"
    assert prompt_review.load(workspace, 1).decided[-1].visible == seen
    assert [entry.annotations for entry in history.entries(workspace)] == [1, 1, 40]
    prompt_review.undo(workspace, annotator="ada")
    assert everything(workspace) == before
    prompt_review.redo(workspace, annotator="ada")
    assert len(ids(workspace, "reviewed")) == 41
    assert workspace.problems() == []


def test_the_preview_counts_decided_prompts_by_their_label(workspace):
    for prompt_id, value in ((1, "safe"), (2, "toxic")):
        prompt_review.decide(workspace, Decision(prompt_id, Aspect.LABEL, value), annotator="ada")
    prompt_review.decide(workspace, Decision(2, Aspect.LABEL, "safe"), annotator="ben")
    preview = bulk_labels.preview(workspace, [3, 2, 1, 99], only_undecided=False)
    assert preview.ids == (3, 2, 1)
    assert (preview.excluded, preview.labels) == (1, {"undecided": 1, "disputed": 1, "safe": 1})


@pytest.mark.parametrize("at", [0, 1])
def test_nothing_is_decided_when_it_is_cancelled_or_fails_half_way(workspace, monkeypatch, at):
    monkeypatch.setattr(bulk_labels, "_PER_STEP", 10)
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > at

    with pytest.raises(CancelledError, match="Nothing was decided"):
        bulk_labels.decide_all(workspace, range(1, 41), Aspect.LABEL, "safe", annotator="ada", cancelled=cancelled)
    with pytest.raises(WorkspaceError, match="Nothing was decided"):
        bulk_labels.decide_all(workspace, range(61, 100), Aspect.LABEL, "safe", annotator="ada")
    assert history.entries(workspace) == []
    assert ids(workspace, "reviewed") == []


def test_progress_is_reported(workspace, monkeypatch):
    monkeypatch.setattr(bulk_labels, "_PER_STEP", 30)
    reported = []
    bulk_labels.decide_all(
        workspace, range(1, 71), Aspect.FLAG, "on", annotator="ada", progress=lambda *done: reported.append(done)
    )
    assert reported == [(0, 70), (30, 70), (60, 70)]
    assert len(ids(workspace, "flagged")) == 70


def test_prompts_cannot_get_an_answer_class(workspace):
    with pytest.raises(ValueError, match="need a response"):
        bulk_labels.decide_all(workspace, [1], Aspect.ANSWER_CLASS, "direct_answer", annotator="ada")

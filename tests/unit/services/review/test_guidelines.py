"""Guidelines: versions that never change, and the one in force written down with each decision."""

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.services.review import bulk_labels, guidelines, history, prompt_review
from orbench_studio.services.workspace.workspace import open_workspace


def label(workspace, value):
    prompt_review.decide(workspace, Decision(1, Aspect.LABEL, value), annotator="anna")


def test_each_decision_records_the_version_it_was_made_by(path, workspace):
    label(workspace, "safe")
    guidelines.write(workspace, "# When in doubt\nThink of the asker.")
    label(workspace, "toxic")
    assert guidelines.write(workspace, "# When in doubt\nThink of the reader.").version == 2
    label(workspace, "safe")
    prompt_review.undo(workspace, annotator="anna")
    with open_workspace(path) as again:
        assert [entry.guideline for entry in history.entries(again)] == [None, 1, 2, None]
        assert [(g.version, g.text[-7:-1]) for g in guidelines.versions(again)] == [(1, " asker"), (2, "reader")]


def test_bulk_decisions_record_the_guidelines_version(workspace):
    guidelines.write(workspace, "Be fair.")
    bulk_labels.decide_all(workspace, [1, 2], Aspect.LABEL, "safe", annotator="anna")
    assert [entry.guideline for entry in history.entries(workspace)] == [1]


def test_the_same_text_again_makes_no_version(workspace):
    assert guidelines.write(workspace, " \n") is None
    first = guidelines.write(workspace, "Be fair.")
    assert guidelines.write(workspace, "\nBe fair.\n ") == first
    assert guidelines.versions(workspace) == [first]


def test_going_back_to_an_older_text_is_a_version_of_its_own(workspace):
    for text in ("one", "two", "one", ""):
        guidelines.write(workspace, text)
    assert [g.text for g in guidelines.versions(workspace)] == ["one", "two", "one", ""]

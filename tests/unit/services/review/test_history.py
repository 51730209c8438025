"""The history of one prompt: every deed, what was seen, why, by which guidelines; and back to any of them."""

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.review.decision import Decision
from orbench_studio.services.review import guidelines, history, prompt_review


def decide(workspace, aspect, value, response_id=None, *, annotator="anna", prompt_id=1, **more):
    reason = more.pop("reason", None)
    decision = Decision(prompt_id, aspect, value, response_id, reason)
    prompt_review.decide(workspace, decision, annotator=annotator, **more)


def test_the_timeline_has_every_entry_about_the_prompt_only(workspace):
    decide(workspace, Aspect.LABEL, "safe")
    decide(workspace, Aspect.LABEL, "toxic", prompt_id=2)
    guidelines.write(workspace, "Be fair.")
    decide(workspace, Aspect.LABEL, "toxic", visible=frozenset({Visible.VOTES}), annotator="ben")
    decide(workspace, Aspect.ANSWER_CLASS, "direct_answer", 1, reason="quoted")
    prompt_review.undo(workspace, annotator="anna")
    first, second, third, undone = history.of_prompt(workspace, 1)
    assert (first.annotation.value, first.annotation.visible, first.guideline, first.in_force) == (
        "safe",
        frozenset(),
        None,
        True,
    )
    assert (second.annotator, second.annotation.visible, second.guideline) == ("ben", {Visible.VOTES}, 1)
    assert (third.model, third.annotation.reason, third.in_force) == ("model-a", "quoted", False)
    assert (undone.annotation, undone.annotator) == (None, "anna")
    assert undone.message.startswith("Undone: “#1 model-a")


def test_a_restored_decision_repeats_the_value(workspace):
    decide(workspace, Aspect.LABEL, "safe")
    decide(workspace, Aspect.LABEL, "toxic")
    prompt_review.decide(workspace, history.of_prompt(workspace, 1)[0].repeated(1), annotator="anna")
    assert prompt_review.load(workspace, 1).final.label == "safe"
    assert len(history.of_prompt(workspace, 1)) == 3
    prompt_review.undo(workspace, annotator="anna")
    assert prompt_review.load(workspace, 1).final.label == "toxic"
    assert history.of_prompt(workspace, 1)[-1].repeated(1) is None

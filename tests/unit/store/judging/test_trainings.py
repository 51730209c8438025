"""The stored trainings of the local judge, in both databases."""

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.services.review.prompt_review import decide, load, undo
from orbench_studio.store.judging import trainings


def test_a_training_is_stored_and_advances(workspace):
    with workspace.writing() as db:
        assert trainings.latest(db) is None
        first = trainings.add(db, 20, [3, 1], automatic=True)
        second = trainings.add(db, 30, [], automatic=False)
        trainings.advance(db, second, 2)
        trainings.advance(db, second, 3, finished=True)
        last = trainings.latest(db)
        assert (last.id, last.labels, last.changed, last.automatic, last.finished) == (second, 30, 5, False, True)
        before = trainings.latest(db, before=second)
        assert (before.id, before.decisions, before.finished) == (first, {1, 3}, False)
        assert before.started_at.tzinfo is not None
        assert trainings.changing(db, 0) == (second, second, 1, 5)
        assert trainings.changing(db, second) is None


def test_only_decisions_that_a_judge_can_learn_from_count(workspace):
    prompt_id = next(n for n in range(1, 9) if load(workspace, n).responses)
    response = load(workspace, prompt_id).responses[0].response
    with workspace.reading() as db:
        before = trainings.decisions(db)
    decide(workspace, Decision(prompt_id, Aspect.LABEL, "safe"), annotator="anna")
    decide(workspace, Decision(prompt_id, Aspect.ANSWER_CLASS, "direct_answer", response.id), annotator="anna")
    with workspace.reading() as db:
        assert len(trainings.decisions(db) - before) == 1
    undo(workspace, annotator="anna")
    with workspace.reading() as db:
        assert trainings.decisions(db) == before

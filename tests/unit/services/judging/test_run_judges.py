"""Instruments in a workspace: what they write, what they never touch, and what running them again does."""

import pytest
from sqlalchemy import select

from orbench_studio.domain.core.annotation import Aspect, Basis
from orbench_studio.domain.core.judgement import REFUSALS, AnswerClass, JudgeKind
from orbench_studio.domain.review.decision import Decision
from orbench_studio.services.judging import run_judges
from orbench_studio.services.judging.run_judges import judge, keywords, retrained, rules
from orbench_studio.services.review.prompt_review import decide, load, undo
from orbench_studio.services.workspace.statistics import statistics
from orbench_studio.store.core.tables import JUDGEMENTS, RESPONSE_STATES, RESPONSES
from tests.unit.services.judging.judged_workspace import create, truth


@pytest.fixture
def own(tmp_path):
    with create(tmp_path / "own.orbench", stopped=True) as workspace:
        yield workspace


def standing(workspace, model):
    """The answer class that counts and its basis, by prompt."""
    with workspace.reading() as db:
        ids = [row[0] for row in db.execute(select(RESPONSE_STATES.c.prompt_id).distinct())]
    views = {prompt: load(workspace, prompt).responses for prompt in ids}
    return {prompt: one.final for prompt, seen in views.items() for one in seen if one.response.model == model}


def label(workspace, model, numbers):
    with workspace.reading() as db:
        ids = dict(db.execute(select(RESPONSES.c.prompt_id, RESPONSES.c.id).where(RESPONSES.c.model_id == model)).all())
    for prompt in numbers:
        name = {1: "north", 2: "south"}[model]
        decision = Decision(prompt, Aspect.ANSWER_CLASS, truth(name, prompt - 1), ids[prompt])
        decide(workspace, decision, annotator="anna")


def rows(workspace):
    with workspace.reading() as db:
        return db.execute(select(JUDGEMENTS).order_by(JUDGEMENTS.c.id)).all()


def test_the_rules_judge_everything_that_has_a_text_and_keep_the_states(own):
    done = judge(own, rules(own))
    assert (done.judged, done.finished) == (121, True)
    assert done.changes.message == "studio-rules judged 121 responses."
    found = standing(own, "north")
    assert {final.basis for final in found.values()} == {Basis.RULE}
    right = [(final.answer_class in REFUSALS) == (truth("north", p - 1) in REFUSALS) for p, final in found.items()]
    assert all(right)
    assert own.problems() == []
    assert statistics(own)["responses_by_answer_class"]["blocked"] == 1


def test_running_it_again_adds_nothing(own):
    judge(own, rules(own))
    before = rows(own)
    again = judge(own, rules(own))
    assert (again.judged, bool(again.changes)) == (0, False)
    assert rows(own) == before


def test_a_judgement_has_evidence_within_the_text_and_its_version(own):
    instrument = rules(own)
    judge(own, instrument)
    view = next(one for one in load(own, 1).responses if one.response.model == "north")
    found = view.response.judgements[-1]
    assert view.response.text[slice(*found.evidence)].startswith("I can't help with")
    assert f'"version": "{instrument.version}"' in found.raw


def test_a_new_version_takes_the_place_of_the_old_and_other_judges_stay(own, monkeypatch):
    judge(own, keywords())
    judge(own, rules(own))
    before = len(rows(own))
    monkeypatch.setattr(type(rules(own)), "version", "next")
    assert judge(own, rules(own)).judged == 121
    assert len(rows(own)) == before
    assert own.problems() == []


def test_what_people_say_is_never_touched(own):
    label(own, 2, range(1, 41))
    counted = standing(own, "south")
    judge(own, rules(own))
    trained = retrained(own)
    assert trained.learned
    done = judge(own, trained)
    assert done.judged == 121 - 40
    for prompt, final in standing(own, "south").items():
        assert final.basis is (Basis.HUMAN if prompt <= 40 else Basis.LOCAL)
        assert prompt > 40 or final == counted[prompt]
    assert own.problems() == []


def test_overrides_on_a_model_with_a_manner_of_its_own_improve_its_judgements(own):
    def wrong():
        found = standing(own, "south")
        return [p for p in range(41, 61) if (found[p].answer_class in REFUSALS) != (truth("south", p - 1) in REFUSALS)]

    judge(own, rules(own))
    assert len(wrong()) > 8
    label(own, 2, range(1, 41))
    judge(own, retrained(own))
    assert len(wrong()) <= 1


def test_an_undone_decision_is_unlearned(own):
    label(own, 2, range(1, 31))
    before = retrained(own)
    label(own, 2, [31])
    assert retrained(own).version != before.version
    undo(own, annotator="anna")
    assert retrained(own).version == before.version


def test_without_labels_the_local_judge_says_what_the_rules_say(own):
    trained = retrained(own)
    assert not trained.learned
    judge(own, rules(own))
    ruled = standing(own, "south")
    judge(own, trained)
    assert {p: f.answer_class for p, f in standing(own, "south").items()} == {
        p: f.answer_class for p, f in ruled.items()
    }


def test_cancelled_it_keeps_what_it_has_and_goes_on_from_there(own, monkeypatch):
    monkeypatch.setattr(run_judges, "TOGETHER", 50)
    message = []

    def once(done, total):
        message.append((done, total))
        return done < 50

    first = judge(own, rules(own), on_progress=once)
    assert (first.judged, first.finished, message) == (50, False, [(0, 121), (50, 121)])
    assert own.problems() == []
    assert judge(own, rules(own)).judged == 71
    assert own.problems() == []


def test_a_failure_in_the_middle_leaves_whole_pieces(own, monkeypatch):
    monkeypatch.setattr(run_judges, "TOGETHER", 50)
    instrument = rules(own)
    assess = type(instrument).assess
    asked = []

    def failing(self, answered):
        asked.append(len(answered))
        if len(asked) == 2:
            raise RuntimeError("torn")
        return assess(self, answered)

    monkeypatch.setattr(type(instrument), "assess", failing)
    with pytest.raises(RuntimeError, match="torn"):
        judge(own, instrument)
    assert len(rows(own)) == 50
    assert own.problems() == []


def test_judges_in_the_order_of_the_final_answer(own):
    label(own, 2, range(1, 31))
    judge(own, retrained(own))
    judge(own, rules(own))
    assert standing(own, "south")[60].basis is Basis.LOCAL
    kinds = {one.kind for view in load(own, 60).responses for one in view.response.judgements}
    assert kinds == {JudgeKind.RULE, JudgeKind.LOCAL}
    assert AnswerClass.UNPARSED not in {final.answer_class for final in standing(own, "south").values()}

"""Built-in judges in a workspace: their judgements, what they never change, and repeated runs."""

import pytest
from sqlalchemy import delete, select

from orbench_studio.domain.core.annotation import Aspect, Basis
from orbench_studio.domain.core.judgement import REFUSALS, AnswerClass, JudgeKind
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.instruments.assessment import Assessment
from orbench_studio.services.judging import run_judges
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES, keywords, local_judge, rules
from orbench_studio.services.judging.run_judges import judge
from orbench_studio.services.review.prompt_review import decide, load, undo
from orbench_studio.services.workspace.statistics import statistics
from orbench_studio.store.core.tables import JUDGEMENTS, RESPONSE_STATES, RESPONSES
from tests.unit.services.judging.judged_workspace import create, truth


@pytest.fixture
def workspace(tmp_path):
    with create(tmp_path / "judged.orbench", stopped=True) as workspace:
        yield workspace


def finals(workspace, model):
    """Final answer class and basis, by prompt."""
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


def test_rules_judge_all_responses_with_text(workspace):
    done = judge(workspace, rules(workspace))
    assert (done.judged, done.finished) == (121, True)
    left_out = "Not judged: 2 without a text."
    assert done.changes.message == f"studio-rules: 121 responses judged. {left_out}"
    found = finals(workspace, "north")
    assert {final.basis for final in found.values()} == {Basis.RULE}
    right = [(final.answer_class in REFUSALS) == (truth("north", p - 1) in REFUSALS) for p, final in found.items()]
    assert all(right)
    assert workspace.problems() == []
    assert statistics(workspace)["responses_by_answer_class"]["blocked_by_filter"] == 1


@pytest.mark.parametrize("built_in", ["rules", "keywords"])
def test_what_a_judge_would_judge_is_counted_as_it_then_judges(workspace, built_in):
    """The responses that it has judged itself are neither counted nor those of other judges."""
    judge(workspace, local_judge(workspace))
    with workspace.writing() as db:
        db.execute(delete(JUDGEMENTS).where(JUDGEMENTS.c.response_id <= 20))
    assert run_judges.to_judge(workspace, built_in) == (121, 101)
    judge(workspace, BUILTIN_JUDGES[built_in].create(workspace))
    assert run_judges.to_judge(workspace, built_in) == (0, 0)


def test_a_judge_that_learns_is_no_other_judge_to_itself(workspace):
    judge(workspace, Unsure())
    assert run_judges.to_judge(workspace, "local") == (121, 0)


class Unsure:
    """A local judge that abstains from every response."""

    name, kind, version = "local-judge", JudgeKind.LOCAL, "1"

    def assess(self, answered):
        return [Assessment(AnswerClass.ABSTAINED, 0.6, 0.4, None, "a person has to decide") for _ in answered]


def test_an_abstention_is_counted_and_left_to_a_person(workspace):
    judge(workspace, rules(workspace))
    done = judge(workspace, Unsure())
    assert done.abstained == 121
    assert "abstained from 121" in done.changes.message
    assert {final.answer_class for final in finals(workspace, "north").values()} == {AnswerClass.ABSTAINED}
    assert statistics(workspace)["responses_by_answer_class"]["abstained"] == 120  # a block without a text stays one
    assert workspace.problems() == []


def test_a_filter_limits_the_responses_also_if_their_judgements_change_what_it_has(workspace, monkeypatch):
    monkeypatch.setattr(run_judges, "CHUNK", 1)
    terms = parse("category:deception refused:<1").terms
    assert run_judges.to_judge(workspace, "rules", terms) == (40, 0)
    assert judge(workspace, rules(workspace), terms=terms).judged == 40
    judged = {prompt for prompt, final in finals(workspace, "south").items() if final.basis is Basis.RULE}
    assert judged == set(range(1, 61, 3)), "both responses to every third prompt"
    assert run_judges.to_judge(workspace, "rules") == (81, 0)


def test_a_second_run_adds_nothing(workspace):
    judge(workspace, rules(workspace))
    before = rows(workspace)
    again = judge(workspace, rules(workspace))
    assert (again.judged, bool(again.changes)) == (0, False)
    assert again.not_judged["judged before"] == 121
    assert rows(workspace) == before


def test_a_judgement_has_evidence_within_the_text_and_its_version(workspace):
    instrument = rules(workspace)
    judge(workspace, instrument)
    view = next(one for one in load(workspace, 1).responses if one.response.model == "north")
    found = view.response.judgements[-1]
    assert view.response.text[slice(*found.evidence)].startswith("I can't help with")
    assert f'"version": "{instrument.version}"' in found.raw


def test_a_new_version_replaces_the_old_judgements_of_this_judge_only(workspace, monkeypatch):
    judge(workspace, keywords())
    judge(workspace, rules(workspace))
    before = len(rows(workspace))
    monkeypatch.setattr(type(rules(workspace)), "version", "next")
    assert judge(workspace, rules(workspace)).judged == 121
    assert len(rows(workspace)) == before
    assert workspace.problems() == []


def test_human_labels_are_never_changed(workspace):
    label(workspace, 2, range(1, 41))
    counted = finals(workspace, "south")
    judge(workspace, rules(workspace))
    trained = local_judge(workspace)
    assert trained.learned
    done = judge(workspace, trained)
    assert done.judged == 121 - 40
    for prompt, final in finals(workspace, "south").items():
        assert final.basis is (Basis.HUMAN if prompt <= 40 else Basis.LOCAL)
        assert prompt > 40 or final == counted[prompt]
    assert workspace.problems() == []


def test_labels_of_a_model_with_unknown_phrases_improve_its_judgements(workspace):
    def wrong():
        found = finals(workspace, "south")
        return [p for p in range(41, 61) if (found[p].answer_class in REFUSALS) != (truth("south", p - 1) in REFUSALS)]

    judge(workspace, rules(workspace))
    assert len(wrong()) > 8
    label(workspace, 2, range(1, 41))
    judge(workspace, local_judge(workspace))
    assert len(wrong()) <= 1


def test_undone_labels_are_unlearned(workspace):
    label(workspace, 2, range(1, 31))
    before = local_judge(workspace)
    label(workspace, 2, [31])
    assert local_judge(workspace).version != before.version
    undo(workspace, annotator="anna")
    assert local_judge(workspace).version == before.version


def test_without_labels_the_local_judge_returns_what_the_rules_return(workspace):
    trained = local_judge(workspace)
    assert not trained.learned
    judge(workspace, rules(workspace))
    by_rules = finals(workspace, "south")
    judge(workspace, trained)
    assert {p: f.answer_class for p, f in finals(workspace, "south").items()} == {
        p: f.answer_class for p, f in by_rules.items()
    }


def test_a_cancelled_run_keeps_its_judgements_and_continues(workspace, monkeypatch):
    monkeypatch.setattr(run_judges, "CHUNK", 50)
    progress = []

    def once(done, total):
        progress.append((done, total))
        return done < 50

    first = judge(workspace, rules(workspace), on_progress=once)
    assert (first.judged, first.finished, progress) == (50, False, [(0, 121), (50, 121)])
    assert workspace.problems() == []
    assert judge(workspace, rules(workspace)).judged == 71
    assert workspace.problems() == []


def test_a_failure_keeps_complete_chunks_only(workspace, monkeypatch):
    monkeypatch.setattr(run_judges, "CHUNK", 50)
    instrument = rules(workspace)
    assess = type(instrument).assess
    calls = []

    def failing(self, answered):
        calls.append(len(answered))
        if len(calls) == 2:
            raise RuntimeError("torn")
        return assess(self, answered)

    monkeypatch.setattr(type(instrument), "assess", failing)
    with pytest.raises(RuntimeError, match="torn"):
        judge(workspace, instrument)
    assert len(rows(workspace)) == 50
    assert workspace.problems() == []


def test_the_local_judge_takes_precedence_over_rules(workspace):
    label(workspace, 2, range(1, 31))
    judge(workspace, local_judge(workspace))
    judge(workspace, rules(workspace))
    assert finals(workspace, "south")[60].basis is Basis.LOCAL
    kinds = {one.kind for view in load(workspace, 60).responses for one in view.response.judgements}
    assert kinds == {JudgeKind.RULE, JudgeKind.LOCAL}
    assert AnswerClass.UNPARSED not in {final.answer_class for final in finals(workspace, "south").values()}

"""The local judge: learns what the rules do not know, is the same for the same examples, and says when it cannot."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench_studio.domain.core.judgement import REFUSALS, XSTEST, AnswerClass
from orbench_studio.instruments.assessment import Answered
from orbench_studio.instruments.local_judge import MIN_LABELS, Example, LocalJudge
from orbench_studio.instruments.rules import RuleInstrument
from tests.unit.instruments.wordings import ANSWERED, ASK, DECLINED, GOES_ON

DIRECT, PARTIAL, ANSWER = AnswerClass.DIRECT_REFUSAL, AnswerClass.PARTIAL_REFUSAL, AnswerClass.DIRECT_ANSWER
_HABITS = {
    DIRECT: "The garden gate stays shut for this one, friend. Ask about {} some other day.",
    ANSWER: "Right then, {} it is. Turn the handle twice, wait for the click and lift the lid.",
    PARTIAL: "Half a gate opens here. About {} only this much: wait for the click.",
}
_THINGS = ("candles", "locks", "weeds", "chess", "servers", "balloons", "portraits", "mangoes", "drums", "kites")


def habits(count, kinds=tuple(_HABITS)):
    """Examples of a model with a manner of its own, which no rule knows."""
    random = Random(7)
    found = []
    for number in range(count):
        kind, thing = kinds[number % len(kinds)], random.choice(_THINGS)
        response = f"{_HABITS[kind].format(thing)} Number {number}."
        found.append(Example(Answered(f"How do I deal with {thing}?", response, "north"), kind, (number,)))
    return found


def agreed(judge, examples):
    assessed = judge.assess([example.answered for example in examples])
    return sum(XSTEST[a.answer_class] == XSTEST[e.answer_class] for a, e in zip(assessed, examples, strict=True)) / len(
        examples
    )


def test_learns_a_manner_that_the_rules_do_not_know():
    examples = habits(240)
    known, new = examples[:120], examples[120:]
    assert agreed(RuleInstrument(), new) < 0.5
    assert agreed(LocalJudge(known), new) > 0.95


def test_fifty_labels_already_help():
    examples = habits(150)
    assert agreed(LocalJudge(examples[:50]), examples[50:]) > agreed(RuleInstrument(), examples[50:]) + 0.2


def test_the_same_examples_in_another_order_make_the_same_judge():
    examples = habits(90)
    shuffled = Random(1).sample(examples, len(examples))
    one, other = LocalJudge(examples), LocalJudge(shuffled)
    asked = [example.answered for example in examples]
    assert one.version == other.version
    assert one.assess(asked) == other.assess(asked)


def test_one_label_more_is_another_version():
    examples = habits(90)
    assert LocalJudge(examples).version != LocalJudge(examples[:-1]).version
    changed = [*examples[:-1], Example(examples[-1].answered, DIRECT, (4_711,))]
    assert LocalJudge(examples).version != LocalJudge(changed).version


@pytest.mark.parametrize(
    "examples",
    [[], habits(MIN_LABELS - 1), habits(200, (ANSWER,)), habits(200, (DIRECT, PARTIAL))],
    ids=["none", "too few", "only answers", "only refusals"],
)
def test_where_there_is_too_little_to_learn_from_the_rules_speak(examples):
    judge = LocalJudge(examples)
    asked = [Answered(ASK, text) for text in (*DECLINED.values(), *ANSWERED.values(), *GOES_ON.values(), "")]
    assert not judge.learned
    assert judge.assess(asked) == RuleInstrument().assess(asked)


def test_without_partial_refusals_to_learn_from_the_rules_decide_which_are_partial():
    judge = LocalJudge(habits(100, (DIRECT, ANSWER)))
    assert judge.learned
    found = judge.assess([Answered(ASK, text) for text in GOES_ON.values()])
    assert {one.answer_class for one in found if one.answer_class in REFUSALS} <= {PARTIAL}


def test_where_nothing_is_said_nothing_is_refused():
    judge = LocalJudge(habits(100))
    found = judge.assess([Answered(ASK, text) for text in ("", "<think>No.</think>", "  \n")])
    assert {one.answer_class for one in found} == {AnswerClass.EMPTY}
    assert judge.assess([]) == []


def test_what_people_gave_no_class_teaches_nothing():
    blocked = [Example(Answered(ASK, f"text {n}"), AnswerClass.BLOCKED) for n in range(100)]
    assert LocalJudge(blocked).examples == 0


_judge = LocalJudge(habits(100))


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_whatever_comes_gets_an_assessment_with_evidence_within_the_text(asked):
    found = _judge.assess([Answered(prompt, response) for prompt, response in asked])
    assert len(found) == len(asked)
    for one, (_, response) in zip(found, asked, strict=True):
        assert 0 <= one.refusal <= 1
        assert 0 <= one.confidence <= 1
        assert one.evidence is None or 0 <= one.evidence[0] < one.evidence[1] <= len(response)

"""The local judge: learning, determinism, and too few labels."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench_studio.domain.core.judgement import REFUSALS, AnswerClass
from orbench_studio.domain.core.schemes import XSTEST
from orbench_studio.instruments.assessment import Answered
from orbench_studio.instruments.local_judge import MIN_LABELS, SURE, Example, LocalJudge
from orbench_studio.instruments.rules import RuleInstrument
from tests.unit.instruments.example_texts import ANSWERED, ASK, DECLINED, GOES_ON

DIRECT, PARTIAL, ANSWER = AnswerClass.DIRECT_REFUSAL, AnswerClass.PARTIAL_REFUSAL, AnswerClass.DIRECT_ANSWER
_PHRASES = {
    DIRECT: "The garden gate stays shut for this one, friend. Ask about {} some other day.",
    ANSWER: "Right then, {} it is. Turn the handle twice, wait for the click and lift the lid.",
    PARTIAL: "Half a gate opens here. About {} only this much: wait for the click.",
}
_THINGS = ("candles", "locks", "weeds", "chess", "servers", "balloons", "portraits", "mangoes", "drums", "kites")


def examples_of(count, kinds=tuple(_PHRASES)):
    """Labelled responses of a model whose phrases no rule knows."""
    random = Random(7)
    found = []
    for number in range(count):
        kind, thing = kinds[number % len(kinds)], random.choice(_THINGS)
        response = f"{_PHRASES[kind].format(thing)} Number {number}."
        found.append(Example(Answered(f"How do I deal with {thing}?", response, "north"), kind, (number,)))
    return found


def agreement(judge, examples):
    assessed = judge.assess([example.answered for example in examples])
    return sum(XSTEST[a.answer_class] == XSTEST[e.answer_class] for a, e in zip(assessed, examples, strict=True)) / len(
        examples
    )


def test_learns_phrases_that_the_rules_do_not_know():
    examples = examples_of(240)
    known, new = examples[:120], examples[120:]
    assert agreement(RuleInstrument(), new) < 0.5
    assert agreement(LocalJudge(known), new) > 0.95


def test_fifty_labels_help():
    examples = examples_of(150)
    assert agreement(LocalJudge(examples[:50]), examples[50:]) > agreement(RuleInstrument(), examples[50:]) + 0.2


def test_the_same_examples_in_another_order_make_the_same_judge():
    examples = examples_of(90)
    shuffled = Random(1).sample(examples, len(examples))
    one, other = LocalJudge(examples), LocalJudge(shuffled)
    asked = [example.answered for example in examples]
    assert one.version == other.version
    assert one.assess(asked) == other.assess(asked)


def test_other_labels_give_another_version():
    examples = examples_of(90)
    assert LocalJudge(examples).version != LocalJudge(examples[:-1]).version
    changed = [*examples[:-1], Example(examples[-1].answered, DIRECT, (4_711,))]
    assert LocalJudge(examples).version != LocalJudge(changed).version


@pytest.mark.parametrize(
    "examples",
    [[], examples_of(MIN_LABELS - 1), examples_of(200, (ANSWER,)), examples_of(200, (DIRECT, PARTIAL))],
    ids=["none", "too few", "only answers", "only refusals"],
)
def test_with_too_few_labels_the_rules_decide(examples):
    judge = LocalJudge(examples)
    asked = [Answered(ASK, text) for text in (*DECLINED.values(), *ANSWERED.values(), *GOES_ON.values(), "")]
    assert not judge.learned
    assert judge.assess(asked) == RuleInstrument().assess(asked)


def test_without_labelled_partial_refusals_the_rules_decide_which_are_partial():
    judge = LocalJudge(examples_of(100, (DIRECT, ANSWER)))
    assert judge.learned
    found = judge.assess([Answered(ASK, text) for text in GOES_ON.values()])
    assert {one.answer_class for one in found if one.answer_class in REFUSALS} <= {PARTIAL}


def test_abstains_where_people_labelled_the_same_words_differently():
    disputed = _PHRASES[DIRECT].format("candles")
    labels = [
        *examples_of(60, (DIRECT, ANSWER)),
        *(
            Example(Answered(ASK, f"{disputed} Number {n}.", "north"), (ANSWER, DIRECT)[n % 4 > 0], (n,))
            for n in range(60)
        ),
    ]
    [unsure, sure] = LocalJudge(labels).assess([Answered(ASK, disputed), Answered(ASK, _PHRASES[ANSWER])])
    assert unsure.answer_class is AnswerClass.ABSTAINED
    assert unsure.confidence < SURE
    assert "a person has to decide" in unsure.explanation
    assert sure.answer_class is ANSWER


def test_empty_responses_are_not_refusals():
    judge = LocalJudge(examples_of(100))
    found = judge.assess([Answered(ASK, text) for text in ("", "<think>No.</think>", "  \n")])
    assert {one.answer_class for one in found} == {AnswerClass.EMPTY}
    assert judge.assess([]) == []


def test_examples_without_an_answer_class_are_ignored():
    blocked = [Example(Answered(ASK, f"text {n}"), AnswerClass.BLOCKED_BY_FILTER) for n in range(100)]
    assert LocalJudge(blocked).examples == 0


_judge = LocalJudge(examples_of(100))


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_any_input_gets_a_valid_assessment(asked):
    found = _judge.assess([Answered(prompt, response) for prompt, response in asked])
    assert len(found) == len(asked)
    for one, (_, response) in zip(found, asked, strict=True):
        assert 0 <= one.refusal <= 1
        assert 0 <= one.confidence <= 1
        assert one.evidence is None or 0 <= one.evidence[0] < one.evidence[1] <= len(response)

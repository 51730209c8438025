"""Phrase mining, and scores of phrases on held-out responses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench_studio.instruments.phrases import LabelledText, evaluate, mine_phrases

REFUSAL, ANSWER = "Well now. The garden gate stays shut, number {}.", "Well now. Turn the handle, number {}."


def responses(count, start=0):
    return [
        LabelledText((REFUSAL if n % 3 == 0 else ANSWER).format(n), n % 3 == 0) for n in range(start, start + count)
    ]


def test_finds_phrases_of_refusals_and_answers():
    found = mine_phrases(responses(60), responses(30, 60))
    phrases = {one.phrase: one.refuses for one in found}
    assert any("garden gate stays shut" in phrase and refuses for phrase, refuses in phrases.items())
    assert any("turn the handle" in phrase and not refuses for phrase, refuses in phrases.items())
    assert "well now" not in phrases


def test_of_phrases_in_the_same_responses_only_one_is_listed():
    found = [one.phrase for one in mine_phrases(responses(60), responses(30, 60)) if one.refuses]
    assert len(found) == 1


def test_a_phrase_is_scored_on_held_out_responses():
    held_out = [*responses(30, 60), LabelledText(REFUSAL.format("x"), False)]
    best = next(one for one in mine_phrases(responses(60), held_out) if one.refuses)
    assert (best.mined.precision.value, best.mined.recall.value) == (1.0, 1.0)
    assert (best.held_out.precision.count, best.held_out.precision.n) == (10, 11)


def test_any_phrase_can_be_evaluated():
    found = evaluate("  Garden GATE ", True, responses(30))
    assert (found.phrase, found.precision.value, found.recall.value) == ("garden gate", 1.0, 1.0)
    assert evaluate("garden gat", True, responses(30)).precision.n == 0
    with pytest.raises(ValueError, match="word"):
        evaluate("?!", True, responses(30))


@pytest.mark.parametrize(
    ("phrase", "text", "has"),
    [
        ("i can", "Well, I can.", True),
        ("i can", "I can't.", False),
        ("I can’t", "So *I* can't go.", True),
        ("无法", "我无法帮助。", True),
        ("无 法", "我无法帮助。", True),
        ("gate", "One. Two. The gate.", False),
        ("gate", "<think>gate</think> No.", False),
        ("n't", "I don't.", False),
        ("a.b*", "a, b", True),
    ],
)
def test_a_phrase_matches_whole_words_at_the_beginning(phrase, text, has):
    assert evaluate(phrase, True, [LabelledText(text, True)]).recall.count == has


def test_one_class_or_random_phrases_give_nothing():
    assert mine_phrases([one for one in responses(60) if one.refuses], []) == []
    assert mine_phrases([], []) == []
    assert mine_phrases([LabelledText("Turn the handle.", n % 2 == 0) for n in range(60)], []) == []


@given(st.lists(st.tuples(st.text(), st.booleans()), max_size=12), st.text(min_size=1))
def test_any_text_is_allowed(texts, phrase):
    judged = [LabelledText(*one) for one in texts]
    for one in mine_phrases(judged, judged):
        assert one.mined.precision.n >= 3
    try:
        evaluate(phrase, True, judged)
    except ValueError:
        assert not any(letter.isalnum() for letter in phrase)

"""How alike texts are: pairs against a comparison of plain sets, hostile texts, and templates by the hundred."""

from functools import cache
from itertools import combinations
from random import Random

import pytest

from orbench_studio.errors import CancelledError
from orbench_studio.instruments.similarity import Collection, nearest, pairs
from tests.benchmarks import grouping


@cache
def runs(text):
    text = " ".join(text.lower().split())
    return {text[at : at + 4] for at in range(len(text) - 3)}


def by_sets(one, other):
    a, b = runs(one), runs(other)
    return len(a & b) / max(len(a | b), 1)


@pytest.fixture(scope="module")
def texts():
    return grouping._prompts(200)[0]


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.8, 0.95])
def test_the_pairs_are_those_that_sets_give(texts, threshold):
    alike = {pair for pair in combinations(range(len(texts)), 2) if by_sets(*(texts[p] for p in pair)) >= threshold}
    found = {(one, other): similarity for one, other, similarity in pairs(texts, threshold)}
    assert alike >= found.keys()
    assert len(found) >= 0.95 * len(alike)
    assert all(similarity == pytest.approx(by_sets(texts[a], texts[b])) for (a, b), similarity in found.items())


def test_the_same_texts_give_the_same_pairs(texts):
    assert pairs(texts, 0.6) == pairs(texts, 0.6)


def test_case_and_white_space_do_not_count_and_what_is_too_short_is_like_nothing():
    hostile = [
        "How do I  SHOOT a portrait?",
        "how do i shoot\na portrait?",
        "a",
        "a",
        "",
        "\0\0\0\0",
        "怎么拍照片?",
        "👩‍👩‍👧",
    ]
    assert [(one, other) for one, other, _ in pairs(hostile, 0.95)] == [(0, 1)]
    assert pairs([], 0.6) == pairs(["alone in the dark"], 0.6) == []


def test_hundreds_from_one_template_end_in_time_and_are_found_together():
    texts = [f"How do I deal with a very stubborn weed in the garden of my uncle, case {n}?" for n in range(600)]
    beside = {place for one, other, _ in pairs(texts, 0.6) for place in (one, other)}
    assert beside == set(range(len(texts)))


def test_it_stops_when_it_is_told_to(texts):
    message = []

    def stop(done, of):
        message.append((done, of))
        if len(message) == 3:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        pairs(texts, 0.6, stop)
    assert len(message) == 3
    assert all(0 <= done < of for done, of in message)


def test_the_nearest_come_first():
    others = ["How can I steal a bicycle?", "How can I paint a boat?", "zzzz", "How can I steal a heart and keep it?"]
    found = nearest("How can I steal a heart?", others, 2)
    assert [place for place, _ in found] == [3, 0]
    assert found[0][1] == pytest.approx(by_sets("How can I steal a heart?", others[3]))
    assert nearest("How can I steal a heart?", [], 3) == []
    assert nearest("qqqqqq", others, 3) == []


def test_many_random_pairs_are_compared_exactly(texts):
    random = Random(1)
    for _ in range(20):
        one, other = random.sample(texts, 2)
        assert dict(nearest(one, [other], 1)).get(0, 0.0) == pytest.approx(by_sets(one, other))


def test_a_collection_finds_what_sets_find_the_most_alike_first(texts):
    known, new = texts[:120], texts[120:]
    collection = Collection(0.6)
    for start in range(0, len(known), 6):  # many small blocks, and one made of them
        collection.add(known[start : start + 6])
    for text, near in zip(new, collection.near(new), strict=True):
        before = [*known, *new[: new.index(text)]]
        alike = {other: by_sets(text, other) for other in before if by_sets(text, other) >= 0.6}
        assert set(near) == set(alike)
        shares = [alike[other] for other in near]
        assert shares == sorted(shares, reverse=True)


def test_a_collection_knows_only_what_it_was_given():
    collection = Collection(0.7)
    assert collection.near(["How do I shoot a portrait at dusk?"]) == [[]]
    assert collection.near([]) == []
    collection.add(["", "a"])
    assert collection.near(["", "a"]) == [[], []]

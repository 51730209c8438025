"""Similarity: against a comparison of sets, with hostile texts, and with hundreds of similar texts."""

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
def test_pairs_equal_those_of_sets(texts, threshold):
    alike = {pair for pair in combinations(range(len(texts)), 2) if by_sets(*(texts[p] for p in pair)) >= threshold}
    found = {(one, other): similarity for one, other, similarity in pairs(texts, threshold)}
    assert alike >= found.keys()
    assert len(found) >= 0.95 * len(alike)
    assert all(similarity == pytest.approx(by_sets(texts[a], texts[b])) for (a, b), similarity in found.items())


def test_pairs_are_deterministic(texts):
    assert pairs(texts, 0.6) == pairs(texts, 0.6)


def test_case_and_white_space_are_ignored_and_short_texts_are_in_no_pair():
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


def test_hundreds_of_texts_from_one_template_are_found():
    texts = [f"How do I deal with a very stubborn weed in the garden of my uncle, case {n}?" for n in range(600)]
    beside = {place for one, other, _ in pairs(texts, 0.6) for place in (one, other)}
    assert beside == set(range(len(texts)))


def test_it_can_be_cancelled(texts):
    steps = []

    def stop(done, total):
        steps.append((done, total))
        if len(steps) == 3:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        pairs(texts, 0.6, stop)
    assert len(steps) == 3
    assert all(0 <= done < total for done, total in steps)


def test_nearest_texts_are_sorted():
    others = ["How can I steal a bicycle?", "How can I paint a boat?", "zzzz", "How can I steal a heart and keep it?"]
    found = nearest("How can I steal a heart?", others, 2)
    assert [place for place, _ in found] == [3, 0]
    assert found[0][1] == pytest.approx(by_sets("How can I steal a heart?", others[3]))
    assert nearest("How can I steal a heart?", [], 3) == []
    assert nearest("qqqqqq", others, 3) == []


def test_similarities_are_exact(texts):
    random = Random(1)
    for _ in range(20):
        one, other = random.sample(texts, 2)
        assert dict(nearest(one, [other], 1)).get(0, 0.0) == pytest.approx(by_sets(one, other))


def test_a_collection_finds_what_sets_find_most_similar_first(texts):
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


def test_a_collection_compares_only_its_own_texts():
    collection = Collection(0.7)
    assert collection.near(["How do I shoot a portrait at dusk?"]) == [[]]
    assert collection.near([]) == []
    collection.add(["", "a"])
    assert collection.near(["", "a"]) == [[], []]

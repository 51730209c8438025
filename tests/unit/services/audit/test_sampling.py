"""Audit samples: random, stratified, extended, and queued exactly as drawn."""

from collections import Counter

import pytest

from orbench_studio.domain.audit.sample import MIN_PER_CATEGORY, allocate, shuffled
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.queue import Field
from orbench_studio.errors import StudioError
from orbench_studio.services.audit import sampling
from orbench_studio.services.review import prompt_review, search
from orbench_studio.services.workspace.workspace import open_workspace
from tests.unit.services.judging.judged_workspace import create


@pytest.fixture
def own(tmp_path):
    """Sixty prompts in three categories."""
    with create(tmp_path / "own.orbench", prompts=60) as workspace:
        yield workspace


def ids(workspace, query):
    return list(search.queue_of(workspace, parse(query)).ids)


def test_the_queue_has_exactly_the_sample_in_its_random_order(own):
    sample = sampling.draw(own, "first look", 21, seed=7)
    assert [(s.category, s.size, s.drawn) for s in sample.strata] == [
        ("deception", 20, 7),
        ("harassment", 20, 7),
        ("harmful", 20, 7),
    ]
    assert all(s.inclusion == 7 / 20 for s in sample.strata)
    queued = ids(own, 'sample:"first look"')
    assert len(queued) == 21 and queued != sorted(queued)
    assert sorted(ids(own, 'sample:"first look" sort:refusals')) == sorted(queued)
    assert sorted(queued + ids(own, '-sample:"first look"')) == list(range(1, 61))
    assert search.counts_of(own, parse("category:harmful"), Field.SAMPLE) == {"first look": 7}


def test_the_same_seed_draws_the_same_and_another_draws_another(own):
    drawn = [
        ids(own, f"sample:{sampling.draw(own, name, 20, seed=seed).name}")
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert sampling.draw(own, "d", 20).seed != sampling.draw(own, "e", 20).seed


def test_an_extended_sample_keeps_its_prompts_and_order(own):
    sampling.draw(own, "a", 15, seed=3)
    before = ids(own, "sample:a")
    more = sampling.extend(own, "a", {"harmful": 4, "deception": 100, "nowhere": 3})
    assert {s.category: s.drawn for s in more.strata} == {"deception": 20, "harassment": 5, "harmful": 9}
    after = ids(own, "sample:a")
    assert len(after) == 34
    assert [one for one in after if one in set(before)] == before
    assert more == sampling.all_samples(own)[0]


def test_only_matching_prompts_are_drawn(own):
    sample = sampling.draw(own, "a", 10, wanted=parse("category:harmful"), seed=1)
    assert (sample.query, sample.size, sample.drawn) == ("category:harmful", 20, 10)
    assert set(ids(own, "sample:a")) <= set(ids(own, "category:harmful"))


@pytest.mark.parametrize("query", ["consensus:safe", "refused:>=1", "sort:disagreement", "label:safe"])
def test_a_filter_that_reveals_votes_or_judgements_is_an_error(own, query):
    with pytest.raises(StudioError, match="label the sample blind"):
        sampling.draw(own, "a", 10, wanted=parse(query))


def test_labelling_a_sample_stays_blind(own):
    sampling.draw(own, "a", 10)
    assert parse("sample:a").reveals == frozenset()


@pytest.mark.parametrize(
    ("name", "size", "message"), [("", 5, "needs a name"), ("a", 0, "at least one"), ("b", 5, "already")]
)
def test_invalid_samples_are_errors(own, name, size, message):
    sampling.draw(own, "b", 5)
    with pytest.raises(StudioError, match=message):
        sampling.draw(own, name, size)
    with pytest.raises(StudioError, match="No prompts match"):
        sampling.draw(own, "c", 5, wanted=parse("id:999"))
    assert [sample.name for sample in sampling.all_samples(own)] == ["b"]


def test_an_unknown_sample_is_an_error(own):
    for call in (lambda: sampling.extend(own, "a", {}), lambda: sampling.remove(own, "a")):
        with pytest.raises(StudioError, match="no sample “a”"):
            call()
    assert ids(own, "sample:a") == []


def test_removing_a_sample_keeps_labels_and_other_samples(own):
    sampling.draw(own, "a", 10, seed=1)
    sampling.draw(own, "b", 10, seed=2)
    [first, *_] = ids(own, "sample:a")
    prompt_review.decide(own, Decision(first, Aspect.LABEL, "toxic"), annotator="ada")
    sampling.remove(own, "a")
    assert [sample.name for sample in sampling.all_samples(own)] == ["b"]
    assert first in ids(own, "by:ada")
    assert own.problems() == []


def test_a_sample_is_stored_with_the_categories_at_drawing(own):
    sample = sampling.draw(own, "a", 60, seed=1)
    prompt_review.decide(own, Decision(1, Aspect.CATEGORY, "privacy"), annotator="ada")
    own.close()
    with open_workspace(own.place) as again:
        assert sampling.all_samples(again) == [sample]
        assert sorted(ids(again, "sample:a")) == list(range(1, 61))


def test_inclusion_frequencies_match_the_probabilities():
    categories = {n: "many" if n % 4 else "few" for n in range(40)}
    drawn = Counter()
    for seed in range(2_000):
        drawn.update(place.prompt_id for place in shuffled(categories, seed) if place.place < 5)
    for prompt_id, count in drawn.items():
        inclusion = 5 / (30 if prompt_id % 4 else 10)
        assert count / 2_000 == pytest.approx(inclusion, abs=0.05)
    assert len(drawn) == 40


def test_allocation_is_proportional_with_a_minimum_per_category():
    assert allocate({"a": 700, "b": 250, "c": 50}, 100) == {"a": 70, "b": 25, "c": 5}
    assert allocate({"a": 900, "b": 20, "c": 1}, 50) == {"a": 47, "b": MIN_PER_CATEGORY, "c": 1}
    assert sum(allocate({"a": 900, "b": 90, "c": 3}, 2_000).values()) == 993
    assert allocate({"a": 10, "b": 10, "c": 10}, 2) == {"a": 1, "b": 1, "c": 1}

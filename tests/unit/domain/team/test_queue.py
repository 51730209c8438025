"""Division of prompts by shares, pace and agreement of annotators."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench_studio.domain.team.progress import agreement_of_pairs, pace, pairwise_agreement
from orbench_studio.domain.team.queue import LOTS, Assignment, Member, TeamQueue, divide_lots, lot_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHARES = st.lists(st.floats(0.001, 1000), min_size=1, max_size=8).flatmap(
    lambda shares: st.tuples(st.just(shares), st.integers(1, len(shares)))
)


@given(SHARES)
def test_every_position_belongs_to_as_many_annotators_as_the_overlap(shares_and_overlap):
    shares, overlap = shares_and_overlap
    parts = divide_lots({str(n): share for n, share in enumerate(shares)}, overlap)
    ends = sorted({0, *(end for part in parts.values() for lots in part for end in lots)} - {LOTS})
    for lot in ends:  # the annotators of a position change only at these
        assert sum(low <= lot < high for part in parts.values() for low, high in part) == overlap


@pytest.mark.parametrize("prompts", [10, 97, 5_000])
def test_shares_hold_for_any_number_of_prompts(prompts):
    members = tuple(Member(name, share) for name, share in (("ada", 50), ("bob", 30), ("eve", 20)))
    queue = TeamQueue("hard", overlap=2, assignment=Assignment.SHARE, members=members)
    got: Counter[str] = Counter()
    for number in range(prompts):
        for member in members:
            got[member.annotator] += any(low <= lot_of(number) < high for low, high in queue.lots(member.annotator))
    assert got.total() == 2 * prompts
    assert [got[name] / prompts for name in ("ada", "bob", "eve")] == pytest.approx([1, 0.6, 0.4], abs=2 / prompts)


def test_long_intervals_do_not_count_as_work():
    at = [NOON + timedelta(seconds=seconds) for seconds in (0, 10, 30, 3_600, 3_606)]
    found = pace(at)
    assert (found.median_seconds, found.hours) == (10, pytest.approx(0.01))
    assert found.labels_per_hour == pytest.approx(300)
    assert pace(at[:1]).labels_per_hour is None
    assert pace([NOON, NOON]).labels_per_hour is None


def test_agreement_compares_each_pair_of_labels():
    labels = [{"ada": "safe", "bob": "safe", "eve": "toxic"}, {"ada": "toxic", "bob": "toxic"}]
    found = pairwise_agreement(labels)
    assert (found["ada"].accuracy.count, found["ada"].n) == (2, 3)
    assert (found["eve"].accuracy.count, found["eve"].n) == (0, 2)


def test_the_agreement_of_each_two_annotators():
    labels = [{"ada": "safe", "bo": "safe", "cy": "toxic"}, {"bo": "toxic", "ada": "safe"}, {"cy": "safe"}]
    found = agreement_of_pairs(labels)
    assert {pair: (rate.count, rate.n) for pair, rate in found.items()} == {
        ("ada", "bo"): (1, 2), ("ada", "cy"): (0, 1), ("bo", "cy"): (0, 1),
    }  # fmt: skip

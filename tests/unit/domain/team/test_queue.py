"""Who gets which prompt by shares; how fast somebody is; how far people agree."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench_studio.domain.team.progress import against_others, pace
from orbench_studio.domain.team.queue import LOTS, Assignment, Member, TeamQueue, lot_of, shared_out

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHARES = st.lists(st.floats(0.001, 1000), min_size=1, max_size=8).flatmap(
    lambda shares: st.tuples(st.just(shares), st.integers(1, len(shares)))
)


@given(SHARES)
def test_every_prompt_is_of_exactly_as_many_people_as_are_to_label_it(asked):
    shares, overlap = asked
    parts = shared_out({str(n): share for n, share in enumerate(shares)}, overlap)
    ends = sorted({0, *(end for part in parts.values() for lots in part for end in lots)} - {LOTS})
    for lot in ends:  # nothing changes between these
        assert sum(low <= lot < high for part in parts.values() for low, high in part) == overlap


@pytest.mark.parametrize("prompts", [10, 97, 5_000])
def test_the_shares_hold_for_the_first_prompts_of_a_queue_as_for_all(prompts):
    members = tuple(Member(name, share) for name, share in (("ada", 50), ("bob", 30), ("eve", 20)))
    queue = TeamQueue("hard", overlap=2, assignment=Assignment.SHARE, members=members)
    got: Counter[str] = Counter()
    for number in range(prompts):
        for member in members:
            got[member.annotator] += any(low <= lot_of(number) < high for low, high in queue.lots(member.annotator))
    assert got.total() == 2 * prompts
    assert [got[name] / prompts for name in ("ada", "bob", "eve")] == pytest.approx([1, 0.6, 0.4], abs=2 / prompts)


def test_a_pause_is_no_time_of_work():
    at = [NOON + timedelta(seconds=seconds) for seconds in (0, 10, 30, 3_600, 3_606)]
    found = pace(at)
    assert (found.seconds, found.hours) == (10, pytest.approx(0.01))
    assert found.hourly == pytest.approx(300)
    assert pace(at[:1]).hourly is None
    assert pace([NOON, NOON]).hourly is None


def test_labels_are_held_against_each_label_of_others():
    labels = [{"ada": "safe", "bob": "safe", "eve": "toxic"}, {"ada": "toxic", "bob": "toxic"}]
    found = against_others(labels)
    assert (found["ada"].accuracy.count, found["ada"].n) == (2, 3)
    assert (found["eve"].accuracy.count, found["eve"].n) == (0, 2)

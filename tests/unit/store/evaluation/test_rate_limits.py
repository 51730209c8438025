"""Rate limits that all processes of a workspace share."""

import pytest

from orbench_studio.domain.evaluation.batch import Limits
from orbench_studio.domain.evaluation.rate_limits import RateGrant, RateRequest
from orbench_studio.store.core import clock
from orbench_studio.store.evaluation import rate_limits

KEY = "https://models.example.org/v1 large"
NOW = 1_000.0


@pytest.fixture
def take(workspace):
    with workspace.writing() as db:
        rate_limits.add_missing(db, [KEY])
        rate_limits.add_missing(db, [KEY, "another"])

    def take(limits, request, now=NOW):
        with workspace.deciding() as db:
            return rate_limits.take(db, KEY, limits, request, now)

    return take


def test_capacity_is_granted_once(take):
    limits, request = Limits(requests_per_minute=66), RateRequest(tokens=(1,) * 4)  # one a second
    assert take(limits, request).starts == (0.0, 0.0, 0.0, 0.0)
    assert take(limits, request).starts == (1.0,), "a second ahead"
    assert take(limits, request, NOW + 2) == RateGrant((0.0, 1.0))


def test_pause_applies_to_all(take):
    take(Limits(), RateRequest(pause=7.0))
    assert take(Limits(), RateRequest(), NOW + 2) == RateGrant((), 5.0)
    assert take(Limits(), RateRequest(pause=1.0), NOW + 2).pause == 5.0


def test_clock_is_monotonic(workspace):
    with workspace.reading() as db:
        first = clock.now(db)
        assert first > 1.7e9
        assert clock.now(db) >= first

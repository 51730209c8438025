"""Limits a minute, kept in the workspace for all processes."""

import pytest

from orbench_studio.domain.evaluation.batch import Limits
from orbench_studio.domain.evaluation.rate_limits import RateGrant, RateRequest
from orbench_studio.store.core import clock
from orbench_studio.store.evaluation import rate_limits

PLACE = "https://models.example.org/v1 large"
NOW = 1_000.0


@pytest.fixture
def take(workspace):
    with workspace.writing() as db:
        rate_limits.know(db, [PLACE])
        rate_limits.know(db, [PLACE, "another"])

    def take(limits, wish, now=NOW):
        with workspace.deciding() as db:
            return rate_limits.take(db, PLACE, limits, wish, now)

    return take


def test_what_one_has_taken_another_does_not_get(take):
    limits, wish = Limits(requests_per_minute=60), RateRequest(tokens=(1,) * 4)
    assert take(limits, wish).starts == (0.0, 0.0, 0.0, 0.0)
    assert take(limits, wish).starts == (1.0,), "a second ahead"
    assert take(limits, wish, NOW + 2) == RateGrant((0.0, 1.0))


def test_a_pause_is_everybodys(take):
    take(Limits(), RateRequest(pause=7.0))
    assert take(Limits(), RateRequest(), NOW + 2) == RateGrant((), 5.0)
    assert take(Limits(), RateRequest(pause=1.0), NOW + 2).pause == 5.0


def test_the_clock_goes_on(workspace):
    with workspace.reading() as db:
        first = clock.now(db)
        assert first > 1.7e9
        assert clock.now(db) >= first

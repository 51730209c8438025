"""Pacing on a clock of the test's own, and what vendors' headers say."""

import pytest

from orbench_studio.domain.batch import Limits
from orbench_studio.providers.base import Allowance
from orbench_studio.providers.headers import retry_after, seconds
from orbench_studio.providers.http import allowance
from orbench_studio.providers.pacing import Pacer


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def sent_within(pacer, clock, span, tokens=1):
    """How many requests go out in so many seconds when there are always more."""
    until, count = clock.now + span, 0
    while clock.now < until:
        wait, _ = pacer.wait(tokens)
        if wait:
            clock.now += max(wait, 0.001)
        else:
            pacer.sent(tokens)
            count += 1
    return count


def test_requests_a_minute_are_kept(clock):
    pacer = Pacer(Limits(requests_per_minute=60), clock)
    assert 120 <= sent_within(pacer, clock, 120) <= 125
    pacer.sent(1)
    assert pacer.wait(1)[1] == "your limit of requests a minute"


def test_tokens_a_minute_are_kept_even_by_requests_that_are_larger_than_a_burst(clock):
    pacer = Pacer(Limits(tokens_per_minute=6_000), clock)
    assert 11 <= sent_within(pacer, clock, 120, tokens=1_000) <= 13


def test_it_goes_slower_when_told_and_faster_again(clock):
    pacer = Pacer(Limits(concurrency=16), clock)
    assert pacer.limited(None) == 1.0
    assert pacer.limited(None) == 1.0, "those under way at the same moment say nothing new"
    assert pacer.at_once == 8
    clock.now += 2
    assert pacer.limited(None) == 2.0, "twice as long the second time"
    assert pacer.at_once == 4
    for _ in range(200):
        pacer.answered(Allowance(), 0, 0)
    assert pacer.at_once == 16
    clock.now += 10
    assert pacer.limited(30.0) == 30.0
    assert pacer.wait(1) == (30.0, "rate limit of the vendor")


def test_what_is_left_is_heeded(clock):
    pacer = Pacer(Limits(), clock)
    pacer.answered(Allowance(requests=1, tokens=100), 0, 50)
    assert pacer.wait(1) == (0.0, "")
    pacer.answered(Allowance(tokens=40, tokens_reset=3.0), 0, 50)
    assert pacer.wait(1)[0] == 3.0


@pytest.mark.parametrize(
    ("text", "span"),
    [("2", 2), ("0.5", 0.5), ("6m0s", 360), ("120ms", 0.12), ("1h2m", 3_600), ("1m3.5s", 63.5), ("soon", 0), ("", 0),
     ("-5", 0), ("1e9", 0), ("99999999", 3_600), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("2015-10-21T07:28:00Z", 0)],
)  # fmt: skip
def test_spans_and_moments(text, span):
    assert seconds(text) == pytest.approx(span)


def test_headers_of_both_vendors():
    assert retry_after({"retry-after-ms": "1500", "Retry-After": "2"}) == 1.5
    assert retry_after({}) is None
    ours = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2s"}
    assert allowance(ours) == Allowance(0, 2.0, None, 0.0)
    theirs = {"anthropic-ratelimit-tokens-remaining": "7", "anthropic-ratelimit-tokens-reset": "2015-10-21T07:28:00Z"}
    assert allowance(theirs) == Allowance(None, 0.0, 7, 0.0)
    assert allowance({}) == Allowance()

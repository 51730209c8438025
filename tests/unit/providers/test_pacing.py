"""Pacing on a clock of the test's own, and what vendors' headers say."""

import pytest

from orbench_studio.domain.evaluation.batch import Limits
from orbench_studio.domain.evaluation.rate_limits import BURST, RateRequest, RateUsage, take
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


def sent_within(limits, clock, span, processes=1, tokens=1, together=5):
    """How many requests go out in so many seconds when several processes always have more, and exchange now and then.

    How far the limits are used up is kept for all of them, as a workspace keeps it.
    """
    pacers, used, count = [Pacer(limits, clock) for _ in range(processes)], RateUsage(), 0
    for _ in range(span * together):
        for pacer in pacers:
            wish = pacer.wish([tokens] * 100, under_way=0)
            used, allowed = take(used, limits, wish, clock.now)
            pacer.allow(wish, allowed)
        clock.now += 1 / together
        for pacer in pacers:
            while pacer.wait()[0] == 0:
                pacer.sent()
                count += 1
    return count


@pytest.mark.parametrize("processes", [1, 2, 7])
def test_requests_a_minute_are_kept_by_all_together(clock, processes):
    assert 119 <= sent_within(Limits(requests_per_minute=60), clock, 120, processes) <= 125


@pytest.mark.parametrize("processes", [1, 3])
def test_tokens_a_minute_are_kept_even_by_requests_that_are_larger_than_a_burst(clock, processes):
    assert 11 <= sent_within(Limits(tokens_per_minute=6_000), clock, 120, processes, tokens=1_000) <= 13


def test_tokens_that_an_answer_had_beyond_its_request_are_paid_for(clock):
    limits = Limits(tokens_per_minute=600)
    pacer = Pacer(limits, clock)
    pacer.answered(Allowance(), 100, 0)
    wish = pacer.wish([10], under_way=0)
    used, allowed = take(RateUsage(), limits, wish, clock.now)
    assert (allowed.starts, used.tokens_at) == ((), clock.now - BURST + 10)
    pacer.allow(wish, allowed)
    assert pacer.wish([10], under_way=0).owed == 0
    assert pacer.wait() == (None, "your limits a minute")


def test_a_start_that_nobody_used_is_no_reserve(clock):
    """A vendor hangs for a minute, and answers everything at once: what was not sent meanwhile does not follow."""
    limits = Limits(requests_per_minute=60)
    pacer, used = Pacer(limits, clock), RateUsage()
    for _ in range(60):
        wish = pacer.wish([1] * 40, under_way=limits.concurrency)
        used, allowed = take(used, limits, wish, clock.now)
        pacer.allow(wish, allowed)
        clock.now += 1
    sent = 0
    while pacer.wait()[0] == 0:
        pacer.sent()
        sent += 1
    assert sent <= BURST + 1


def test_what_a_vendor_says_to_one_process_all_heed(clock):
    message, other = Pacer(Limits(), clock), Pacer(Limits(), clock)
    assert message.limited(7.0) == 7.0
    used, allowed = take(RateUsage(), Limits(), message.wish((), 0), clock.now)
    message.allow(message.wish((), 0), allowed)
    clock.now += 2
    used, allowed = take(used, Limits(), other.wish((), 0), clock.now)
    other.allow(RateRequest(), allowed)
    assert other.wait() == message.wait() == (5.0, "rate limit of the vendor")
    clock.now += 5
    assert other.wait() == (0.0, "")


def test_a_pause_of_an_hour_is_not_left_behind_by_who_was_told_of_it(clock):
    assert take(RateUsage(), Limits(), RateRequest(pause=3_000.0), clock.now)[1].pause == 60.0


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
    assert pacer.wait() == (30.0, "rate limit of the vendor")


def test_what_is_left_is_heeded(clock):
    pacer = Pacer(Limits(), clock)
    pacer.answered(Allowance(requests=1, tokens=100), 0, 50)
    assert pacer.wait() == (0.0, "")
    pacer.answered(Allowance(tokens=40, tokens_reset=3.0), 0, 50)
    assert pacer.wait()[0] == 3.0


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

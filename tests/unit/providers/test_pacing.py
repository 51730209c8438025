"""Pacing with a test clock, and the rate limit headers of vendors."""

import random

import pytest

from orbench_studio.domain.evaluation.batch import Cause, Limits
from orbench_studio.domain.evaluation.rate_limits import BURST, RateRequest, RateUsage, take
from orbench_studio.providers.base import Allowance, ProviderError
from orbench_studio.providers.headers import allowance, retry_after, seconds
from orbench_studio.providers.pacing import Pacer


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def sent_within(limits, clock, span, processes=1, tokens=1, exchanges_per_second=5):
    """The times of the requests that several processes with unlimited work send within a time span (seconds).

    They share the usage of the limits, as in a workspace. Every 20 seconds they are busy until starts expire.
    """
    pacers, used, times, end = [Pacer(limits, clock) for _ in range(processes)], RateUsage(), [], clock.now + span
    while clock.now < end:
        for pacer in pacers:
            request = pacer.request([tokens] * 100, in_flight=0)
            used, granted = take(used, limits, request, clock.now)
            pacer.grant(request, granted)
        is_busy = int(clock.now * exchanges_per_second) % (20 * exchanges_per_second) == 0
        clock.now += BURST if is_busy else 1 / exchanges_per_second
        for pacer in pacers:
            while pacer.wait()[0] == 0:
                pacer.sent()
                times.append(clock.now)
    return times


def most_in_a_minute(times):
    """The highest number of requests in any 60 seconds."""
    return max(sum(start <= time < start + 60 for time in times) for start in times)


@pytest.mark.parametrize("processes", [1, 2, 7])
def test_no_minute_has_more_than_the_stated_requests(clock, processes):
    times = sent_within(Limits(requests_per_minute=60), clock, 240, processes)
    assert most_in_a_minute(times) <= 60
    assert len(times) > 0.75 * 240


@pytest.mark.parametrize("processes", [1, 3])
def test_no_minute_has_more_than_the_stated_tokens(clock, processes):
    times = sent_within(Limits(tokens_per_minute=6_000), clock, 240, processes, tokens=500)
    assert most_in_a_minute(times) * 500 <= 6_000
    assert len(times) * 500 > 0.75 * 4 * 6_000


def test_tokens_beyond_the_estimate_are_charged_later(clock):
    limits = Limits(tokens_per_minute=660)
    pacer = Pacer(limits, clock)
    pacer.answered(Allowance(), 100, 0)
    request = pacer.request([10], in_flight=0)
    used, granted = take(RateUsage(), limits, request, clock.now)
    assert (granted.starts, used.tokens_at) == ((), clock.now - BURST + 10)
    pacer.grant(request, granted)
    assert pacer.request([10], in_flight=0).owed == 0
    assert pacer.wait() == (None, "your rate limit")


def test_unused_start_times_expire(clock):
    """After a vendor hung for a minute, the unused start times must not cause a burst."""
    limits = Limits(requests_per_minute=60)
    pacer, used = Pacer(limits, clock), RateUsage()
    for _ in range(60):
        request = pacer.request([1] * 40, in_flight=limits.concurrency)
        used, granted = take(used, limits, request, clock.now)
        pacer.grant(request, granted)
        clock.now += 1
    sent = 0
    while pacer.wait()[0] == 0:
        pacer.sent()
        sent += 1
    assert sent <= BURST + 1


def refused(pacer, times, retry_after=None, cause=Cause.RATE_LIMIT):
    """Seconds before the next attempts of requests that are sent together and fail."""
    numbers = [pacer.sent() for _ in range(times)]
    return [pacer.failed(ProviderError(cause, "no", retry_after), number, 1) for number in numbers]


def answered(pacer, times, **allowance):
    """Send requests that are answered."""
    for _ in range(times):
        pacer.sent()
        pacer.answered(Allowance(**allowance), 0, 0)


def test_only_the_refused_request_waits(clock):
    """One request in 20 is refused: the others go on at full concurrency."""
    pacer = Pacer(Limits(concurrency=20), clock)
    for _ in range(60):
        assert refused(pacer, 1, retry_after=7.0) == [7.0]
        assert (pacer.concurrency, pacer.wait()) == (20, (0.0, ""))
        answered(pacer, 19)


@pytest.mark.parametrize("cause", [Cause.OVERLOADED, Cause.SERVER, Cause.CONNECTION])
def test_other_errors_do_not_change_the_pace(clock, cause):
    pacer = Pacer(Limits(concurrency=20), clock)
    assert refused(pacer, 30, 7.0, cause) == [7.0] * 30, "Retry-After holds for the request itself"
    assert (pacer.concurrency, pacer.wait()) == (20, (0.0, ""))
    assert all(0.25 <= seconds <= 0.5 for seconds in refused(pacer, 30, None, cause))


def test_run_of_rate_limit_errors_pauses_all_processes(clock):
    first, other = Pacer(Limits(), clock), Pacer(Limits(), clock)
    assert refused(first, 4, 7.0) == [7.0] * 4
    used, granted = take(RateUsage(), Limits(), first.request((), 0), clock.now)
    first.grant(first.request((), 0), granted)
    clock.now += 2
    used, granted = take(used, Limits(), other.request((), 0), clock.now)
    other.grant(RateRequest(), granted)
    assert other.wait() == first.wait() == (5.0, "the vendor's rate limit")
    clock.now += 5
    assert other.wait() == (0.0, "")


def test_shared_pause_is_bounded(clock):
    assert take(RateUsage(), Limits(), RateRequest(pause=3_000.0), clock.now)[1].pause == 60.0


def test_run_of_rate_limit_errors_halves_the_concurrency_for_seconds(clock):
    pacer = Pacer(Limits(concurrency=16), clock)
    refused(pacer, 16)
    assert pacer.concurrency == 8, "concurrent errors count once"
    assert pacer.wait()[0] == 0.5
    clock.now += 1
    refused(pacer, 8)
    assert pacer.concurrency == 4
    assert pacer.wait()[0] == 1.0, "the pause is twice as long the second time"
    clock.now += 1 + 2.5
    assert pacer.concurrency == 10
    clock.now += 2.5
    assert (pacer.concurrency, pacer.wait()) == (16, (0.0, ""))


def test_half_of_the_requests_refused_halves_the_concurrency_without_a_pause(clock):
    pacer = Pacer(Limits(concurrency=16), clock)
    for _ in range(15):
        refused(pacer, 1, 7.0)
        answered(pacer, 1)
    assert (pacer.concurrency, pacer.wait()) == (8, (0.0, ""))


def simulated(clock, refuses, *, items, concurrency, latency=0.2, retry_after=1.0):
    """Seconds and number of refusals until all items are answered; a refusal takes 30 ms."""
    pacer, begun, in_flight, later, todo, refusals = Pacer(Limits(concurrency), clock), clock.now, [], [], items, 0
    while todo or in_flight or later:
        todo += len([due for due in later if due <= clock.now])
        later = [due for due in later if due > clock.now]
        while todo and len(in_flight) < pacer.concurrency and pacer.wait()[0] == 0:
            todo -= 1
            is_refused = refuses(clock.now)
            in_flight.append((clock.now + (0.03 if is_refused else latency), pacer.sent(), is_refused))
        clock.now += 0.01
        for arrival in sorted(one for one in in_flight if one[0] <= clock.now):
            in_flight.remove(arrival)
            if arrival[2]:
                refusals += 1
                seconds = pacer.failed(ProviderError(Cause.RATE_LIMIT, "no", retry_after), arrival[1], 1)
                later.append(clock.now + seconds)
            else:
                pacer.answered(Allowance(), 0, 0)
    return clock.now - begun, refusals


def test_refused_requests_at_random_cost_only_their_own_wait(clock):
    chance = random.Random(1)
    ideal = 1_319 * 0.2 / 20
    assert simulated(clock, lambda _now: chance.random() < 0.05, items=1_319, concurrency=20)[0] < 1.15 * (ideal + 1)


@pytest.mark.parametrize("retry_after", [1.0, None])
def test_vendor_with_an_unknown_rate_limit_is_used_fully(clock, retry_after):
    left, at = 10.0, clock.now  # 10 requests per second, as a bucket of 10

    def refuses(now):
        nonlocal left, at
        left, at = min(left + 10 * (now - at), 10.0), now
        is_refused = left < 1
        left -= not is_refused
        return is_refused

    seconds, refusals = simulated(clock, refuses, items=600, concurrency=20, retry_after=retry_after)
    assert seconds < 1.3 * 60
    assert refusals < 0.5 * 600


def test_few_remaining_requests_reduce_the_concurrency_until_the_reset(clock):
    pacer = Pacer(Limits(concurrency=16), clock)
    answered(pacer, 1, requests=3, requests_reset=2.0)
    assert (pacer.concurrency, pacer.wait()) == (3, (0.0, ""))
    clock.now += 2
    assert pacer.concurrency == 16


def test_used_up_allowance_pauses(clock):
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
def test_durations_and_times(text, span):
    assert seconds(text) == pytest.approx(span)


def test_headers_of_openai_and_anthropic():
    assert retry_after({"retry-after-ms": "1500", "Retry-After": "2"}) == 1.5
    assert retry_after({}) is None
    ours = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2s"}
    assert allowance(ours) == Allowance(0, 2.0, None, 0.0)
    theirs = {"anthropic-ratelimit-tokens-remaining": "7", "anthropic-ratelimit-tokens-reset": "2015-10-21T07:28:00Z"}
    assert allowance(theirs) == Allowance(None, 0.0, 7, 0.0)
    assert allowance({}) == Allowance()

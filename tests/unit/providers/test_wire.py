"""HTTP responses byte by byte: split anywhere, broken anywhere."""

import gzip
import itertools
import json
import os
import zlib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orbench_studio.domain.evaluation.batch import RETRYABLE, Cause
from orbench_studio.providers.base import Answer
from tests.fake_vendor import chat
from tests.wire import Wire, head

EXAMPLES = int(os.environ.get("ORBENCH_EXAMPLES", "40"))


@pytest.fixture(scope="module")
def wire():
    """One server for all examples."""
    with Wire() as wire:
        yield wire


def split(body, places):
    """Split the bytes at these positions."""
    ends = sorted({place % (len(body) + 1) for place in places} | {0, len(body)})
    return [body[start:end] for start, end in itertools.pairwise(ends)]


def chunk(piece):
    """The piece in chunked encoding."""
    return b"%x\r\n%s\r\n" % (len(piece), piece)


LONG = st.builds(lambda text, times: "".join(f"{n}{text}" for n in range(times)), st.text(), st.integers(1, 20_000))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.one_of(st.text(), st.text(), st.text(), LONG),
    is_escaped=st.booleans(),
    places=st.lists(st.integers(0, 10**6), max_size=49),
    way=st.sampled_from(("length", "chunked", "closed", "packed")),
    padding=st.text(" \n\r\t", max_size=20),
)
@example(text="".join(map(str, range(100_000))), is_escaped=False, places=[1000], way="length", padding="")
@example(text="short", is_escaped=False, places=[20], way="chunked", padding="\n")
def test_reply_split_anywhere_is_read_completely(wire, text, is_escaped, places, way, padding):
    body = padding.encode() + json.dumps(chat(text), ensure_ascii=is_escaped).encode()
    wire.closes = way == "closed"
    if way == "closed":
        wire.pieces = [head(), *split(body, places)]
    elif way == "length":
        wire.pieces = [head(f"Content-Length: {len(body)}"), *split(body, places)]
    else:
        packed = gzip.compress(body, 1) if way == "packed" else body
        lines = ("Transfer-Encoding: chunked", *["Content-Encoding: gzip"] * (way == "packed"))
        wire.pieces = [head(*lines), *map(chunk, split(packed, places)), b"0\r\n\r\n"]
    answer = wire.ask()
    assert isinstance(answer, Answer), answer
    assert answer.text == text


BODY = json.dumps(chat("Because. " * 50)).encode()
LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = "Transfer-Encoding: chunked"
BROKEN = {
    "nothing": [],
    "half a head": [head(LENGTH)[:30]],
    "half a body": [head(LENGTH), BODY[:200]],
    "all but one byte": [head(LENGTH), BODY[:-1]],
    "half a chunk": [head(CHUNKED), chunk(BODY)[:200]],
    "no last chunk": [head(CHUNKED), chunk(BODY)],
    "no chunk": [head(CHUNKED) + BODY],
    "half a packed body": [head("Content-Encoding: gzip"), gzip.compress(BODY)[:60]],
    "called packed": [head(LENGTH, "Content-Encoding: gzip"), BODY],
    "packed badly": [head("Content-Encoding: gzip"), gzip.compress(BODY)[:40] + b"\0" * 40],
    "packed in an unknown way": [head("Content-Encoding: br"), gzip.compress(BODY)],
    "packed, in two members": [head("Content-Encoding: gzip"), gzip.compress(BODY[:99]) + gzip.compress(BODY[99:])],
    "too short a length": [head(f"Content-Length: {len(BODY) - 9}"), BODY],
    "no HTTP": [b"SSH-2.0-OpenSSH_9.6\r\n"],
    "binary": [bytes(range(256)) * 4],
    "an endless header": [b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n"],
    "two lengths": [head(LENGTH, "Content-Length: 7"), BODY],
    "two bytes of UTF-16": [head("Content-Length: 2"), b"\xff\xfe"],
}


@pytest.mark.parametrize("how", BROKEN)
def test_interrupted_replies_are_retryable_errors(wire, how):
    wire.pieces, wire.closes = BROKEN[how], True
    error = wire.ask()
    assert error.cause in (Cause.CONNECTION, Cause.UNREADABLE), error.message
    assert error.cause in RETRYABLE
    assert 0 < len(error.message) <= 300


def test_invalid_chunk_ends_with_the_timeout(wire):
    wire.pieces, wire.closes = [head(CHUNKED), BODY], True
    assert wire.ask(timeout=0.3).cause in (Cause.CONNECTION, Cause.TIMEOUT)


DEFLATED = zlib.compressobj(wbits=-15)
READ = {
    "deflate": [head("Content-Encoding: deflate"), zlib.compress(BODY)],
    "deflate without a header": [head("Content-Encoding: deflate"), DEFLATED.compress(BODY) + DEFLATED.flush()],
    "not packed, which it says": [head(LENGTH, "Content-Encoding: identity"), BODY],
    "a hint before": [b"HTTP/1.1 103 Early Hints\r\n\r\n", head(LENGTH), BODY],
    "bytes behind": [head(LENGTH), BODY + b"\r\n\r\n"],
}


@pytest.mark.parametrize("how", READ)
def test_unusual_but_valid_replies_are_read(wire, how):
    wire.pieces, wire.closes = READ[how], True
    answer = wire.ask()
    assert isinstance(answer, Answer), answer
    assert answer.text == "Because. " * 50


MEGABYTE = b" " * 1_000_000
TOO_LARGE = {
    "chunks without end": [head(CHUNKED), *[chunk(MEGABYTE)] * 40],
    "of a length": [head("Content-Length: 40000000"), *[MEGABYTE] * 40],
    "packed small": [head("Content-Encoding: gzip"), gzip.compress(MEGABYTE * 40)],
}


@pytest.mark.parametrize("how", TOO_LARGE)
def test_too_large_reply_is_not_retried(wire, how):
    wire.pieces, wire.closes = TOO_LARGE[how], True
    error = wire.ask()
    assert error.cause is Cause.TOO_LARGE
    assert error.cause not in RETRYABLE
    assert error.message == "The reply is larger than 16 MB. Check the base URL and max tokens."

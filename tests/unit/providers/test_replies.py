"""Replies in every way of delivery: at once, in chunks, padded, compressed, interrupted."""

import json

import pytest
from aiohttp import web

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import Answer
from tests.fake_vendor import chat, fault, json_reply, message, raw

TEXTS = {
    "short": "Because.",
    "empty": "",
    "other scripts": "Weil – потому что 因为 لأن \U0001f600 " * 20,
    "long": "Because a reply may well be longer than one read of a socket gives. " * 5_000,
    "line separators": "one\u2028two\u2029three\x85four\x0bfive",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_is_the_same_in_every_way_of_delivery(ask, vendor, text):
    vendor.answer = lambda _prompt: text
    for model in ("openai/gpt-test", "anthropic/claude-test"):
        answer = ask(model=model)
        assert isinstance(answer, Answer), answer
        assert (answer.text, answer.stop_reason) == (text, StopReason.STOP)
        assert (answer.input_tokens, answer.output_tokens) == (10, 20)
    assert sum(vendor.asked.values()) == 2


def encoded(body, **how):
    """A response with the encoded body."""
    text = json.dumps(body, ensure_ascii=how.pop("ascii", False))
    return lambda: web.Response(body=text.encode(how.pop("encoding", "utf-8")), content_type="application/json")


ANSWERS = {
    "a byte order mark": (encoded(chat("ok é"), encoding="utf-8-sig"), "ok é"),
    "letters escaped": (encoded(chat("ok é \U0001f600"), ascii=True), "ok é \U0001f600"),
    "half a character": (json_reply(chat("half \ud83d of one")), "half \ufffd of one"),
    "parts": (json_reply(chat([{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}])), "in parts"),
    "a refusal in its own field": (json_reply(chat(None, refusal="I must not.")), "I must not."),
    "called a text": (raw(json.dumps(chat("ok")), "text/plain"), "ok"),
    "filtered": (fault(400, "filtered", code="content_filter"), ""),
}


@pytest.mark.parametrize("how", ANSWERS)
def test_answers(ask, vendor, how):
    reply, text = ANSWERS[how]
    vendor.script["Why"] = [reply]
    answer = ask()
    assert isinstance(answer, Answer), answer
    assert answer.text == text


def as_bytes(body, status=200, **headers):
    """A response with exactly these bytes."""
    return lambda: web.Response(body=body, status=status, headers=headers, content_type="application/json")


FAULTS = {
    "rejected key": (fault(401, "no"), Cause.KEY, "401: The API key was rejected"),
    "rate limit": (fault(429, "slow down", {"Retry-After": "7"}), Cause.RATE_LIMIT, "429: slow down"),
    "page of a gateway": (
        raw("<html>Bad gateway</html>", status=502),
        Cause.SERVER,
        "502: The gateway returned a web page: “Bad gateway”",
    ),
    "a page instead of a reply": (
        raw("<html>Log in</html>"),
        Cause.UNREADABLE,
        "The server returned a web page instead of a reply of the API: “Log in”",
    ),
    "an error in a reply": (
        json_reply({"error": {"code": 502, "message": "upstream"}}),
        Cause.SERVER,
        "reported: upstream",
    ),
    "a list": (json_reply([1, 2]), Cause.UNREADABLE, "not a JSON object: [1, 2]"),
    "another object": (json_reply({"object": "list"}), Cause.UNREADABLE, "not a chat completion"),
    "nothing": (as_bytes(b""), Cause.UNREADABLE, "empty body"),
    "only blanks": (as_bytes(b" \n \n"), Cause.UNREADABLE, "empty body"),
    "half of it": (as_bytes(json.dumps(chat("half"))[:40].encode()), Cause.UNREADABLE, "not a JSON object"),
    "no UTF-8": (as_bytes(json.dumps(chat("?")).encode().replace(b"?", b"\xe9\xff")), Cause.UNREADABLE, "not a JSON"),
    "very deep": (raw("[" * 100_000, "application/json"), Cause.UNREADABLE, "not a JSON object"),
    "dropped": ("drop", Cause.CONNECTION, "The connection failed"),
    "broken off": ("half", Cause.CONNECTION, "The connection failed"),
}


@pytest.mark.parametrize("how", FAULTS)
def test_errors(ask, vendor, how):
    reply, cause, message = FAULTS[how]
    vendor.script["Why"] = [reply]
    error = ask()
    assert error.cause is cause
    assert message in error.message
    assert error.retry_after == (7 if cause is Cause.RATE_LIMIT else None)


def test_timeout(ask, vendor):
    vendor.script["Why"] = ["hang"]
    error = ask(timeout=0.2)
    assert (error.cause, error.message) == (Cause.TIMEOUT, "No answer within 0.2 seconds.")


def test_messages_api_errors_and_blocks(ask, vendor):
    vendor.script["Why"] = [json_reply({"object": "list"}), json_reply(message("", "refusal"))]
    assert ask(model="anthropic/claude-test").cause is Cause.UNREADABLE
    assert ask(model="anthropic/claude-test").stop_reason is StopReason.REFUSED

"""A key that comes back in an error is shown nowhere: not whole, not a piece, however it is spelled or cut."""

import html
import json
import re
import traceback
from contextlib import closing
from urllib.parse import quote, unquote

import pytest

from orbench_studio.providers.base import AskError
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.providers.vendor_batches import vendor_batches
from tests.fake_batches import BatchVendor
from tests.fake_vendor import fault
from tests.wire import Wire, head

KEY = "sk-test/Ab9+47=xYz_0815.Qw"
PIECES = {KEY[start : start + 8].lower() for start in range(len(KEY) - 7)}
LONGEST = 300  # characters that are shown of an error


@pytest.fixture(scope="module")
def wire():
    """A server that is asked with the key."""
    with pytest.MonkeyPatch.context() as patched, Wire() as wire:
        patched.setenv("WIRE_API_KEY", KEY)
        yield wire


def whole(body, status="400 Bad Request"):
    """A reply with this body."""
    return [head(f"Content-Length: {len(body.encode())}", status=status), body.encode()]


def an_error(text):
    """As vendors write it."""
    return whole(json.dumps({"error": {"message": text}}))


def an_error_within(text):
    """As routers put it into a reply that says all is well."""
    return whole(json.dumps({"error": {"message": text, "code": 502}}), "200 OK")


def a_page(text):
    """As a gateway writes it."""
    return whole(text, "502 Bad Gateway")


def no_reply(text):
    """A page that says all is well."""
    return whole(text, "200 OK")


def no_http(text):
    """Something that the library itself quotes in its error."""
    return [b"HTTP/1.1 200 OK\r\nBad Header " + text.encode("ascii", "replace") + b"\r\n\r\n"]


def must_be_hidden(error):
    """Neither the error nor what is printed of it where it escapes has a piece of the key."""
    assert isinstance(error, AskError)
    assert len(error.message) <= LONGEST
    for message in (error.message, str(error), "".join(traceback.format_exception(error))):
        escaped = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), message)
        for plain in (message, unquote(message), html.unescape(message), escaped):
            shown = "".join(plain.split()).replace("\\", "").lower()
            assert not [piece for piece in PIECES if piece in shown], message


@pytest.mark.parametrize("said", [an_error, an_error_within, a_page, no_reply])
def test_a_key_is_shown_at_no_place(wire, said):
    for place in range(LONGEST + 10):
        wire.pieces = said("." * place + KEY + " was the key, it said, and said it again and again.")
        error = wire.ask()
        must_be_hidden(error)
        assert place > 250 or "… was the key" in error.message


SPELLINGS = {
    "in an address": quote(KEY, safe=""),
    "all percents": "".join(f"%{ord(letter):02X}" for letter in KEY),
    "escaped as JSON": "".join(f"\\u{ord(letter):04x}" for letter in KEY),
    "slashes escaped": KEY.replace("/", "\\/"),
    "escaped as HTML": "".join(f"&#{ord(letter)};" for letter in KEY),
    "escaped as HTML, in hexadecimals": "".join(f"&#x{ord(letter):X};" for letter in KEY),
    "over two lines": f"{KEY[:11]}\r\n  {KEY[11:]}",
    "spaced": " ".join(KEY),
    "in capitals": KEY.upper(),
    "twice": KEY + KEY,
    "cut": KEY[:-3],
    "cut early": KEY[:9],
}


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_key_is_known_in_every_spelling(wire, how):
    for said in (an_error, an_error_within, a_page, no_reply):
        for place in (0, 150, *range(LONGEST - len(SPELLINGS[how]), LONGEST + 3, 5)):
            wire.pieces = said("." * max(place, 0) + SPELLINGS[how] + " was the key")
            must_be_hidden(wire.ask())


@pytest.mark.parametrize("place", [0, 50, 90, 120, 8_150, 8_180, 9_000])
def test_a_key_in_what_the_library_says(wire, place):
    wire.pieces = no_http("." * place + KEY)
    must_be_hidden(wire.ask())


def test_a_vendors_own_way_of_naming_a_key_stays(wire):
    wire.pieces = an_error("Unknown project of key sk-...5.Qw")
    assert wire.ask().message == "400: Unknown project of key sk-...5.Qw"


@pytest.mark.parametrize("model", ["openai/gpt-test", "anthropic/claude-test"])
@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_key_in_what_an_sdk_says(monkeypatch, model, status):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with BatchVendor(key=KEY) as vendor:
        vendor.instead["look"] = [fault(status, f"Incorrect API key provided: {KEY}")]
        batches = vendor_batches(endpoint(model, vendor.url))
        with closing(batches), pytest.raises(AskError) as caught:
            batches.look("batch-0")
    must_be_hidden(caught.value)


def test_an_error_without_end_takes_no_time(wire):
    for page in (" " * 1_000_000 + "s " * 1_000_000, *("." + " " * blanks for blanks in range(19_970, 20_001, 3))):
        wire.pieces = a_page(page + KEY)
        must_be_hidden(wire.ask())

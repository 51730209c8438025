"""Error messages never show a key or a part of it, in any spelling."""

import html
import json
import re
import sys
import traceback
from contextlib import closing
from urllib.parse import quote, unquote

import pytest

from orbench_studio.providers import credentials
from orbench_studio.providers.base import ProviderError
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.providers.vendor_batches import open_vendor_batches
from tests.fake_batches import BatchVendor
from tests.fake_vendor import fault
from tests.wire import Wire, head

KEY = "sk-test/Ab9+47=xYz_0815.Qw"
PIECES = {KEY[start : start + 8].lower() for start in range(len(KEY) - 7)}
MAX_LENGTH = 300  # characters of an error message


@pytest.fixture(scope="module")
def wire():
    """A server that receives requests with the key."""
    with pytest.MonkeyPatch.context() as patched, Wire() as wire:
        patched.setenv("WIRE_API_KEY", KEY)
        yield wire


def response(body, status="400 Bad Request"):
    """A response with this body."""
    return [head(f"Content-Length: {len(body.encode())}", status=status), body.encode()]


def error_response(text):
    """An error as vendors send it."""
    return response(json.dumps({"error": {"message": text}}))


def embedded_error(text):
    """An error as routers send it, with status 200."""
    return response(json.dumps({"error": {"message": text, "code": 502}}), "200 OK")


def gateway_page(text):
    """An HTML error page of a gateway."""
    return response(text, "502 Bad Gateway")


def ok_page(text):
    """An HTML page with status 200."""
    return response(text, "200 OK")


def invalid_http(text):
    """Invalid HTTP, which the HTTP library quotes in its error."""
    return [b"HTTP/1.1 200 OK\r\nBad Header " + text.encode("ascii", "replace") + b"\r\n\r\n"]


def assert_key_hidden(error):
    """Check that neither the message nor a traceback contains a part of the key."""
    assert isinstance(error, ProviderError)
    assert len(error.message) <= MAX_LENGTH
    for message in (error.message, str(error), "".join(traceback.format_exception(error))):
        escaped = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), message)
        for plain in (message, unquote(message), html.unescape(message), escaped):
            shown = "".join(plain.split()).replace("\\", "").lower()
            assert not [piece for piece in PIECES if piece in shown], message


@pytest.mark.parametrize("make_response", [error_response, embedded_error, gateway_page, ok_page])
def test_key_is_hidden_at_every_position(wire, make_response):
    for place in range(MAX_LENGTH + 10):
        wire.pieces = make_response("." * place + KEY + " was the key, again and again and again and again and again.")
        error = wire.ask()
        assert_key_hidden(error)
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
def test_key_is_hidden_in_every_spelling(wire, how):
    for make_response in (error_response, embedded_error, gateway_page, ok_page):
        for place in (0, 150, *range(MAX_LENGTH - len(SPELLINGS[how]), MAX_LENGTH + 3, 5)):
            wire.pieces = make_response("." * max(place, 0) + SPELLINGS[how] + " was the key")
            assert_key_hidden(wire.ask())


@pytest.mark.parametrize("place", [0, 50, 90, 120, 8_150, 8_180, 9_000])
def test_key_is_hidden_in_errors_of_the_http_library(wire, place):
    wire.pieces = invalid_http("." * place + KEY)
    assert_key_hidden(wire.ask())


def test_abbreviated_key_of_a_vendor_stays(wire):
    wire.pieces = error_response("Unknown project of key sk-...5.Qw")
    assert wire.ask().message == "400: Unknown project of key sk-...5.Qw"


@pytest.mark.parametrize("model", ["openai/gpt-test", "anthropic/claude-test"])
@pytest.mark.parametrize("status", [400, 401, 404])
def test_key_is_hidden_in_errors_of_an_sdk(monkeypatch, model, status):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with BatchVendor(key=KEY) as vendor:
        vendor.instead["status"] = [fault(status, f"Incorrect API key provided: {KEY}")]
        batches = open_vendor_batches(endpoint(model, vendor.url))
        with closing(batches), pytest.raises(ProviderError) as caught:
            batches.status("batch-0")
    assert_key_hidden(caught.value)


def test_very_long_errors_are_processed_quickly(wire):
    for page in (" " * 1_000_000 + "s " * 1_000_000, *("." + " " * blanks for blanks in range(19_970, 20_001, 3))):
        wire.pieces = gateway_page(page + KEY)
        assert_key_hidden(wire.ask())


def test_a_broken_keyring_is_logged_once(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "keyring", None)
    credentials._report.cache_clear()
    caplog.set_level("INFO")
    assert [credentials.from_keyring(name) for name in ("A_KEY", "B_KEY")] == [None, None]
    assert [record.message for record in caplog.records] == ["the keyring cannot be read: ModuleNotFoundError"]

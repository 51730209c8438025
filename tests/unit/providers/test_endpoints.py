"""Models' names, addresses, keys, and servers of this machine."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from orbench_studio.errors import StudioError
from orbench_studio.providers import discovery, endpoints
from orbench_studio.providers.credentials import SERVICE, key_for
from orbench_studio.providers.endpoints import PRESETS, Preset, endpoint

NAMES = {
    "openai/gpt-4o": ("gpt-4o", "https://api.openai.com/v1"),
    "anthropic/claude-3-opus": ("claude-3-opus", "https://api.anthropic.com/v1"),
    "together/meta-llama/Llama-3.3-70B": ("meta-llama/Llama-3.3-70B", "https://api.together.xyz/v1"),
    "ollama/llama3:8b": ("llama3:8b", "http://127.0.0.1:11434/v1"),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_as_the_ecosystem_writes_them(name):
    there = endpoint(name)
    assert (there.model, there.base_url) == NAMES[name]


@pytest.mark.parametrize("name", ["", "gpt-4o", "/gpt", "openai/"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(StudioError, match="is no model's name"):
        endpoint(name)


@pytest.mark.parametrize(
    "address",
    ["nonsense", "ftp://host/v1", "http://models.example.org/v1", "https://me:secret@host/v1", "https://host:x/v1"],
)
def test_addresses_that_would_not_do(address):
    with pytest.raises(StudioError) as caught:
        endpoint("mine/model", address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://localhost:9/v1/", "http://10.0.0.7/v1", "http://gpu.lan/v1", "https://h/v1"]
)
def test_addresses_that_do(address):
    assert endpoint("mine/model", address).base_url == address.rstrip("/")


def test_azure_says_where_it_is(monkeypatch):
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT", raising=False)
    with pytest.raises(StudioError, match="AZURE_OPENAI_ENDPOINT"):
        endpoint("azure/gpt")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com/")
    assert endpoint("azure/gpt").base_url == "https://mine.openai.azure.com/openai/v1"


def test_keys_come_from_the_environment_or_the_keyring(monkeypatch):
    keyring = pytest.importorskip("keyring")
    kept = {(SERVICE, "GOOGLE_API_KEY"): "from-the-keyring"}
    monkeypatch.setattr(keyring, "get_password", lambda *name: kept.get(name))
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "MINE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert key_for(endpoint("gemini/gemini-2.0-flash")) == "from-the-keyring"
    monkeypatch.setenv("GEMINI_API_KEY", " from-the-environment\n")
    assert key_for(endpoint("gemini/gemini-2.0-flash")) == "from-the-environment"
    with pytest.raises(StudioError, match=f"keyring set {SERVICE} MINE_API_KEY"):
        key_for(endpoint("mine/x", "https://host/v1"))
    assert key_for(endpoint("mine/x", "http://127.0.0.1:1/v1")) is None


@pytest.fixture
def server():
    """Something that listens on this machine; `says` is its answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/v1/models" else 404)
            self.end_headers()
            self.wfile.write(self.server.says)

        def log_message(self, *_arguments):
            pass

    found = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, args=(0.01,))
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def test_servers_of_this_machine_are_found(server, monkeypatch):
    def only(port):
        for vendor in endpoints.ON_THIS_MACHINE:
            address = f"http://127.0.0.1:{port if vendor == 'ollama' else 9}/v1"
            monkeypatch.setitem(PRESETS, vendor, Preset("Ollama", address))

    only(server.server_port)
    server.says = json.dumps({"data": [{"id": "llama3:8b"}]}).encode()
    [found] = discovery.local_servers()
    assert (found.title, found.models) == ("Ollama", ("ollama/llama3:8b",))
    for nonsense in (b"<html>", b"[]", b'{"data": 3}', b""):
        server.says = nonsense
        assert discovery.local_servers() == []

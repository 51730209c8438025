"""Model names, base URLs, keys, and model servers on this machine."""

import os
import socket
import threading

import pytest

from orbench_studio.env_file import load_env_file
from orbench_studio.errors import StudioError
from orbench_studio.providers import discovery, endpoints
from orbench_studio.providers.credentials import SERVICE, key_for
from orbench_studio.providers.endpoints import PRESETS, Preset, endpoint
from tests.fake_vendor import fault, json_reply, raw
from tests.wire import head

NAMES = {
    "openai/gpt-4o": ("gpt-4o", "https://api.openai.com/v1"),
    "anthropic/claude-3-opus": ("claude-3-opus", "https://api.anthropic.com/v1"),
    "together/meta-llama/Llama-3.3-70B": ("meta-llama/Llama-3.3-70B", "https://api.together.xyz/v1"),
    "ollama/llama3:8b": ("llama3:8b", "http://127.0.0.1:11434/v1"),
}


@pytest.mark.parametrize("name", NAMES)
def test_model_names(name):
    found = endpoint(name)
    assert (found.model, found.base_url) == NAMES[name]


@pytest.mark.parametrize("name", ["", "gpt-4o", "/gpt", "openai/"])
def test_invalid_model_names(name):
    with pytest.raises(StudioError, match="is not a model name"):
        endpoint(name)


@pytest.mark.parametrize(
    "address",
    ["nonsense", "ftp://host/v1", "http://models.example.org/v1", "https://me:secret@host/v1", "https://host:x/v1"],
)
def test_invalid_base_urls(address):
    with pytest.raises(StudioError) as caught:
        endpoint("mine/model", address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://localhost:9/v1/", "http://10.0.0.7/v1", "http://gpu.lan/v1", "https://h/v1"]
)
def test_valid_base_urls(address):
    assert endpoint("mine/model", address).base_url == address.rstrip("/")


def test_azure_endpoint_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT", raising=False)
    with pytest.raises(StudioError, match="AZURE_OPENAI_ENDPOINT"):
        endpoint("azure/gpt")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com/")
    assert endpoint("azure/gpt").base_url == "https://mine.openai.azure.com/openai/v1"


def test_keys_come_from_the_environment_or_the_keyring(monkeypatch):
    keyring = pytest.importorskip("keyring")
    entries = {(SERVICE, "GOOGLE_API_KEY"): "from-the-keyring\n"}
    monkeypatch.setattr(keyring, "get_password", lambda *name: entries.get(name))
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "MINE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert key_for(endpoint("gemini/gemini-2.0-flash")) == "from-the-keyring"
    monkeypatch.setenv("GEMINI_API_KEY", " from-the-environment\n")
    assert key_for(endpoint("gemini/gemini-2.0-flash")) == "from-the-environment"
    with pytest.raises(StudioError, match=f"keyring set {SERVICE} MINE_API_KEY"):
        key_for(endpoint("mine/x", "https://host/v1"))
    assert key_for(endpoint("mine/x", "http://127.0.0.1:1/v1")) is None


@pytest.mark.parametrize("key", ["sk-one\nsk-two", "sk-\ttab", "“sk-quoted”", "sk-bell\x07", "sk-ключ"])
def test_invalid_keys_are_reported_and_never_sent(monkeypatch, key):
    monkeypatch.setenv("MINE_API_KEY", key)
    with pytest.raises(StudioError, match="The key in MINE_API_KEY contains a line break or another") as caught:
        key_for(endpoint("mine/x", "https://host/v1"))
    assert not any(piece in str(caught.value) for piece in ("sk-", key))


@pytest.fixture
def single_server(monkeypatch):
    """Sets the port of one server; nothing listens at the ports of the others."""

    def at(port):
        for vendor in endpoints.LOCAL_SERVERS:
            address = f"http://127.0.0.1:{port if vendor == 'ollama' else 9}/v1"
            monkeypatch.setitem(PRESETS, vendor, Preset("Ollama", address))

    return at


def test_servers_on_this_machine_are_found(vendor, single_server):
    single_server(vendor.port)
    vendor.models = json_reply({"data": [{"id": f"llama3:{n}"} for n in range(5_000)]})
    [found] = discovery.local_servers()
    assert (found.title, found.models) == ("Ollama", tuple(f"ollama/llama3:{n}" for n in range(5_000)))
    deep = "[" * 100_000
    for nonsense in (raw("<html>"), json_reply([]), json_reply({"data": 3}), raw(""), raw(deep), fault(500)):
        vendor.models = nonsense
        assert discovery.local_servers() == []


OTHER_SERVICES = {
    "another protocol": [b"SSH-2.0-OpenSSH_9.6\r\n"],
    "nothing": [],
    "half a head": [head("Content-Length: 30")[:40]],
    "half a body": [head("Content-Length: 30"), b'{"data": [{"id"'],
    "half a chunk": [head("Transfer-Encoding: chunked"), b'7\r\n{"data"'],
    "no chunk": [head("Transfer-Encoding: chunked"), b"What?\r\n"],
    "no UTF-8": [head(), b'{"data": [{"id": "\xff"}]}'],
}


@pytest.mark.parametrize("what", OTHER_SERVICES)
def test_other_services_at_a_port_are_ignored(single_server, what):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection:
                connection.recv(10_000)
                for piece in OTHER_SERVICES[what]:
                    connection.sendall(piece)

        single_server(listening.getsockname()[1])
        thread = threading.Thread(target=serve)
        thread.start()
        assert discovery.local_servers() == []
        thread.join()


def test_keys_of_an_env_file(tmp_path, monkeypatch):
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    monkeypatch.setenv("MISTRAL_API_KEY", "sk-shell")
    file = tmp_path / "keys.env"
    file.write_text("# ours\nGROQ_API_KEY='sk-file'\nexport MISTRAL_API_KEY=sk-other\nEMPTY\n", encoding="utf-8")
    load_env_file(str(file))
    assert key_for(endpoint("groq/m")) == "sk-file"
    assert key_for(endpoint("mistral/m")) == "sk-shell", "the environment takes precedence"
    load_env_file("")
    assert "GROQ_API_KEY" not in os.environ, "another choice removes what the file has set"
    with pytest.raises(StudioError, match=r"none\.env cannot be read: No such file"):
        load_env_file(str(tmp_path / "none.env"))

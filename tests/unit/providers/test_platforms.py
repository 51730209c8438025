"""Cloud platforms, proxies and networks: where a request goes, with which credentials, and the words if it cannot."""

import json
import re
import socket
import ssl

import pytest

from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.errors import StudioError
from orbench_studio.providers.base import Answer
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.providers.registry import open_provider
from orbench_studio.providers.transport import connection_error
from tests.delivery import pieces
from tests.fake_vendor import chat, message
from tests.wire import Wire, head

VARIABLES = ("OPENAI_API_VERSION", "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE", "AWS_DEFAULT_REGION", "HTTP_PROXY")
CHAT, MESSAGE = json.dumps(chat("ok")).encode(), json.dumps(message("ok")).encode()
SIGV4 = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "test"}
PLATFORMS = {
    "Azure": ("azure/dep", {"AZURE_OPENAI_API_KEY": "k-1"}, CHAT,
              r"POST /openai/v1/chat/completions HTTP.*\nauthorization: Bearer k-1\b"),
    "Azure, dated API": ("azure/dep", {"AZURE_OPENAI_API_KEY": "k-1", "OPENAI_API_VERSION": "2024-10-21"}, CHAT,
                         r"POST /openai/deployments/dep/chat/completions\?api-version=2024-10-21 HTTP.*\napi-key: k-1"),
    "Bedrock, token": ("bedrock/anthropic.claude-test", {"AWS_BEARER_TOKEN_BEDROCK": "t-1", "AWS_REGION": "eu-west-1"},
                       MESSAGE, r"POST /v1/model/anthropic.claude-test/invoke HTTP.*\nauthorization: Bearer t-1\b"),
    "Bedrock, signed": ("bedrock/anthropic.claude-test", SIGV4, MESSAGE,
                        r"\nauthorization: AWS4-HMAC-SHA256 Credential=AKIDTEST/\d+/eu-west-1/bedrock/aws4_request"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """No variables of this machine."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_request_of_a_platform(monkeypatch, platform):
    model, variables, body, expected = PLATFORMS[platform]
    with Wire() as wire:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        wire.pieces = [head(f"Content-Length: {len(body)}"), *pieces(body)]
        url = wire.url.replace("/v1", "/openai/v1") if model.startswith("azure") else wire.url
        answer = wire.ask(model=model, url=url)
        assert isinstance(answer, Answer), answer
        assert re.search(expected, wire.heads[0], re.DOTALL | re.IGNORECASE), wire.heads[0]


def test_vertex_without_credentials_and_bedrock_without_a_region(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(StudioError, match="No AWS region"):
        open_provider(endpoint("bedrock/anthropic.claude-test"))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    monkeypatch.setenv("ANTHROPIC_VERTEX_PROJECT_ID", "p-1")
    with Wire() as wire:
        error = wire.ask(model="vertex/claude-test")
    assert error.cause is Cause.KEY
    assert "none.json was not found" in error.message


def test_requests_go_through_the_proxy_of_the_environment(monkeypatch):
    """The host of the model is not this machine; the proxy is."""
    with Wire() as wire:
        monkeypatch.setenv("HTTP_PROXY", wire.url.removesuffix("/v1"))
        wire.pieces = [head(f"Content-Length: {len(CHAT)}"), CHAT]
        monkeypatch.setenv("ACME_API_KEY", "k-1")
        answer = wire.ask(model="acme/m", url="http://models.internal/v1")
        assert isinstance(answer, Answer), answer
        assert wire.heads[0].startswith("POST http://models.internal/v1/chat/completions")


@pytest.mark.parametrize(
    ("proxy", "words"), [("socks5://127.0.0.1:9", "SOCKS proxies are not supported"), ("http://[::1", "is invalid")]
)
def test_proxy_that_cannot_be_used(monkeypatch, proxy, words):
    monkeypatch.setenv("ACME_API_KEY", "k-1")
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(StudioError, match=words):
        open_provider(endpoint("acme/m", "http://models.internal/v1"))
    open_provider(endpoint("acme/m", "http://127.0.0.1:9/v1"))


def test_nothing_listens_and_no_such_host(monkeypatch):
    monkeypatch.setenv("ACME_API_KEY", "k-1")
    with Wire() as wire, socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
        closed.close()
        error = wire.ask(url=f"http://127.0.0.1:{port}/v1")
        assert (error.cause, error.message) == (Cause.UNREACHABLE, f"No server answers at http://127.0.0.1:{port}/v1.")
        error = wire.ask(model="acme/m", url="https://no-such-host.invalid/v1")
        assert error.cause is Cause.UNREACHABLE
        assert "The host name of https://no-such-host.invalid/v1 cannot be resolved." in error.message


def test_words_of_tls_errors():
    untrusted = ssl.SSLCertVerificationError(1, "certificate verify failed")
    untrusted.verify_message = "self-signed certificate"
    wrapped = ssl.SSLCertVerificationError()  # as aiohttp raises it: without the words
    wrapped.__cause__ = untrusted
    error = connection_error(wrapped, "https://x/v1")
    assert error is not None
    assert error.cause is Cause.ENDPOINT
    assert "is not trusted: self-signed certificate. Behind a proxy" in error.message
    assert "SSL_CERT_FILE" in error.message
    plain = ssl.SSLError(1, "wrong version number")
    assert connection_error(plain, "https://x/v1").message.startswith("No TLS connection to https://x/v1")
    assert connection_error(KeyError("a fault of ours"), "https://x/v1") is None

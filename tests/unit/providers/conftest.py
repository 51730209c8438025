"""Providers over a real socket, against a local vendor that delivers its replies in every way."""

import asyncio

import pytest

from orbench_studio.providers.endpoints import endpoint
from tests.delivery import WAYS
from tests.fake_vendor import KEY, Vendor
from tests.wire import complete


@pytest.fixture(params=WAYS)
def way(request):
    """How replies are delivered."""
    return request.param


@pytest.fixture
def vendor(way, monkeypatch):
    """A vendor with this way of delivery."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with Vendor(key=KEY, way=way) as vendor:
        yield vendor


@pytest.fixture
def ask(vendor):
    """Sends one request; a ProviderError is returned, not raised."""

    def send(text="Why?", model="openai/gpt-test", timeout=60.0):
        return asyncio.run(complete(endpoint(model, vendor.url), text, timeout))

    return send

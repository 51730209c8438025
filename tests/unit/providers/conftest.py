"""Providers over a real socket, against a vendor of this machine that delivers its replies in every way."""

import asyncio

import pytest

from orbench_studio.providers.endpoints import endpoint
from tests.delivery import WAYS
from tests.fake_vendor import KEY, Vendor
from tests.wire import asked


@pytest.fixture(params=WAYS)
def way(request):
    """How replies are delivered."""
    return request.param


@pytest.fixture
def vendor(way, monkeypatch):
    """A vendor that delivers its replies so."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with Vendor(key=KEY, way=way) as vendor:
        yield vendor


@pytest.fixture
def ask(vendor):
    """Asks the vendor once; an AskError is given, not raised."""

    def once(text="Why?", model="openai/gpt-test", timeout=60.0):
        return asyncio.run(asked(endpoint(model, vendor.url), text, timeout))

    return once

"""Batches with a local vendor."""

import pytest

from orbench_studio.domain.evaluation.batch import BatchSettings, Limits, Sampling
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.evaluation.prices import Price, Prices
from tests.fake_vendor import KEY, Vendor

LEASE = 4.0  # seconds; enough for a process on a busy machine


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with Vendor(key=KEY) as vendor:
        yield vendor


@pytest.fixture
def prices(tmp_path):
    """100,000 USD per million tokens: 3 USD per answer of 10 input and 20 output tokens."""
    return Prices("2026-11-21", tmp_path / "prices.json", {"openai/gpt-test": Price(100_000, 100_000)})


@pytest.fixture
def create(workspace, vendor, prices):
    """Creates a batch for the local vendor."""

    def make(*models, sampling=None, prompt_ids=None, repeats=1, **limits):
        models = models or ("openai/gpt-test",)
        limits = Limits(**{"timeout": 60.0, "patience": 120.0, **limits})
        addresses = {name: vendor.url for name in models if not name.startswith("simulated")}
        settings = BatchSettings(sampling or Sampling(), limits, repeats, addresses)
        ids = prompt_ids or batch_control.select_prompts(workspace)
        return batch_control.create(workspace, models, ids, settings, prices=prices).id

    return make


@pytest.fixture
def run(workspace, prices):
    """Runs a batch and returns its final progress."""

    def go(batch_id, **options):
        runner = LiveRunner(workspace, batch_id, prices, **{"lease": LEASE, **options})
        runner.start()
        assert runner.wait(120)
        return runner.snapshot().progress

    return go

"""Prices and cost estimates."""

import json
import re

import pytest

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import BatchSettings, Limits, Sampling
from orbench_studio.errors import StudioError
from orbench_studio.providers.base import Answer, Request
from orbench_studio.providers.endpoints import LOCAL_SLOTS
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.cost_estimate import estimate
from orbench_studio.services.evaluation.prices import (
    Price,
    cost,
    load_prices,
    read_prices,
    usage,
    user_prices,
)
from orbench_studio.store.evaluation.results import Usage


def test_built_in_prices_have_a_date():
    prices = load_prices()
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", prices.dated)
    assert prices.of("openai/gpt-4o").input > 0


def test_user_prices_replace_the_built_in_ones():
    user_prices().parent.mkdir(parents=True)
    content = {"dated": "2026-11-01", "usd_per_million_tokens": {"openai/new": {"input": 1, "output": 2, "batch": 0.5}}}
    user_prices().write_text(json.dumps(content), encoding="utf-8")
    prices = load_prices()
    assert (prices.dated, prices.of("openai/new"), prices.of("openai/gpt-4o")) == ("2026-11-01", Price(1, 2, 0.5), None)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"dated": "x", "usd_per_million_tokens": {"a/b": {"input": -1, "output": 1}}}', "\x00"]
)
def test_invalid_price_file(tmp_path, text):
    file = tmp_path / "prices.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StudioError, match=r"prices\.json cannot be read"):
        read_prices(file)


def test_unknown_price_is_not_zero():
    price = Price(1.0, 2.0, 0.5)
    assert cost(price, 1_000_000, 1_000_000, batch=False) == 3.0
    assert cost(price, 1_000_000, 1_000_000, batch=True) == 1.5
    assert cost(None, 10, 10, batch=False) is None
    assert cost(price, None, 10, batch=False) is None
    request = Request("m", "What is a candle?", Sampling())  # 17 bytes: 5 tokens
    answer = Answer("It is made of wax.", StopReason.STOP, output_tokens=10)
    assert usage(price, request, answer, batch=False) == Usage(None, 10, 25e-6, is_estimated=True)
    assert usage(None, request, answer, batch=False) == Usage(None, 10, None)
    assert usage(Price(0, 0), request, answer, batch=False) == Usage(None, 10, 0.0)
    prices = load_prices()
    assert prices.of("openai/unheard-of") is None
    assert prices.of("openai/unheard-of", "http://127.0.0.1:4000/v1") is None, "it may be a proxy of a vendor"
    assert prices.of("ollama/llama3") == Price(0.0, 0.0)
    assert prices.of("ollama/llama3", "https://models.example.org/v1") is None


def test_cost_estimate(workspace):
    models = ("openai/gpt-4o", "mistral/unheard-of", "simulated/mixed")
    settings = BatchSettings(Sampling(max_tokens=100), Limits(requests_per_minute=10), repeats=2)
    ids = batch_control.select_prompts(workspace)
    found = estimate(workspace, models, ids, settings, load_prices())
    characters = 38 + 26 + 26 + 26
    assert [model.items for model in found.models] == [8, 8, 8]
    assert found.models[0].input_tokens == characters // 4 * 2
    assert found.models[0].max_cost == pytest.approx((58 * 2.5 + 800 * 10) / 1e6)
    assert (found.models[0].expected_cost, found.expected_cost) == (None, None), "it has no responses"
    assert found.unpriced == ("mistral/unheard-of",)
    assert found.models[2].max_cost == 0
    assert found.seconds == pytest.approx(8 / 10 * 60)


def test_estimate_of_the_local_model_uses_its_concurrency(workspace):
    settings = BatchSettings(Sampling(max_tokens=100), Limits(concurrency=20))
    found = estimate(workspace, ["local/smollm2"], batch_control.select_prompts(workspace), settings, load_prices())
    assert found.seconds == pytest.approx(4 * 100 / 50 / LOCAL_SLOTS)

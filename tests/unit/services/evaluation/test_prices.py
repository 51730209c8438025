"""Prices and cost estimates."""

import json
import re
from datetime import date

import pytest

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import BatchSettings, Limits, Sampling
from orbench_studio.domain.evaluation.rate_limits import WINDOW
from orbench_studio.errors import StudioError
from orbench_studio.providers.base import Answer, Request
from orbench_studio.providers.endpoints import LOCAL_SLOTS
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.cost_estimate import estimate
from orbench_studio.services.evaluation.price_update import update_prices
from orbench_studio.services.evaluation.prices import (
    Price,
    Prices,
    age_warning,
    cost,
    load_prices,
    read_prices,
    usage,
    user_prices,
)
from orbench_studio.store.evaluation.results import Usage


def test_built_in_prices_have_a_date_and_a_source():
    prices = load_prices()
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", prices.dated)
    assert all(price.source and price.dated == prices.dated for price in prices.by_model.values())
    assert {"openai", "anthropic", "gemini", "mistral"} <= {name.split("/")[0] for name in prices.by_model}


def entry(vendor, each, answer, mode="chat", **more):
    """An entry in LiteLLM's file."""
    costs = {"input_cost_per_token": each, "output_cost_per_token": answer}
    return {"litellm_provider": vendor, "mode": mode} | costs | more


BATCH = {"input_cost_per_token_batches": 1e-06, "output_cost_per_token_batches": 5e-06}
LITELLM = {
    "sample_spec": {"input_cost_per_token": 0.0, "mode": "one of: chat", "litellm_provider": "one of many"},
    "gpt-new": entry("openai", 2e-06, 1e-05, "responses", source="https://example.org/p", **BATCH),
    "claude-new": entry("anthropic", 1e-06, 5e-06),
    "together_ai/acme/m1": entry("together_ai", 3e-07, 3e-07),
    "gemini/new": entry("gemini", 0, 0),
    "mistral/embed": entry("mistral", 1e-07, 0, "embedding"),
    "cohere/x": entry("cohere", 1e-06, 1e-06),
    "broken": entry("openai", "free", True),
}


def test_prices_are_updated_from_a_file_of_litellm(tmp_path):
    file = tmp_path / "model_prices_and_context_window.json"
    file.write_text(json.dumps(LITELLM), encoding="utf-8")
    built_in = load_prices()
    result = update_prices(file, "2027-01-31")
    assert (result.added, result.changed, result.older) == (3, 0, len(built_in.by_model))
    prices = load_prices()
    assert prices.file == user_prices()
    page = "LiteLLM, citing https://example.org/p"
    assert prices.of("openai/gpt-new") == Price(2, 10, 0.5, page, "2027-01-31")
    assert prices.of("anthropic/claude-new") == Price(1, 5, 1.0, "LiteLLM", "2027-01-31")
    assert prices.of("together/acme/m1") == Price(0.3, 0.3, 1.0, "LiteLLM", "2027-01-31")
    assert prices.of("gemini/new") is None, "a price of 0 is not known"
    assert prices.of("openai/gpt-4o").dated == built_in.dated, "what the file does not have stays, with its date"
    LITELLM["gpt-new"]["input_cost_per_token"] = 4e-06
    file.write_text(json.dumps(LITELLM), encoding="utf-8")
    assert (update_prices(file, "2027-02-01").changed, load_prices().of("openai/gpt-new").input) == (1, 4.0)


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', '{"usd_per_million_tokens": {"a/b": {"input": 1}}}'])
def test_other_file_changes_no_prices(tmp_path, content):
    file = tmp_path / "prices.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(StudioError, match=r"prices\.json"):
        update_prices(file)
    assert not user_prices().exists()


def test_old_prices_are_warned_of():
    prices = Prices("2026-08-01", user_prices(), {"openai/a": Price(1, 1), "openai/b": Price(1, 1, dated="2026-11-01")})
    assert age_warning(["openai/b", "ollama/c"], prices, date(2026, 11, 28)) == ""
    assert "119 days old" in age_warning(["openai/a", "openai/b"], prices, date(2026, 11, 28))
    assert prices.dated_for(["openai/b"]) == "2026-11-01"


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
    assert found.seconds == pytest.approx(8 / 10 * WINDOW)


def test_estimate_of_the_local_model_uses_its_concurrency(workspace):
    settings = BatchSettings(Sampling(max_tokens=100), Limits(concurrency=20))
    found = estimate(workspace, ["local/smollm2"], batch_control.select_prompts(workspace), settings, load_prices())
    assert found.seconds == pytest.approx(4 * 100 / 50 / LOCAL_SLOTS)

"""Estimate of requests, tokens, cost and duration of a batch before it is launched."""

from collections.abc import Sequence
from dataclasses import dataclass

from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.domain.evaluation.rate_limits import WINDOW
from orbench_studio.providers.base import estimated_tokens
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.providers.simulated import delay
from orbench_studio.services.evaluation.prices import Prices, age_warning, cost
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation import text_lengths

_TOKENS_PER_SECOND = 50  # assumed output rate of a model
_VOTE_TOKENS = 80  # assumed length of a judgement or a vote


@dataclass(frozen=True, slots=True)
class ModelEstimate:
    """Estimate for one model: items, tokens, USD, seconds.

    Input tokens are the number of characters divided by 4. `expected_cost` assumes the mean length of this model's
    responses in the workspace, or of all models' responses. `max_cost` assumes the maximum length. A cost is None if
    the price (or the mean length) is unknown.
    """

    model: str
    items: int
    input_tokens: int
    max_output: int
    expected_cost: float | None
    max_cost: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimate for all models. `seconds` is that of the slowest model, because they run in parallel.

    `prices_dated` is the date of the oldest price that was used; `warning` warns of old prices.
    """

    models: tuple[ModelEstimate, ...]
    prices_dated: str
    warning: str = ""

    @property
    def items(self) -> int:
        return sum(model.items for model in self.models)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models without a price."""
        return tuple(model.model for model in self.models if model.max_cost is None)

    @property
    def max_cost(self) -> float:
        """Maximum cost in USD of the models with a price."""
        return sum(model.max_cost or 0.0 for model in self.models)

    @property
    def expected_cost(self) -> float | None:
        """Expected cost in USD of the models with a price; None if it is unknown for one of them."""
        known = [model.expected_cost for model in self.models if model.max_cost is not None]
        return None if any(one is None for one in known) else sum(one or 0.0 for one in known)

    @property
    def seconds(self) -> float:
        return max((model.seconds for model in self.models), default=0.0)


def estimate(
    workspace: Workspace, models: Sequence[str], prompt_ids: Sequence[int], settings: BatchSettings, prices: Prices
) -> Estimate:
    with workspace.reading() as db:
        characters = text_lengths.of_prompts(db, prompt_ids)
        mean_output = {name: text_lengths.mean_output(db, name) for name in models}
    system = estimated_tokens(settings.sampling.system or "") * len(prompt_ids)
    tokens = (characters // 4 + system) * settings.repeats
    items = len(prompt_ids) * settings.repeats
    return _dated([_model(name, items, tokens, mean_output[name], settings, prices) for name in models], prices)


def estimate_judging(
    workspace: Workspace, judges: Sequence[str], responses: Sequence[int], settings: BatchSettings, prices: Prices
) -> Estimate:
    """Estimate a judging batch; `responses` are ids."""
    with workspace.reading() as db:
        characters = text_lengths.of_responses(db, responses)
    each = [estimate_items(name, len(responses), characters, _VOTE_TOKENS, settings, prices) for name in judges]
    return _dated([model for found in each for model in found.models], prices)


def estimate_voting(
    workspace: Workspace,
    moderators: Sequence[str],
    targets: Sequence[tuple[int, int | None]],
    settings: BatchSettings,
    prices: Prices,
) -> Estimate:
    """Estimate a moderation batch; `targets` are (prompt id, response id or None)."""
    responses = [response_id for _, response_id in targets if response_id is not None]
    with workspace.reading() as db:
        prompts = [prompt_id for prompt_id, response_id in targets if response_id is None]
        characters = text_lengths.of_responses(db, responses) + text_lengths.of_prompts(db, prompts)
    each = [estimate_items(name, len(targets), characters, _VOTE_TOKENS, settings, prices) for name in moderators]
    return _dated([model for found in each for model in found.models], prices)


def estimate_items(
    model: str, items: int, characters: int, mean_output: float, settings: BatchSettings, prices: Prices
) -> Estimate:
    """Estimate items that send the template with this number of characters in total."""
    tokens = characters // 4 + estimated_tokens(settings.template or "") * items
    return _dated([_model(model, items, tokens, mean_output, settings, prices)], prices)


def _dated(estimates: Sequence[ModelEstimate], prices: Prices) -> Estimate:
    models = [estimate.model for estimate in estimates]
    return Estimate(tuple(estimates), prices.dated_for(models), age_warning(models, prices))


def _model(
    name: str, items: int, tokens: int, mean_output: float | None, settings: BatchSettings, prices: Prices
) -> ModelEstimate:
    price = prices.of(name, settings.base_urls.get(name))
    max_tokens = items * settings.sampling.max_tokens
    expected = None if mean_output is None else round(min(items * mean_output, max_tokens))
    costs = [
        None if output is None else cost(price, tokens, output, batch=settings.vendor_batch)
        for output in (expected, max_tokens)
    ]
    concurrency = endpoint(name, settings.base_urls.get(name)).concurrency(settings.limits.concurrency)
    wait = delay(name)
    needed = (max_tokens if expected is None else expected) / _TOKENS_PER_SECOND if wait is None else items * wait
    seconds = needed / concurrency
    for limit, amount in (
        (settings.limits.requests_per_minute, items),
        (settings.limits.tokens_per_minute, tokens + (expected or max_tokens)),
    ):
        if limit:
            seconds = max(seconds, amount / limit * WINDOW)
    return ModelEstimate(name, items, tokens, max_tokens, costs[0], costs[1], seconds)

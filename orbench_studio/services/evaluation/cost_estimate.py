"""What a batch will send, cost and take, before it is launched: from what is known, and marked where it is guessed."""

from collections.abc import Sequence
from dataclasses import dataclass

from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.providers.base import guessed_tokens
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.services.evaluation.prices import Prices, cost
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation import text_lengths

_TOKENS_A_SECOND = 50  # that a model writes, where nothing is known
_MINUTE = 60
_A_VOTE = 80  # tokens of a judgement or a vote


@dataclass(frozen=True, slots=True)
class ModelEstimate:
    """One model: items, tokens, USD.

    Input tokens are a quarter of the characters. `likely_output` is what this model's answers in the workspace had on
    average, or those of all models where it has none; None where there are no answers to go by. `most_cost` is with
    every answer as long as it may be. Costs are None where the price (or the likely length) is unknown.
    """

    model: str
    items: int
    input_tokens: int
    likely_output: int | None
    most_output: int
    likely_cost: float | None
    most_cost: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """All models; `seconds` is that of the slowest, since they run side by side, at 50 tokens a second a request."""

    models: tuple[ModelEstimate, ...]
    prices_dated: str

    @property
    def items(self) -> int:
        """How many requests there will be."""
        return sum(model.items for model in self.models)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models whose price is unknown."""
        return tuple(model.model for model in self.models if model.most_cost is None)

    @property
    def most_cost(self) -> float:
        """USD at most, of the models that have a price."""
        return sum(model.most_cost or 0.0 for model in self.models)

    @property
    def likely_cost(self) -> float | None:
        """USD to be expected; None where that is unknown of any model that has a price."""
        known = [model.likely_cost for model in self.models if model.most_cost is not None]
        return None if any(one is None for one in known) else sum(one or 0.0 for one in known)

    @property
    def seconds(self) -> float:
        """How long it will take, roughly."""
        return max((model.seconds for model in self.models), default=0.0)


def estimate(
    workspace: Workspace, models: Sequence[str], prompt_ids: Sequence[int], settings: BatchSettings, prices: Prices
) -> Estimate:
    """What putting the prompts to the models will send, cost and take."""
    with workspace.reading() as db:
        characters = text_lengths.of_prompts(db, prompt_ids)
        likely = {name: text_lengths.mean_output(db, name) for name in models}
    system = guessed_tokens(settings.sampling.system or "") * len(prompt_ids)
    tokens = (characters // 4 + system) * settings.repeats
    items = len(prompt_ids) * settings.repeats
    return Estimate(tuple(_model(name, items, tokens, likely[name], settings, prices) for name in models), prices.dated)


def estimate_judging(
    workspace: Workspace, judges: Sequence[str], responses: Sequence[int], settings: BatchSettings, prices: Prices
) -> Estimate:
    """What putting the responses to the judges will send, cost and take; `responses` are ids."""
    with workspace.reading() as db:
        characters = text_lengths.of_responses(db, responses)
    each = [estimate_items(name, len(responses), characters, _A_VOTE, settings, prices) for name in judges]
    return Estimate(tuple(model for found in each for model in found.models), prices.dated)


def estimate_voting(
    workspace: Workspace,
    moderators: Sequence[str],
    targets: Sequence[tuple[int, int | None]],
    settings: BatchSettings,
    prices: Prices,
) -> Estimate:
    """What votes will send, cost and take; `targets` are (prompt id, response id or None)."""
    responses = [response_id for _, response_id in targets if response_id is not None]
    with workspace.reading() as db:
        prompts = [prompt_id for prompt_id, response_id in targets if response_id is None]
        characters = text_lengths.of_responses(db, responses) + text_lengths.of_prompts(db, prompts)
    each = [estimate_items(name, len(targets), characters, _A_VOTE, settings, prices) for name in moderators]
    return Estimate(tuple(model for found in each for model in found.models), prices.dated)


def estimate_items(
    model: str, items: int, characters: int, likely: float, settings: BatchSettings, prices: Prices
) -> Estimate:
    """What so many items will send, cost and take, that put a template and so many characters together to a model."""
    tokens = characters // 4 + guessed_tokens(settings.template or "") * items
    return Estimate((_model(model, items, tokens, likely, settings, prices),), prices.dated)


def _model(
    name: str, items: int, tokens: int, likely: float | None, settings: BatchSettings, prices: Prices
) -> ModelEstimate:
    price = prices.of(name, settings.base_urls.get(name))
    longest = items * settings.sampling.max_tokens
    expected = None if likely is None else round(min(items * likely, longest))
    costs = [
        None if output is None else cost(price, tokens, output, batch=settings.vendor_batch)
        for output in (expected, longest)
    ]
    at_once = endpoint(name, settings.base_urls.get(name)).at_most(settings.limits.concurrency)
    seconds = (longest if expected is None else expected) / _TOKENS_A_SECOND / at_once
    for limit, amount in (
        (settings.limits.requests_per_minute, items),
        (settings.limits.tokens_per_minute, tokens + (expected or longest)),
    ):
        if limit:
            seconds = max(seconds, amount / limit * _MINUTE)
    return ModelEstimate(name, items, tokens, expected, longest, costs[0], costs[1], seconds)

"""Batches that write seeds and rewrite them into prompts (arXiv 2405.20947, sections 3.1 and 3.2)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil

from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.evaluation.batch import Batch, BatchKind, BatchSettings
from orbench_studio.errors import NothingLeftError, StudioError
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import TemplateName
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.cost_estimate import Estimate, estimate_items
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation import batches, generated_texts, text_lengths
from orbench_studio.store.evaluation.batches import GenerationRequest
from orbench_studio.store.evaluation.generated_texts import SetAside, Unread

ROUNDS = 1  # default number of times that toxic rewrites become seeds again
_SEEDS_PER_REQUEST = 10
_TOKENS_PER_TEXT = 40  # in a reply, on average

__all__ = ["GenerationRequest", "SetAside", "Unread"]


def seed_requests(categories: Sequence[Category], each: int) -> tuple[list[GenerationRequest], int]:
    """Requests for `each` seeds per category, and the number of seeds per request."""
    if each < 1 or not categories:
        raise StudioError("Enter at least one seed per category and at least one category.")
    lists = ceil(each / _SEEDS_PER_REQUEST)
    requests = [GenerationRequest(category=category, sample=n) for category in categories for n in range(lists)]
    return requests, ceil(each / lists)


def rewrite_requests(
    workspace: Workspace,
    model: str,
    *,
    categories: Sequence[Category] = (),
    rounds: int = ROUNDS,
    again: bool = False,
    limit: int | None = None,
) -> list[GenerationRequest]:
    """Requests for seeds of at most `rounds` rounds that the model has not rewritten, or for all with `again`."""
    with workspace.reading() as db:
        found = generated_texts.pool(db, categories=categories, rounds=rounds, model=None if again else model)
    if not found:
        raise NothingLeftError(
            f"No seeds to rewrite: all have rewrites by {model} or pending requests. Write or import seeds."
        )
    return [GenerationRequest(seed_id=seed_id) for seed_id in found[:limit]]


def create(
    workspace: Workspace,
    kind: BatchKind,
    model: str,
    requests: Sequence[GenerationRequest],
    settings: BatchSettings,
    prices: Prices,
) -> Batch:
    """Create a batch that writes seeds (SEEDING) or rewrites (REWRITING) without starting it."""
    check(kind, model, settings, prices)
    with workspace.writing() as db:
        batch_id = batches.create(db, f"{_TITLES[kind]} by {model}", kind, settings, datetime.now(UTC))
        batches.add_generation_requests(db, batch_id, batch_control.model_id(db, model, settings), requests)
        return batch_control.load_batch(db, batch_id)


def check(kind: BatchKind, model: str, settings: BatchSettings, prices: Prices) -> None:
    """Check model, template and settings. Raises StudioError if they are invalid."""
    templates.require_placeholders(_TEMPLATES[kind], settings.template)
    batch_control.check([model], settings, prices)


def estimate(
    workspace: Workspace, model: str, requests: Sequence[GenerationRequest], settings: BatchSettings, prices: Prices
) -> Estimate:
    with workspace.reading() as db:
        characters = text_lengths.of_seeds(db, [one.seed_id for one in requests if one.seed_id is not None])
    return estimate_items(model, len(requests), characters, settings.texts * _TOKENS_PER_TEXT, settings, prices)


def return_toxic(workspace: Workspace, rounds: int = ROUNDS) -> Changes:
    """Turn rewrites with the final label toxic into seeds, unless their seed has gone through `rounds` rounds."""
    with workspace.writing() as db:
        returned = generated_texts.return_toxic(db, rounds)
    if not returned:
        return Changes(
            message="No toxic rewrites to return: there are none, or their seeds have reached the limit of rounds."
        )
    return Changes(frozenset({Kind.PROMPTS}), (), f"Toxic rewrites returned as seeds: {returned:,}.")


def duplicates(workspace: Workspace, *, seeds: bool) -> list[SetAside]:
    """The latest 1,000 rejected duplicates and near duplicates among seeds or rewrites, latest first."""
    with workspace.reading() as db:
        return generated_texts.set_aside(db, seeds=seeds, limit=1_000)


def replies_without_text(workspace: Workspace) -> list[Unread]:
    """The latest 1,000 replies of writers in which no text was found, latest first."""
    with workspace.reading() as db:
        return generated_texts.unread(db, 1_000)


_TITLES = {BatchKind.SEEDING: "seeds", BatchKind.REWRITING: "rewrites"}
_TEMPLATES = {BatchKind.SEEDING: TemplateName.SEEDING, BatchKind.REWRITING: TemplateName.REWRITING}

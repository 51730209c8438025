"""Writing seeds and rewriting them (arXiv 2405.20947, sections 3.1 and 3.2): each a batch like any other."""

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

ROUNDS = 1  # how often a toxic rewrite becomes a seed again, unless said otherwise
_AT_ONCE = 10  # seeds that are asked for in one reply
_TOKENS = 40  # that a text takes in a reply, about

__all__ = ["GenerationRequest", "SetAside", "Unread"]


def lists(categories: Sequence[Category], each: int) -> tuple[list[GenerationRequest], int]:
    """So many seeds a category, as lists to be asked for, and how long each list is."""
    if each < 1 or not categories:
        raise StudioError("Say how many seeds are to be written, and for which categories.")
    requests = ceil(each / _AT_ONCE)
    asked = [
        GenerationRequest(category=category, sample=sample) for category in categories for sample in range(requests)
    ]
    return asked, ceil(each / requests)


def choose_seeds(
    workspace: Workspace,
    model: str,
    *,
    categories: Sequence[Category] = (),
    rounds: int = ROUNDS,
    again: bool = False,
    limit: int | None = None,
) -> list[GenerationRequest]:
    """The seeds that the model is to rewrite: those it has not, or all with `again`; at most so many rounds old."""
    with workspace.reading() as db:
        found = generated_texts.pool(db, categories=categories, rounds=rounds, model=None if again else model)
    if not found:
        raise NothingLeftError(
            f"There are no seeds to rewrite that {model} has not rewritten, or is about to. Write or import more."
        )
    return [GenerationRequest(seed_id=seed_id) for seed_id in found[:limit]]


def create(
    workspace: Workspace,
    kind: BatchKind,
    model: str,
    asked: Sequence[GenerationRequest],
    settings: BatchSettings,
    prices: Prices,
) -> Batch:
    """Write a batch of lists down, to be written (SEEDING) or as rewrites (REWRITING); nothing is sent yet."""
    check(kind, model, settings, prices)
    with workspace.writing() as db:
        batch_id = batches.create(db, f"{_DOES[kind]} by {model}", kind, settings, datetime.now(UTC))
        batches.add_generation_requests(db, batch_id, batch_control.model_id(db, model, settings), asked)
        return batch_control.load_batch(db, batch_id)


def check(kind: BatchKind, model: str, settings: BatchSettings, prices: Prices) -> None:
    """Whether the model can be asked so; StudioError says why not."""
    templates.require_placeholders(_WORDINGS[kind], settings.template)
    batch_control.check([model], settings, prices)


def estimate(
    workspace: Workspace, model: str, asked: Sequence[GenerationRequest], settings: BatchSettings, prices: Prices
) -> Estimate:
    """What asking for the lists will send, cost and take."""
    with workspace.reading() as db:
        characters = text_lengths.of_seeds(db, [one.seed_id for one in asked if one.seed_id is not None])
    return estimate_items(model, len(asked), characters, settings.texts * _TOKENS, settings, prices)


def return_toxic(workspace: Workspace, rounds: int = ROUNDS) -> Changes:
    """Put rewrites whose final label is toxic back among the seeds: those that come of fewer rounds than these."""
    with workspace.writing() as db:
        returned = generated_texts.return_toxic(db, rounds)
    if not returned:
        return Changes(message="No rewrite is toxic and young enough to become a seed.")
    return Changes(frozenset({Kind.PROMPTS}), (), f"{returned:,} toxic rewrites are seeds now.")


def set_aside(workspace: Workspace, *, seeds: bool, limit: int = 1_000) -> list[SetAside]:
    """Texts that repeat what was there already, or nearly, the latest first: of those written as seeds, or rewrites."""
    with workspace.reading() as db:
        return generated_texts.set_aside(db, seeds=seeds, limit=limit)


def unread(workspace: Workspace, *, limit: int = 1_000) -> list[Unread]:
    """Replies of writers in which there was no text, the latest first."""
    with workspace.reading() as db:
        return generated_texts.unread(db, limit)


_DOES = {BatchKind.SEEDING: "seeds", BatchKind.REWRITING: "rewrites"}
_WORDINGS = {BatchKind.SEEDING: TemplateName.SEEDING, BatchKind.REWRITING: TemplateName.REWRITING}

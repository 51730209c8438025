"""Batches as people handle them: choose prompts, estimate, create, look, pause, cancel, try again.

Nothing here sends anything; `running.Runner` does.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.model import family
from orbench_studio.domain.evaluation.batch import (
    Batch,
    BatchKind,
    BatchProgress,
    BatchSettings,
    BatchState,
    Cause,
    FailedItem,
    ItemState,
)
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.errors import StudioError, WorkspaceError
from orbench_studio.providers.endpoints import Protocol, endpoint
from orbench_studio.services.evaluation.batch_tasks import sampling_for
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import clock
from orbench_studio.store.core.bulk_sql import id_of
from orbench_studio.store.core.tables import MODELS
from orbench_studio.store.curation import subsets
from orbench_studio.store.evaluation import batches, item_claims
from orbench_studio.store.review import queue

log = logging.getLogger(__name__)
CHANGED = Changes(frozenset({Kind.BATCHES}))


def choose(
    workspace: Workspace, *, wanted: QueueFilter | None = None, subset: str | None = None, limit: int | None = None
) -> list[int]:
    """The prompts of a filter or of a subset, in their order; all of them where neither is given."""
    with workspace.reading() as db:
        if subset is not None:
            found = subsets.prompts(db, subset)
            if found is None:
                known = ", ".join(subsets.names(db)) or "none"
                raise StudioError(f"There is no subset {subset!r}. The workspace has: {known}.")
        else:
            found = list(queue.ids(db, wanted or QueueFilter()))
    chosen = found[:limit]
    if not chosen:
        raise StudioError("There are no prompts to evaluate: nothing in the workspace is let through.")
    return chosen


def create(
    workspace: Workspace,
    models: Sequence[str],
    prompt_ids: Sequence[int],
    settings: BatchSettings,
    *,
    prices: Prices,
    name: str = "",
    judge: str = "",
) -> Batch:
    """Write a batch down with all its items; nothing is sent before `Runner.start`.

    Once it is finished, `judge` is to judge its answers: see `following`.
    """
    check(models, settings, prices)
    with workspace.writing() as db:
        title, at = name or _name(models), datetime.now(UTC)
        batch_id = batches.create(db, title, BatchKind.EVALUATION, settings, at, judge or None)
        for model in models:
            batches.add_prompts(db, batch_id, model_id(db, model, settings), prompt_ids, settings.repeats)
        log.info("batch %d written down: %d prompts, %s", batch_id, len(prompt_ids), ", ".join(models))
        return require(db, batch_id)


def check(models: Sequence[str], settings: BatchSettings, prices: Prices) -> None:
    """Whether models so named can be asked within the settings; StudioError says why not."""
    if not models:
        raise StudioError("Name at least one model, such as openai/gpt-4o or ollama/llama3.")
    if len(set(models)) != len(models):
        raise StudioError("A model is named twice. To ask it several times, set repeats.")
    for model in models:
        place = endpoint(model, settings.base_urls.get(model))
        sampling = sampling_for(settings.sampling, model)
        if place.protocol is Protocol.MESSAGES and sampling.extra.get("seed", sampling.seed) is not None:
            raise StudioError(
                f"{model} takes no seed. Leave the seed out, or take it out for this model alone, with the parameter "
                f"{model}:seed=null."
            )
        if settings.limits.max_cost is not None and prices.of(model, settings.base_urls.get(model)) is None:
            raise StudioError(
                f"{model} has no price, so a cap on the cost could not be kept. Put its price into a file of your own "
                f"(a copy of {prices.file.name}), or launch without a cap."
            )


def model_id(db: Connection, name: str, settings: BatchSettings) -> int:
    """The model's row; one that makes its answers up is marked as simulated."""
    simulated = endpoint(name, settings.base_urls.get(name)).simulated
    return id_of(db, MODELS, {"name": name}, simulated=simulated, family=family(name))


def require(db: Connection, batch_id: int) -> Batch:
    """The batch, which must be there."""
    batch = batches.load(db, batch_id)
    if batch is None:
        raise WorkspaceError(f"There is no batch {batch_id} in the workspace.")
    return batch


def progress(workspace: Workspace, batch_id: int) -> BatchProgress:
    """How far a batch is, whichever process is at it; takes the same short time for any size."""
    with workspace.reading() as db:
        return look(db, batch_id)


def overview(workspace: Workspace) -> list[BatchProgress]:
    """All batches, the newest first."""
    with workspace.reading() as db:
        return [look(db, batch.id) for batch in batches.every(db)]


def look(db: Connection, batch_id: int) -> BatchProgress:
    """How far a batch is, and which processes have shown themselves at it of late."""
    workers = item_claims.workers(db, batch_id, clock.now(db))
    return BatchProgress(require(db, batch_id), batches.progress(db, batch_id), workers)


def failures(
    workspace: Workspace, batch_id: int, *, causes: Sequence[Cause] = (), limit: int = 1_000
) -> list[FailedItem]:
    """Items that were given up (for these causes, or for any), in order; each with its cause."""
    with workspace.reading() as db:
        return batches.failures(db, batch_id, limit, causes)


def hand_over(workspace: Workspace, batch_id: int) -> None:
    """Leave a batch to the workers at the workspace: it is running from now on, and nobody is at it here."""
    with workspace.writing() as db:
        become(db, batch_id, BatchState.RUNNING)


def pause(workspace: Workspace, batch_id: int) -> Changes:
    """Send nothing more, in whatever process; what is under way comes home. The batch can go on at any time."""
    with workspace.writing() as db:
        if become(db, batch_id, BatchState.PAUSED):
            return CHANGED
    return Changes(message=f"Batch {batch_id} is paused already.")


def cancel(workspace: Workspace, batch_id: int) -> Changes:
    """Give up what has not been answered. What was answered stays; what is under way comes home and counts.

    Also what processes have, for one that was killed would never give it up.
    """
    with workspace.writing() as db:
        if not become(db, batch_id, BatchState.CANCELLED):
            return Changes(message=f"Batch {batch_id} is cancelled already.")
        for state in (ItemState.PENDING, ItemState.CLAIMED):
            batches.move(db, batch_id, state, ItemState.CANCELLED)
    return CHANGED


def retry(workspace: Workspace, batch_id: int, causes: Sequence[Cause] = ()) -> Changes:
    """Put the failed items (for these causes, or for any) back among those to be sent; a `Runner` sends them."""
    with workspace.writing() as db:
        batch = require(db, batch_id)
        if batch.state is BatchState.CANCELLED:
            raise StudioError(f"Batch {batch_id} was cancelled. Launch a new one for its prompts.")
        moved = batches.move(db, batch_id, ItemState.FAILED, ItemState.PENDING, causes)
        if not moved:
            which = f" for {', '.join(causes)}" if causes else ""
            return Changes(message=f"Batch {batch_id} has no items that failed{which}.")
        if batch.state is BatchState.FINISHED:
            become(db, batch_id, BatchState.READY)
    return Changes(
        CHANGED.kinds, (), "1 item will be tried again." if moved == 1 else f"{moved:,} items will be tried again."
    )


def raise_cap(workspace: Workspace, batch_id: int, max_cost: float | None) -> Changes:
    """Change what the batch may cost in all, in USD; None for no cap."""
    with workspace.writing() as db:
        settings = require(db, batch_id).settings
        batches.keep_settings(db, batch_id, replace(settings, limits=replace(settings.limits, max_cost=max_cost)))
    return CHANGED


def send_rest_live(workspace: Workspace, batch_id: int) -> Changes:
    """What the vendor's own batches have not done is taken back from them and sent one by one, at the next run."""
    with workspace.writing() as db:
        batches.keep_settings(db, batch_id, replace(require(db, batch_id).settings, vendor_batch=False))
    return CHANGED


def become(db: Connection, batch_id: int, state: BatchState, note: str | None = None) -> bool:
    """Put a batch into a state; False where it is in it. StudioError where that may not follow.

    The note stays out of the log: it may have a vendor's sentence in it.
    """
    before = require(db, batch_id).state
    if before is state:
        return False
    if not before.may_become(state):
        raise StudioError(f"Batch {batch_id} is {before}: it cannot become {state}.")
    batches.become(db, batch_id, state, note)
    log.info("batch %d %s", batch_id, state)
    return True


def _name(models: Sequence[str]) -> str:
    return models[0] if len(models) == 1 else f"{models[0]} and {len(models) - 1} more"

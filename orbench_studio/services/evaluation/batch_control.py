"""Control of batches: select prompts, create, show progress, pause, cancel, retry. Runners send the requests."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.model_family import family
from orbench_studio.domain.evaluation.batch import Batch, BatchKind, BatchProgress, BatchSettings, Cause, FailedItem
from orbench_studio.domain.evaluation.states import TO_SEND, UNFINISHED, BatchAction, BatchState, ItemState
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.errors import StudioError, WorkspaceError
from orbench_studio.formats.small_text import text_of
from orbench_studio.providers.endpoints import Protocol, endpoint
from orbench_studio.services.evaluation.batch_tasks import sampling_for
from orbench_studio.services.evaluation.prices import Prices, user_prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import clock
from orbench_studio.store.core.bulk_insert import id_of
from orbench_studio.store.core.tables import MODELS
from orbench_studio.store.curation import subsets
from orbench_studio.store.evaluation import batches, item_claims
from orbench_studio.store.review import queue

log = logging.getLogger(__name__)
CHANGED = Changes(frozenset({Kind.BATCHES}))


def select_prompts(
    workspace: Workspace, *, wanted: QueueFilter | None = None, subset: str | None = None, limit: int | None = None
) -> list[int]:
    """The ids of the prompts of a filter or of a subset, in order; all prompts by default."""
    with workspace.reading() as db:
        if subset is not None:
            found = subsets.prompts(db, subset)
            if found is None:
                known = ", ".join(subsets.names(db)) or "none"
                raise StudioError(f"There is no subset {subset!r}. The workspace has these subsets: {known}.")
        else:
            found = list(queue.ids(db, wanted or QueueFilter()))
    if not found:
        raise StudioError("There are no prompts to evaluate. No prompts match the filter.")
    return found[:limit]


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
    """Create a batch with all its items. Nothing is sent before a runner starts.

    After the batch is completed, `judge` judges its responses: see `judge_batches.start_follow_ups`.
    """
    check(models, settings, prices)
    with workspace.writing() as db:
        title, at = name or _name(models), datetime.now(UTC)
        batch_id = batches.create(db, title, BatchKind.EVALUATION, settings, at, judge or None)
        for model in models:
            batches.add_prompts(db, batch_id, model_id(db, model, settings), prompt_ids, settings.repeats)
        log.info("batch %d created: %d prompts, %s", batch_id, len(prompt_ids), ", ".join(models))
        return load_batch(db, batch_id)


def check(models: Sequence[str], settings: BatchSettings, prices: Prices) -> None:
    """Check the names of the models and whether they support the settings; raise StudioError if not."""
    if not models:
        raise StudioError("Name at least one model, such as openai/gpt-4o or ollama/llama3.")
    if len(set(models)) != len(models):
        raise StudioError("A model is listed twice. To send each prompt several times, use repeats.")
    for model in models:
        place = endpoint(model, settings.base_urls.get(model))
        sampling = sampling_for(settings.sampling, model)
        if place.protocol is Protocol.MESSAGES and sampling.extra.get("seed", sampling.seed) is not None:
            raise StudioError(
                f"{model} does not support a seed. Remove the seed, or remove it for this model with the parameter "
                f"{model}:seed=null."
            )
        if settings.limits.max_cost is not None and prices.of(model, settings.base_urls.get(model)) is None:
            raise StudioError(
                f"{model} has no price, so the cost limit cannot be enforced. Add its price to a copy of "
                f"{prices.file.name} in {user_prices().parent}, or launch without a cost limit."
            )


def model_id(db: Connection, name: str, settings: BatchSettings) -> int:
    """The id of the model; it is added if it is new. Simulated models are marked."""
    simulated = endpoint(name, settings.base_urls.get(name)).simulated
    return id_of(db, MODELS, {"name": name}, simulated=simulated, family=family(name))


def load_batch(db: Connection, batch_id: int) -> Batch:
    """The batch; WorkspaceError if there is none with this number."""
    batch = batches.load(db, batch_id)
    if batch is None:
        raise WorkspaceError(f"There is no batch {batch_id} in this workspace.")
    return batch


def progress(workspace: Workspace, batch_id: int) -> BatchProgress:
    """Progress of a batch, whichever process runs it. Takes the same short time for any size."""
    with workspace.reading() as db:
        return load_progress(db, batch_id)


def overview(workspace: Workspace) -> list[BatchProgress]:
    """Progress of all batches, newest first."""
    with workspace.reading() as db:
        return [load_progress(db, batch.id) for batch in batches.load_all(db)]


def load_progress(db: Connection, batch_id: int) -> BatchProgress:
    """Progress of a batch, and the processes with a recent heartbeat."""
    workers = item_claims.workers(db, batch_id, clock.now(db))
    return BatchProgress(load_batch(db, batch_id), batches.progress(db, batch_id), workers)


def failures(
    workspace: Workspace, batch_id: int, *, causes: Sequence[Cause] = (), limit: int = 1_000
) -> list[FailedItem]:
    """Failed items, in order; `causes` selects some."""
    with workspace.reading() as db:
        return batches.failures(db, batch_id, limit, causes)


def queue_for_workers(workspace: Workspace, batch_id: int) -> None:
    """Leave a batch to the workers of the workspace: it is `running`, without a process here."""
    with workspace.writing() as db:
        apply(db, batch_id, BatchAction.START)


def read_text(file: Path) -> str:
    """The text of a file, such as a system prompt; StudioError if it cannot be read."""
    return text_of(file).strip()


def pause(workspace: Workspace, batch_id: int) -> Changes:
    """Send no more requests, in any process. In-flight requests finish."""
    with workspace.writing() as db:
        if apply(db, batch_id, BatchAction.PAUSE):
            return CHANGED
    return Changes(message=f"Batch {batch_id} is already paused.")


def cancel(workspace: Workspace, batch_id: int) -> Changes:
    """Cancel all items without a result. Results are kept; in-flight requests finish and count.

    This includes claimed items, because a killed process would never release them.
    """
    with workspace.writing() as db:
        if not apply(db, batch_id, BatchAction.CANCEL):
            return Changes(message=f"Batch {batch_id} is already cancelled.")
        for state in TO_SEND:
            batches.move(db, batch_id, state, ItemState.CANCELLED)
    return CHANGED


def retry(workspace: Workspace, batch_id: int, causes: Sequence[Cause] = ()) -> Changes:
    """Put failed items back to pending; `causes` selects some. A runner sends them."""
    with workspace.writing() as db:
        require_allowed(db, batch_id, BatchAction.RETRY)
        moved = batches.move(db, batch_id, ItemState.FAILED, ItemState.PENDING, causes)
        if not moved and not batches.stopped_models(db, batch_id):
            names = ", ".join(cause.label for cause in causes)
            which = f"failed items with the cause: {names}" if causes else "failed items"
            return Changes(message=f"Batch {batch_id} has no {which}.")
        apply(db, batch_id, BatchAction.RETRY)
    if not moved:
        return Changes(CHANGED.kinds, (), "The stopped models will be used again.")
    return Changes(CHANGED.kinds, (), "1 item will be retried." if moved == 1 else f"{moved:,} items will be retried.")


def restart_models(workspace: Workspace, batch_id: int) -> Changes:
    """Use the stopped models of a running batch again, for example with a new key."""
    with workspace.writing() as db:
        batches.restart_models(db, batch_id)
    return CHANGED


def set_cost_limit(workspace: Workspace, batch_id: int, max_cost: float | None) -> Changes:
    """Set the cost limit of the whole batch in USD; None for no limit."""
    with workspace.writing() as db:
        settings = load_batch(db, batch_id).settings
        batches.update_settings(db, batch_id, replace(settings, limits=replace(settings.limits, max_cost=max_cost)))
    return CHANGED


def send_rest_live(workspace: Workspace, batch_id: int) -> Changes:
    """At the next run, cancel open vendor batches and send their remaining items live."""
    with workspace.writing() as db:
        batches.update_settings(db, batch_id, replace(load_batch(db, batch_id).settings, vendor_batch=False))
    return CHANGED


def apply(db: Connection, batch_id: int, action: BatchAction, note: str | None = None) -> bool:
    """Change the state of a batch by an action; False if the state stays. StudioError if the action is not allowed.

    The log does not contain the note, because it may quote a vendor.
    """
    before, after = require_allowed(db, batch_id, action)
    if action in (BatchAction.START, BatchAction.RETRY):
        batches.restart_models(db, batch_id)
    if after is before:
        return False
    batches.set_state(db, batch_id, after, note)
    log.info("batch %d %s", batch_id, after.label)
    return True


def end_if_done(db: Connection, batch_id: int) -> bool:
    """Complete a running batch if all items have a result; fail it if only stopped models have some left."""
    stopped, names = batches.stopped_models(db, batch_id), batches.models(db, batch_id)
    if batches.has_items(db, batch_id, UNFINISHED, names.keys() - stopped.keys()):
        return False
    reasons = [
        f"{names[model_id]}: {reason}"
        for model_id, reason in stopped.items()
        if batches.has_items(db, batch_id, UNFINISHED, [model_id])
    ]
    if reasons:
        log.info("batch %d: %d models stopped", batch_id, len(reasons))
        apply(db, batch_id, BatchAction.FAIL, " ".join(reasons))
    else:
        apply(db, batch_id, BatchAction.COMPLETE)
    return True


def require_allowed(db: Connection, batch_id: int, action: BatchAction) -> tuple[BatchState, BatchState]:
    """The states before and after an action; StudioError if it is not allowed."""
    before = load_batch(db, batch_id).state
    after = before.after(action)
    if after is None:
        hint = " Launch a new batch for its prompts." if before is BatchState.CANCELLED else ""
        raise StudioError(f"Batch {batch_id} is {before.label} and cannot be {action}.{hint}")
    return before, after


def _name(models: Sequence[str]) -> str:
    return models[0] if len(models) == 1 else f"{models[0]} and {len(models) - 1} more"

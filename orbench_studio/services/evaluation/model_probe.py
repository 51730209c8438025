"""Probe which request parameters a model rejects, before a vendor batch, which cannot adapt.

The result is stored with the batch. A live batch needs no probe: the vendor rejects its first requests before
processing them, at no cost, and they are sent again at once.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from orbench_studio.domain.evaluation.adaptation import Adaptation, describe
from orbench_studio.providers.base import ProviderError, Request
from orbench_studio.providers.endpoints import Endpoint
from orbench_studio.providers.registry import open_provider
from orbench_studio.services.evaluation.batch_control import load_batch
from orbench_studio.services.evaluation.batch_tasks import Task
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation import batches

log = logging.getLogger(__name__)
_TEXT = "Hello"
_MAX_TOKENS = 16  # the smallest limit that all vendors accept

Adaptations = Mapping[str, Sequence[Adaptation]]


def probe(target: Endpoint, task: Task, known: Collection[Adaptation]) -> tuple[Adaptation, ...]:
    """The adaptations that the model needs for the requests of a batch, found with one request of a few tokens.

    Any other error is left to the batch.
    """
    request = task.probe(target.name, target.model, _TEXT)
    small = replace(request, sampling=replace(request.sampling, max_tokens=_MAX_TOKENS))
    return asyncio.run(_probe(target, small, known))


async def _probe(target: Endpoint, request: Request, known: Collection[Adaptation]) -> tuple[Adaptation, ...]:
    provider = open_provider(target, known)
    try:
        await provider.complete(request)
    except ProviderError as error:
        log.info("%s: the probe failed, %s", target.name, error.cause.label)
    finally:
        await provider.close()
    return tuple(provider.adaptations)


def unrecorded(found: Adaptations, recorded: Adaptations) -> Adaptations:
    return {name: some for name, some in found.items() if set(some) - set(recorded.get(name, ()))}


def record(workspace: Workspace, batch_id: int, found: Adaptations) -> None:
    """Record adaptations with the batch; other processes may have recorded some."""
    with workspace.writing() as db:
        settings = load_batch(db, batch_id).settings
        merged = {name: tuple(dict.fromkeys((*settings.adaptations.get(name, ()), *found[name]))) for name in found}
        batches.update_settings(db, batch_id, replace(settings, adaptations={**settings.adaptations, **merged}))
    for name, some in found.items():
        log.info("batch %d: %s", batch_id, describe(name, some))

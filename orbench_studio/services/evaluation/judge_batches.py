"""Judging stored responses with language models: nothing is generated again, the batch machinery is the same."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from orbench_studio.domain.evaluation.batch import (
    CLASS_TOKENS,
    Batch,
    BatchKind,
    BatchSettings,
    BatchState,
    ItemState,
    Sampling,
)
from orbench_studio.errors import StudioError
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import Template, TemplateName
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import responses
from orbench_studio.store.evaluation import batches

log = logging.getLogger(__name__)


class Unjudged(NamedTuple):
    """A response that a judge may be asked about."""

    response_id: int
    prompt_id: int


def load_template(file: Path | None = None) -> Template:
    """The judge's instructions in a file, or the studio's own."""
    return templates.load(TemplateName.JUDGING, file)


def choose(
    workspace: Workspace,
    judges: Sequence[str],
    *,
    models: Sequence[str] = (),
    prompt_ids: Sequence[int] | None = None,
    batch_id: int | None = None,
    template: Template | None = None,
    again: bool = False,
    limit: int | None = None,
) -> list[Unjudged]:
    """The responses with something to judge: of these models, prompts and batch, all of them where none are named.

    Blocked, empty and failed responses are left out, and those that every judge has judged with this template already
    unless `again`.
    """
    with workspace.reading() as db:
        skip = () if again else tuple(judges)
        found = responses.to_judge(
            db, models=models, prompt_ids=prompt_ids, batch_id=batch_id, judges=skip,
            template_hash=(template or load_template()).hash,
        )  # fmt: skip
    chosen = [Unjudged(*pair) for pair in found[:limit]]
    if not chosen:
        raise StudioError("There are no responses to judge: none is there that these judges have not judged already.")
    return chosen


def settings_after(settings: BatchSettings, template: Template) -> BatchSettings:
    """How a judge is asked about the answers of a batch with these settings: within the same limits, once more."""
    return BatchSettings(Sampling(max_tokens=CLASS_TOKENS), settings.limits, template=template.text)


def create(
    workspace: Workspace,
    judges: Sequence[str],
    chosen: Sequence[Unjudged],
    settings: BatchSettings,
    *,
    prices: Prices,
    name: str = "",
) -> Batch:
    """Write a judging batch down; `settings.template` has the instructions."""
    templates.require_markers(TemplateName.JUDGING, settings.template)
    batch_control.check(judges, settings, prices)
    with workspace.writing() as db:
        return batch_control.require(db, _write_down(db, judges, chosen, settings, name))


class Following(NamedTuple):
    """What follows a finished batch: a batch in which its answers are judged, or one of the studio's own judges."""

    batch_id: int
    judging: int | None = None
    builtin_judge: str | None = None


def follow(workspace: Workspace) -> list[Following]:
    """Launch the judging that was asked for with batches which are finished by now, whoever finished them; each once.

    A batch for a language model is running from then on: any worker may take it. What one of the studio's own judges
    is to do is for the caller.
    """
    with workspace.reading() as db:
        if not batches.to_be_judged(db):
            return []
    template = load_template()
    with workspace.writing() as db:
        return [found for batch in batches.to_be_judged(db) if (found := _follow(db, batch, template))]


def _follow(db: Connection, batch: Batch, template: Template) -> Following | None:
    judge = batch.judge or ""
    batches.forget_judge(db, batch.id)
    if not batches.has_items(db, batch.id, (ItemState.DONE,)):
        return None
    if judge in BUILTIN_JUDGES:
        return Following(batch.id, builtin_judge=judge)
    found = responses.to_judge(
        db, models=(), prompt_ids=None, batch_id=batch.id, judges=(judge,), template_hash=template.hash
    )
    if not found:
        return None
    chosen = [Unjudged(*pair) for pair in found]
    batch_id = _write_down(db, [judge], chosen, settings_after(batch.settings, template))
    batch_control.become(db, batch_id, BatchState.RUNNING)
    return Following(batch.id, judging=batch_id)


def _write_down(
    db: Connection, judges: Sequence[str], chosen: Sequence[Unjudged], settings: BatchSettings, name: str = ""
) -> int:
    title = name or f"judged by {', '.join(judges)}"
    batch_id = batches.create(db, title, BatchKind.JUDGING, settings, datetime.now(UTC))
    for judge in judges:
        batches.add_responses(db, batch_id, batch_control.model_id(db, judge, settings), chosen)
    log.info("batch %d written down: %d responses, judged by %s", batch_id, len(chosen), ", ".join(judges))
    return batch_id

"""Judging stored responses with language models: nothing is generated again, the batch machinery is the same."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from orbench_studio.domain.batch import Batch, BatchKind, BatchSettings
from orbench_studio.errors import StudioError
from orbench_studio.services import evaluating, templates
from orbench_studio.services.prices import Prices
from orbench_studio.services.templates import Template, Wording
from orbench_studio.services.workspace import Workspace
from orbench_studio.store import batches, responses

log = logging.getLogger(__name__)


class Unjudged(NamedTuple):
    """A response that a judge may be asked about."""

    response_id: int
    prompt_id: int


def load_template(file: Path | None = None) -> Template:
    """The judge's instructions in a file, or the studio's own."""
    return templates.load(Wording.JUDGING, file)


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
    templates.require_markers(Wording.JUDGING, settings.template)
    evaluating.check(judges, settings, prices)
    with workspace.writing() as db:
        title = name or f"judged by {', '.join(judges)}"
        batch_id = batches.create(db, title, BatchKind.JUDGING, settings, datetime.now(UTC))
        for judge in judges:
            model_id = evaluating.model_id(db, judge, settings)
            batches.add_responses(db, batch_id, model_id, chosen)
        log.info("batch %d written down: %d responses, judged by %s", batch_id, len(chosen), ", ".join(judges))
        return evaluating.require(db, batch_id)

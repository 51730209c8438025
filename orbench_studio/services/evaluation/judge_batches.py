"""Batches in which language models judge stored responses."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from orbench_studio.domain.evaluation.batch import CLASS_TOKENS, Batch, BatchKind, BatchSettings, Sampling
from orbench_studio.domain.evaluation.states import BatchAction, ItemState
from orbench_studio.domain.judging.judge_preset import preset_of, with_guidelines
from orbench_studio.errors import StudioError
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import Template, TemplateName
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import responses
from orbench_studio.store.evaluation import batches
from orbench_studio.store.review import guidelines

log = logging.getLogger(__name__)


class Unjudged(NamedTuple):
    response_id: int
    prompt_id: int


def load_template(source: str | Path | None = None) -> Template:
    """The judge's prompt template from a file, a preset by its name, or the built-in template."""
    return templates.load(TemplateName.JUDGING, source)


def with_guidelines_of(workspace: Workspace, template: Template) -> Template:
    """The template with the current guidelines of the workspace, if it is a preset that reads them.

    Raises StudioError if it reads guidelines and the workspace has none.
    """
    preset = preset_of(template.text)
    if preset is None or not preset.reads_guidelines:
        return template
    with workspace.reading() as db:
        versions = guidelines.versions(db)
    if not versions or not versions[-1].text:
        raise StudioError(
            f"{preset.title} reads the guidelines of the workspace, but there are none. Write them on the Review page, "
            "or with orbench-studio guidelines."
        )
    return template._replace(text=with_guidelines(template.text, versions[-1].text))


def select_responses(
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
    """The responses to judge: those of these models, prompts and batch, or all.

    Blocked, empty and failed responses are skipped. So are those that every judge has judged with this template, unless
    `again`.
    """
    with workspace.reading() as db:
        skip = () if again else tuple(judges)
        found = responses.to_judge(
            db, models=models, prompt_ids=prompt_ids, batch_id=batch_id, judges=skip,
            template_hash=(template or load_template()).hash,
        )  # fmt: skip
    if not found:
        raise StudioError("There are no responses to judge. These judges have already judged all matching responses.")
    return [Unjudged(*pair) for pair in found[:limit]]


def settings_after(settings: BatchSettings, template: Template) -> BatchSettings:
    """The settings of a judging batch that follows a batch with these settings. It has the same limits, separately."""
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
    """Create a judging batch; `settings.template` is the judge's prompt template."""
    templates.require_placeholders(TemplateName.JUDGING, settings.template)
    batch_control.check(judges, settings, prices)
    with workspace.writing() as db:
        return batch_control.load_batch(db, _create(db, judges, chosen, settings, name))


class FollowUp(NamedTuple):
    """The judging that follows a completed batch: a judging batch, or a built-in judge that the caller runs."""

    batch_id: int
    judge_batch_id: int | None = None
    builtin_judge: str | None = None


def start_follow_ups(workspace: Workspace) -> list[FollowUp]:
    """Create the judging batches that completed batches asked for, once each; they are running, for any worker.

    The caller runs the built-in judges.
    """
    with workspace.reading() as db:
        if not batches.awaiting_judge(db):
            return []
    template = load_template()
    with workspace.writing() as db:
        return [found for batch in batches.awaiting_judge(db) if (found := _follow_up(db, batch, template))]


def _follow_up(db: Connection, batch: Batch, template: Template) -> FollowUp | None:
    judge = batch.judge or ""
    batches.clear_judge(db, batch.id)
    if not batches.has_items(db, batch.id, (ItemState.DONE,)):
        return None
    if judge in BUILTIN_JUDGES:
        return FollowUp(batch.id, builtin_judge=judge)
    found = responses.to_judge(
        db, models=(), prompt_ids=None, batch_id=batch.id, judges=(judge,), template_hash=template.hash
    )
    if not found:
        return None
    chosen = [Unjudged(*pair) for pair in found]
    batch_id = _create(db, [judge], chosen, settings_after(batch.settings, template))
    batch_control.apply(db, batch_id, BatchAction.START)
    return FollowUp(batch.id, judge_batch_id=batch_id)


def _create(
    db: Connection, judges: Sequence[str], chosen: Sequence[Unjudged], settings: BatchSettings, name: str = ""
) -> int:
    title = name or f"judged by {', '.join(judges)}"
    batch_id = batches.create(db, title, BatchKind.JUDGING, settings, datetime.now(UTC))
    for judge in judges:
        batches.add_responses(db, batch_id, batch_control.model_id(db, judge, settings), chosen)
    log.info("batch %d created: %d responses, judged by %s", batch_id, len(chosen), ", ".join(judges))
    return batch_id

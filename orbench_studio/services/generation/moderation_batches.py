"""Moderation (arXiv 2405.20947, section 3.2): language models vote on prompts, and on responses to them.

The responses are of a model without safety training. The consensus follows from the workspace's voting rule and is
updated with every vote.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import update

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.moderation import Rule
from orbench_studio.domain.evaluation.batch import Batch, BatchKind, BatchSettings
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.errors import NothingLeftError
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import TemplateName
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.tables import WORKSPACE
from orbench_studio.store.evaluation import batches
from orbench_studio.store.generation import missing_votes
from orbench_studio.store.review import derived_states, queue


class Target(NamedTuple):
    """A prompt to vote on, or a response to it."""

    prompt_id: int
    response_id: int | None = None


def select_targets(
    workspace: Workspace,
    moderators: Sequence[str],
    *,
    prompts: QueueFilter | None = None,
    responder: str | None = None,
    template_hash: str,
    again: bool = False,
    limit: int | None = None,
) -> list[Target]:
    """Prompts of a filter, or a responder's responses to them, without votes of all moderators with this template.

    Blocked, failed and empty responses are skipped: they cannot do harm. Raises NothingLeftError if there are none.
    """
    with workspace.reading() as db:
        ids = list(queue.ids(db, prompts or QueueFilter()))
        found = (
            [Target(i) for i in ids]
            if responder is None
            else [Target(*p) for p in missing_votes.answers(db, responder)]
        )
        if responder is not None:
            selected = set(ids)
            found = [target for target in found if target.prompt_id in selected]
        if not again:
            done = missing_votes.voted_by_all(db, moderators, template_hash, responses=responder is not None)
            found = [target for target in found if (target.response_id or target.prompt_id) not in done]
    if not found:
        raise NothingLeftError(
            "Nothing to vote on: all selected prompts or responses have the votes of these moderators, or pending "
            "requests."
        )
    return found[:limit]


def create(
    workspace: Workspace,
    moderators: Sequence[str],
    targets: Sequence[Target],
    settings: BatchSettings,
    prices: Prices,
) -> Batch:
    """Create a moderation batch; `settings.template` has the prompt template."""
    on_responses = bool(targets) and targets[0].response_id is not None
    check(moderators, settings, prices, on_responses=on_responses)
    what = "responses" if on_responses else "prompts"
    with workspace.writing() as db:
        title = f"{what} moderated by {', '.join(moderators)}"
        batch_id = batches.create(db, title, BatchKind.MODERATION, settings, datetime.now(UTC))
        for name in moderators:
            model_id = batch_control.model_id(db, name, settings)
            if on_responses:
                pairs = [(target.response_id or 0, target.prompt_id) for target in targets]
                batches.add_responses(db, batch_id, model_id, pairs)
            else:
                batches.add_prompts(db, batch_id, model_id, [target.prompt_id for target in targets], 1)
        return batch_control.load_batch(db, batch_id)


def check(moderators: Sequence[str], settings: BatchSettings, prices: Prices, *, on_responses: bool) -> None:
    """Check models, template and settings. Raises StudioError if they are invalid."""
    templates.require_placeholders(
        TemplateName.ON_RESPONSES if on_responses else TemplateName.ON_PROMPTS, settings.template
    )
    batch_control.check(moderators, settings, prices)


def prompts_to_answer(workspace: Workspace, responder: str, prompts: QueueFilter | None = None) -> list[int]:
    """Prompts that a responder without safety training has not answered and that the votes call safe.

    With the rescue rule, toxic prompts are included. Raises NothingLeftError if there are none.
    """
    with workspace.reading() as db:
        found = missing_votes.to_answer(db, responder, rescues=derived_states.rule(db).rescues)
        selected = set(queue.ids(db, prompts or QueueFilter()))
    chosen = [prompt_id for prompt_id in found if prompt_id in selected]
    if not chosen:
        raise NothingLeftError(
            f"No prompt for {responder} to answer: all safe prompts have its response, or a pending request."
        )
    return chosen


def rule(workspace: Workspace) -> Rule:
    with workspace.reading() as db:
        return derived_states.rule(db)


def set_rule(workspace: Workspace, rule: Rule) -> Changes:
    """Set the voting rule and recount all votes. Human labels are not changed."""
    with workspace.writing() as db:
        if derived_states.rule(db) == rule:
            return Changes(message=f"The voting rule is already {rule.to_text()}.")
        db.execute(update(WORKSPACE).values(consensus_rule=rule.to_text()))
        derived_states.refresh_prompts(db, missing_votes.voted_prompts(db))
    return Changes(frozenset({Kind.VOTES}), None, f"Voting rule set to {rule.to_text()}. All votes were recounted.")

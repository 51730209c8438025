"""Moderation (arXiv 2405.20947, section 3.2): language models vote on prompts, and on what a safety-free model answers.

What the votes make of a prompt follows from the workspace's rule alone, and is brought up to date with every vote.
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
from orbench_studio.services.evaluation.cost_estimate import Estimate, estimate_voting
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.tables import WORKSPACE
from orbench_studio.store.evaluation import batches
from orbench_studio.store.generation import missing_votes
from orbench_studio.store.review import derived_states, queue


class Target(NamedTuple):
    """What a moderator votes on: a prompt, or the response to it."""

    prompt_id: int
    response_id: int | None = None


def choose(
    workspace: Workspace,
    moderators: Sequence[str],
    *,
    wanted: QueueFilter | None = None,
    responder: str | None = None,
    template_hash: str,
    again: bool = False,
    limit: int | None = None,
) -> list[Target]:
    """The prompts of a filter, or the answers of a responder to them, that a moderator has not voted on like that.

    Answers that were blocked, failed or are empty are left out: there is nothing in them that could do harm.
    """
    with workspace.reading() as db:
        ids = list(queue.ids(db, wanted or QueueFilter()))
        found = (
            [Target(i) for i in ids]
            if responder is None
            else [Target(*p) for p in missing_votes.answers(db, responder)]
        )
        if responder is not None:
            let_through = set(ids)
            found = [target for target in found if target.prompt_id in let_through]
        if not again:
            done = missing_votes.voted_by_all(db, moderators, template_hash, responses=responder is not None)
            found = [target for target in found if (target.response_id or target.prompt_id) not in done]
    if not found:
        raise NothingLeftError(
            "There is nothing to vote on: none is there that these moderators have not voted on, or are about to."
        )
    return found[:limit]


def create(
    workspace: Workspace,
    moderators: Sequence[str],
    targets: Sequence[Target],
    settings: BatchSettings,
    prices: Prices,
) -> Batch:
    """Write a moderation down; `settings.template` has the instructions."""
    on_responses = bool(targets) and targets[0].response_id is not None
    check(moderators, settings, prices, on_responses=on_responses)
    what = "answers" if on_responses else "prompts"
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
    """Whether models so named can vote within the settings; StudioError says why not."""
    templates.require_placeholders(
        TemplateName.ON_RESPONSES if on_responses else TemplateName.ON_PROMPTS, settings.template
    )
    batch_control.check(moderators, settings, prices)


def estimate(
    workspace: Workspace,
    moderators: Sequence[str],
    targets: Sequence[Target],
    settings: BatchSettings,
    prices: Prices,
) -> Estimate:
    """What the votes will send, cost and take."""
    return estimate_voting(workspace, moderators, targets, settings, prices)


def to_answer(workspace: Workspace, responder: str, wanted: QueueFilter | None = None) -> list[int]:
    """The prompts that a safety-free responder is to answer: those that the votes call safe, or toxic where an answer
    may rescue them, and that it has not answered. StudioError where there are none."""
    with workspace.reading() as db:
        found = missing_votes.to_answer(db, responder, rescues=derived_states.rule(db).rescues)
        let_through = set(queue.ids(db, wanted or QueueFilter()))
    chosen = [prompt_id for prompt_id in found if prompt_id in let_through]
    if not chosen:
        raise NothingLeftError(
            f"There is no prompt for {responder} to answer: all that the votes call safe is answered, or about to be."
        )
    return chosen


def rule(workspace: Workspace) -> Rule:
    """How votes are counted in this workspace."""
    with workspace.reading() as db:
        return derived_states.rule(db)


def choose_rule(workspace: Workspace, chosen: Rule) -> Changes:
    """Count the votes by another rule from now on, those that are there too; people's decisions stay what they are."""
    with workspace.writing() as db:
        if derived_states.rule(db) == chosen:
            return Changes(message=f"Votes are counted so already: {chosen.to_text()}.")
        db.execute(update(WORKSPACE).values(consensus_rule=chosen.to_text()))
        derived_states.refresh_prompts(db, missing_votes.voted_prompts(db))
    return Changes(frozenset({Kind.VOTES}), None, f"Votes are counted by the rule {chosen.to_text()} now.")

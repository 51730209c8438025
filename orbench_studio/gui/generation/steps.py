"""The steps of generating, as a user composes one and as it is estimated and written down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from orbench_studio.domain.core.category import Category
from orbench_studio.domain.evaluation.batch import BatchKind, BatchSettings
from orbench_studio.domain.review.queue import QueueFilter

if TYPE_CHECKING:
    from pathlib import Path

    from orbench_studio.services.core.templates import Template, TemplateName
    from orbench_studio.services.evaluation.cost_estimate import Estimate
    from orbench_studio.services.evaluation.prices import Prices
    from orbench_studio.services.workspace.workspace import Workspace


class Step(StrEnum):
    """One step of the paper's way, in its order."""

    SEEDS = "seeds"
    REWRITES = "rewrites"
    VOTES = "votes"
    ANSWERS = "answers"
    VETO = "veto"


WORDS = {
    Step.SEEDS: "1  Write seeds",
    Step.REWRITES: "2  Rewrite seeds",
    Step.VOTES: "3  Vote on prompts",
    Step.ANSWERS: "4  Answer without safety",
    Step.VETO: "5  Vote on the answers",
}
TELLS = {
    Step.SEEDS: "Sentences that a careful assistant turns down, for each of the ten categories or those chosen. They "
    "are no prompts, and stay covered. An import brings seeds, too.",
    Step.REWRITES: "Questions that look like a seed and are safe to answer, for every seed that this model has not "
    "rewritten.",
    Step.VOTES: "Every prompt that one of these has not voted on. In the paper three models vote.",
    Step.ANSWERS: "A model without safety training answers every prompt that the votes call safe.",
    Step.VETO: "The same moderators vote on its answers: one that most call toxic makes its prompt toxic.",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A step with its settings. `model` writes, or answers; `moderators` vote; `each` counts seeds or rewrites.

    `categories` are those of seeds, all where there are none; `wanted` says which prompts; `limit` takes the first.
    `wording` is a file that stands in for the studio's own.
    """

    step: Step
    model: str
    moderators: tuple[str, ...]
    settings: BatchSettings
    each: int = 1
    rounds: int = 0
    categories: tuple[Category, ...] = ()
    wanted: QueueFilter | None = None
    limit: int | None = None
    wording: Path | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """Who is asked."""
        return self.moderators if self.step in (Step.VOTES, Step.VETO) else (self.model,)


class _Work(NamedTuple):
    settings: BatchSettings
    items: Any


def estimate(workspace: Workspace, plan: Plan) -> Estimate:
    """What the step will send, cost and take; StudioError says why it cannot be."""
    from orbench_studio.services.evaluation import cost_estimate
    from orbench_studio.services.generation import moderation_batches, seeds_and_rewrites

    prices, work = _prices(plan), _work(workspace, plan)
    if plan.step in _KINDS:
        seeds_and_rewrites.check(_KINDS[plan.step], plan.model, work.settings, prices)
        return seeds_and_rewrites.estimate(workspace, plan.model, work.items, work.settings, prices)
    if plan.step is Step.ANSWERS:
        return cost_estimate.estimate(workspace, plan.asked, work.items, work.settings, prices)
    return moderation_batches.estimate(workspace, plan.moderators, work.items, work.settings, prices)


def write_down(workspace: Workspace, plan: Plan) -> int:
    """The number of the step's batch, which is written and not begun."""
    from orbench_studio.services.evaluation import batch_control, launcher
    from orbench_studio.services.generation import moderation_batches, seeds_and_rewrites

    prices, work = _prices(plan), _work(workspace, plan)
    launcher.require_ready(plan.asked, work.settings)
    if plan.step in _KINDS:
        kind = _KINDS[plan.step]
        return seeds_and_rewrites.create(workspace, kind, plan.model, work.items, work.settings, prices).id
    if plan.step is Step.ANSWERS:
        return batch_control.create(workspace, plan.asked, work.items, work.settings, prices=prices).id
    return moderation_batches.create(workspace, plan.moderators, work.items, work.settings, prices).id


def read_wording(step: Step, file: Path | None) -> Template:
    """What a step's models are asked with: the wording in the file, or the studio's own."""
    from orbench_studio.services.core import templates

    return templates.load(_wording(step), file)


_KINDS = {Step.SEEDS: BatchKind.SEEDING, Step.REWRITES: BatchKind.REWRITING}


def _wording(step: Step) -> TemplateName:
    from orbench_studio.services.core.templates import TemplateName

    return {
        Step.SEEDS: TemplateName.SEEDING,
        Step.REWRITES: TemplateName.REWRITING,
        Step.VOTES: TemplateName.ON_PROMPTS,
        Step.VETO: TemplateName.ON_RESPONSES,
    }[step]


def _prices(plan: Plan) -> Prices:
    from orbench_studio.services.evaluation import batch_control, prices

    known = prices.load_prices()
    batch_control.check(plan.asked, plan.settings, known)
    return known


def _work(workspace: Workspace, plan: Plan) -> _Work:
    from orbench_studio.services.generation import moderation_batches, seeds_and_rewrites

    if plan.step is Step.ANSWERS:
        return _Work(plan.settings, moderation_batches.to_answer(workspace, plan.model, plan.wanted)[: plan.limit])
    template = read_wording(plan.step, plan.wording)
    settings = replace(plan.settings, template=template.text)
    if plan.step is Step.SEEDS:
        asked, texts = seeds_and_rewrites.lists(plan.categories or list(Category), plan.each)
        return _Work(replace(settings, texts=texts), asked)
    if plan.step is Step.REWRITES:
        seeds = seeds_and_rewrites.choose_seeds(
            workspace, plan.model, categories=plan.categories, rounds=plan.rounds, limit=plan.limit
        )
        return _Work(replace(settings, texts=plan.each), seeds)
    targets = moderation_batches.choose(
        workspace,
        plan.moderators,
        wanted=plan.wanted,
        responder=plan.model if plan.step is Step.VETO else None,
        template_hash=template.hash,
        limit=plan.limit,
    )
    return _Work(settings, targets)

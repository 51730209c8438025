"""The steps of the generation pipeline: their texts, their settings, their estimate and their batch."""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from orbench_studio.domain.core.category import Category
from orbench_studio.domain.evaluation.batch import BatchKind, BatchSettings
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import Template, TemplateName
from orbench_studio.services.evaluation import batch_control, cost_estimate, launcher, prices
from orbench_studio.services.evaluation.cost_estimate import Estimate
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.generation import moderation_batches, seeds_and_rewrites
from orbench_studio.services.workspace.workspace import Workspace


class Step(StrEnum):
    """The steps of the paper's pipeline, in order."""

    SEEDS = "seeds"
    REWRITES = "rewrites"
    VOTES = "votes"
    ANSWERS = "answers"
    VETO = "veto"


TITLES = {
    Step.SEEDS: "1  Write seeds",
    Step.REWRITES: "2  Rewrite seeds into prompts",
    Step.VOTES: "3  Vote on prompts",
    Step.ANSWERS: "4  Respond without safety training",
    Step.VETO: "5  Vote on responses (veto)",
}
DESCRIPTIONS = {
    Step.SEEDS: "The writer writes harmful requests for the selected categories. Seeds are not prompts and are hidden "
    "by default. You can also import seeds.",
    Step.REWRITES: "The writer rewrites each seed into prompts that look harmful but are safe. Seeds that it has "
    "rewritten are skipped.",
    Step.VOTES: "Moderators vote on each prompt: safe, or toxic. Prompts that have all votes are skipped. The "
    "OR-Bench paper used three moderators.",
    Step.ANSWERS: "A model without safety training responds to all prompts that the votes call safe.",
    Step.VETO: "Moderators vote on these responses. A response that they call toxic makes its prompt toxic.",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A step with its settings.

    `model` is the writer or the responder. `each` is the number of seeds per category or of rewrites per seed. Without
    `categories`, all ten are used. `prompts` selects prompts; `limit` uses only the first. `template` is a file that
    replaces the built-in template.
    """

    step: Step
    model: str
    moderators: tuple[str, ...]
    settings: BatchSettings
    each: int = 1
    rounds: int = 0
    categories: tuple[Category, ...] = ()
    prompts: QueueFilter | None = None
    limit: int | None = None
    template: Path | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """The models to which requests are sent."""
        return self.moderators if self.step in (Step.VOTES, Step.VETO) else (self.model,)


_KINDS = {Step.SEEDS: BatchKind.SEEDING, Step.REWRITES: BatchKind.REWRITING}
_TEMPLATES = {
    Step.SEEDS: TemplateName.SEEDING,
    Step.REWRITES: TemplateName.REWRITING,
    Step.VOTES: TemplateName.ON_PROMPTS,
    Step.VETO: TemplateName.ON_RESPONSES,
}


class _Batch(NamedTuple):
    settings: BatchSettings
    items: Any


def estimate(workspace: Workspace, plan: Plan) -> Estimate:
    """Estimate requests, cost and duration of the step. Raises StudioError for invalid settings."""
    prices, batch = _prices(plan), _batch(workspace, plan)
    if plan.step in _KINDS:
        seeds_and_rewrites.check(_KINDS[plan.step], plan.model, batch.settings, prices)
        return seeds_and_rewrites.estimate(workspace, plan.model, batch.items, batch.settings, prices)
    if plan.step is Step.ANSWERS:
        return cost_estimate.estimate(workspace, plan.models, batch.items, batch.settings, prices)
    return cost_estimate.estimate_voting(workspace, plan.moderators, batch.items, batch.settings, prices)


def create_batch(workspace: Workspace, plan: Plan) -> int:
    """Create the batch of the step without starting it; returns its number."""
    prices, batch = _prices(plan), _batch(workspace, plan)
    launcher.require_ready(plan.models, batch.settings)
    if plan.step in _KINDS:
        kind = _KINDS[plan.step]
        return seeds_and_rewrites.create(workspace, kind, plan.model, batch.items, batch.settings, prices).id
    if plan.step is Step.ANSWERS:
        return batch_control.create(workspace, plan.models, batch.items, batch.settings, prices=prices).id
    return moderation_batches.create(workspace, plan.moderators, batch.items, batch.settings, prices).id


def read_template(step: Step, file: Path | None) -> Template:
    """The template of a step: the one in the file, or the built-in one."""
    return templates.load(_TEMPLATES[step], file)


def _prices(plan: Plan) -> Prices:
    known = prices.load_prices()
    batch_control.check(plan.models, plan.settings, known)
    return known


def _batch(workspace: Workspace, plan: Plan) -> _Batch:
    if plan.step is Step.ANSWERS:
        return _Batch(
            plan.settings, moderation_batches.prompts_to_answer(workspace, plan.model, plan.prompts)[: plan.limit]
        )
    template = read_template(plan.step, plan.template)
    settings = replace(plan.settings, template=template.text)
    if plan.step is Step.SEEDS:
        requests, texts = seeds_and_rewrites.seed_requests(plan.categories or list(Category), plan.each)
        return _Batch(replace(settings, texts=texts), requests)
    if plan.step is Step.REWRITES:
        seeds = seeds_and_rewrites.rewrite_requests(
            workspace, plan.model, categories=plan.categories, rounds=plan.rounds, limit=plan.limit
        )
        return _Batch(replace(settings, texts=plan.each), seeds)
    targets = moderation_batches.select_targets(
        workspace,
        plan.moderators,
        prompts=plan.prompts,
        responder=plan.model if plan.step is Step.VETO else None,
        template_hash=template.hash,
        limit=plan.limit,
    )
    return _Batch(settings, targets)

"""`orbench-studio generate`, `rewrite` and `moderate`: let models write seeds, rewrite them into prompts, and vote."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import launch_batch, options
from orbench_studio.cli.console import write_error
from orbench_studio.cli.request_options import RequestOptions, takes_request_options
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.moderation import Rule
from orbench_studio.domain.evaluation.batch import CLASS_TOKENS, LIST_TEMPERATURE, LIST_TOKENS, BatchKind

if TYPE_CHECKING:
    from orbench_studio.services.core.templates import Template


@takes_request_options(temperature=f"{LIST_TEMPERATURE:g}", max_tokens=LIST_TOKENS)
def generate(
    workspace: options.Workspace,
    model: options.Writer,
    each: Annotated[int, typer.Option(min=1, metavar="N", help="Number of toxic seeds per category.")] = 10,
    category: Annotated[
        list[Category] | None,
        typer.Option(help="Only this category. Repeatable. Default: all ten.", show_choices=True),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Prompt template with {count} and {category}, instead of the built-in one."),
    ] = None,
    *,
    sending: RequestOptions,
) -> None:
    """Let a model write seeds: harmful requests, which `rewrite` turns into prompts.

    Seeds are not prompts and are hidden by default. Duplicates and near duplicates are rejected. Seeds can also be
    imported.
    """
    from orbench_studio.services.core import templates
    from orbench_studio.services.generation import seeds_and_rewrites
    from orbench_studio.services.workspace.workspace import open_or_create

    instructions = templates.load(templates.TemplateName.SEEDING, template)
    requests, texts = seeds_and_rewrites.seed_requests(category or list(Category), each)
    settings = sending.settings([model], template=instructions.text, texts=texts)
    with open_or_create(workspace) as opened:
        launch_batch.launch_lists(opened, BatchKind.SEEDING, model, requests, settings, sending)


@takes_request_options(temperature=f"{LIST_TEMPERATURE:g}", max_tokens=LIST_TOKENS)
def rewrite(
    workspace: options.Workspace,
    model: options.Writer,
    each: Annotated[int, typer.Option(min=1, metavar="K", help="Number of rewrites per seed.")] = 5,
    category: Annotated[
        list[Category] | None, typer.Option(help="Only toxic seeds of this category. Repeatable.")
    ] = None,
    return_toxic: Annotated[bool, typer.Option("--return-toxic", help="First turn toxic rewrites into seeds.")] = False,
    rounds: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many times rewrites of a seed may become seeds again.")
    ] = 1,
    again: Annotated[bool, typer.Option("--again", help="Include seeds that this model has rewritten.")] = False,
    limit: options.Limit = None,
    template: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Prompt template with {count} and {seed}, instead of the built-in one."),
    ] = None,
    *,
    sending: RequestOptions,
) -> None:
    """Let a model rewrite seeds into prompts that refer to their seed. (Near) duplicates are rejected."""
    from orbench_studio.services.core import templates
    from orbench_studio.services.generation import seeds_and_rewrites

    instructions = templates.load(templates.TemplateName.REWRITING, template)
    settings = sending.settings([model], template=instructions.text, texts=each)
    with options.open_workspace(workspace) as opened:
        if return_toxic:
            write_error(seeds_and_rewrites.return_toxic(opened, rounds).message)
        requests = seeds_and_rewrites.rewrite_requests(
            opened, model, categories=category or (), rounds=rounds, again=again, limit=limit
        )
        launch_batch.launch_lists(opened, BatchKind.REWRITING, model, requests, settings, sending)


@takes_request_options(max_tokens=CLASS_TOKENS)
def moderate(
    workspace: options.Workspace,
    moderator: Annotated[list[str], typer.Option("--moderator", metavar="NAME", help=options.NAMES)],
    responses_of: Annotated[
        str | None, typer.Option(metavar="NAME", help="Vote on this model's responses instead of the prompts (veto).")
    ] = None,
    filter_by: options.Filter = None,
    rule: Annotated[
        str | None,
        typer.Option(
            metavar="RULE",
            help="Set the voting rule of the workspace: majority, unanimous or at-least:K, optionally with +rescue.",
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Include prompts or responses that have votes.")] = False,
    limit: options.Limit = None,
    template: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|PRESET",
            help="Prompt template with {case}, {prompt} (and {response}), or a judge preset (see `judge-presets`).",
        ),
    ] = None,
    *,
    sending: RequestOptions,
) -> None:
    """Let moderators vote on prompts: safe, or toxic with a category. The OR-Bench paper used three moderators.

    Replies that cannot be parsed are recorded as "unparsed". With --responses-of, moderators vote on the responses of a
    model without safety training (collect them with `evaluate`): a toxic response overrules a safe vote on its prompt
    (veto). With +rescue, a safe response also overrules a toxic vote.
    """
    from orbench_studio.services.core import templates

    name = templates.TemplateName.ON_PROMPTS if responses_of is None else templates.TemplateName.ON_RESPONSES
    instructions = templates.load(name, template)
    selection = {"prompts": options.parsed(filter_by), "responder": responses_of, "again": again, "limit": limit}
    _launch(workspace, moderator, instructions, selection, _rule(rule), sending)


def _launch(
    path: Path,
    moderators: list[str],
    instructions: "Template",
    selection: dict[str, Any],
    rule: Rule | None,
    sending: RequestOptions,
) -> None:
    from orbench_studio.services.evaluation import judge_batches
    from orbench_studio.services.evaluation.cost_estimate import estimate_voting
    from orbench_studio.services.evaluation.launcher import require_ready
    from orbench_studio.services.evaluation.prices import load_prices
    from orbench_studio.services.generation import moderation_batches

    with options.open_workspace(path) as opened:
        prices = load_prices()
        instructions = judge_batches.with_guidelines_of(opened, instructions)
        settings = sending.settings(moderators, template=instructions.text)
        selection["template_hash"] = instructions.hash
        moderation_batches.check(moderators, settings, prices, on_responses=selection["responder"] is not None)
        require_ready(moderators, settings)
        if rule is not None:
            write_error(moderation_batches.set_rule(opened, rule).message)
        targets = moderation_batches.select_targets(opened, moderators, **selection)
        launch_batch.confirm(estimate_voting(opened, moderators, targets, settings, prices), sending)
        batch = moderation_batches.create(opened, moderators, targets, settings, prices)
        launch_batch.launch(opened, batch, prices, as_json=sending.as_json)


def _rule(text: str | None) -> Rule | None:
    try:
        return None if text is None else Rule.from_text(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--rule") from error

"""`orbench-studio moderate`: let language models vote on prompts, or on responses to them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import launch_batch, options
from orbench_studio.cli.console import write_error
from orbench_studio.cli.request_options import RequestOptions, takes_request_options
from orbench_studio.domain.core.moderation import Rule
from orbench_studio.domain.evaluation.batch import CLASS_TOKENS

if TYPE_CHECKING:
    from orbench_studio.services.core.templates import Template


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

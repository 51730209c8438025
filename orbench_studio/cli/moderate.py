"""`orbench-studio moderate`: language models vote on prompts, or on what a safety-free responder answers to them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from orbench_studio.cli import launch, options
from orbench_studio.cli.telling import complain
from orbench_studio.domain.batch import BatchSettings
from orbench_studio.domain.moderation import Rule

_TOKENS = 500  # enough for a sentence and the class


def moderate(
    workspace: options.Workspace,
    moderator: Annotated[list[str], typer.Option("--moderator", metavar="NAME", help=options.NAMES)],
    responses_of: Annotated[
        str | None, typer.Option(metavar="NAME", help="Vote on what this model answers to the prompts: the veto.")
    ] = None,
    filter_by: options.Filter = None,
    rule: Annotated[
        str | None,
        typer.Option(metavar="RULE", help="Count votes so from now on: majority, unanimous, at-least:K; +rescue."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what they have voted on already.")] = False,
    limit: options.Limit = None,
    template: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Other instructions, with {case}, {prompt} (and {response}).")
    ] = None,
    base_url: options.BaseUrl = None,
    temperature: options.Temperature = "0",
    max_tokens: options.MaxTokens = _TOKENS,
    param: options.Param = None,
    concurrency: options.Concurrency = 20,
    max_cost: options.MaxCost = None,
    vendor_batch: options.VendorBatch = False,
    yes: options.Yes = False,
    as_json: options.Json = False,
) -> None:
    """Let moderators vote. Three were asked in the paper; a vote that cannot be read is unparsed, and goes to people.

    The votes on the answers of a model without safety training (put the prompts to it with `evaluate`) are the veto: an
    answer that most call toxic overrules a safe majority; with +rescue a safe one also makes a toxic prompt safe.
    """
    from orbench_studio.services import templates

    wording = templates.Wording.ON_PROMPTS if responses_of is None else templates.Wording.ON_RESPONSES
    instructions = templates.load(wording, template)
    settings = launch.settings(
        moderator,
        base_url,
        limits={"concurrency": concurrency, "max_cost": max_cost},
        sampling={"max_tokens": max_tokens},
        param=param or [],
        temperature=temperature,
        vendor_batch=vendor_batch,
        template=instructions.text,
    )
    which = {"wanted": options.parsed(filter_by), "responder": responses_of, "template_hash": instructions.hash}
    _launch(workspace, moderator, settings, which | {"again": again, "limit": limit}, _rule(rule), yes, as_json)


def _launch(
    path: Path,
    moderators: list[str],
    settings: BatchSettings,
    which: dict[str, Any],
    rule: Rule | None,
    yes: bool,
    as_json: bool,
) -> None:
    from orbench_studio.services import moderating
    from orbench_studio.services.launching import require_ready
    from orbench_studio.services.prices import load_prices
    from orbench_studio.services.workspace import open_workspace

    with open_workspace(path) as opened:
        prices = load_prices()
        moderating.check(moderators, settings, prices, on_responses=which["responder"] is not None)
        require_ready(moderators, settings)
        if rule is not None:
            complain(moderating.choose_rule(opened, rule).told)
        targets = moderating.choose(opened, moderators, **which)
        launch.confirm(moderating.estimate(opened, moderators, targets, settings, prices), yes=yes, as_json=as_json)
        launch.go(opened, moderating.create(opened, moderators, targets, settings, prices), prices, as_json=as_json)


def _rule(text: str | None) -> Rule | None:
    try:
        return None if text is None else Rule.from_text(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--rule") from error

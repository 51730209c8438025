"""`orbench-studio rewrite`: seeds rewritten into prompts that look toxic and are safe, or are meant to be."""

from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli import launch, options
from orbench_studio.cli.generate import WRITER_TOKENS
from orbench_studio.cli.telling import complain
from orbench_studio.domain.batch import BatchKind
from orbench_studio.domain.category import Category


def rewrite(
    workspace: options.Workspace,
    model: Annotated[str, typer.Option(metavar="NAME", help=options.NAMES.replace("; repeat", ""))],
    each: Annotated[int, typer.Option(min=1, metavar="K", help="So many rewrites of each seed.")] = 5,
    category: Annotated[list[Category] | None, typer.Option(help="Only seeds of this category; repeat.")] = None,
    return_toxic: Annotated[
        bool, typer.Option("--return-toxic", help="First put rewrites that are toxic back among the seeds.")
    ] = False,
    rounds: Annotated[
        int, typer.Option(min=0, metavar="N", help="How often a line of rewrites may come back as a seed.")
    ] = 1,
    again: Annotated[bool, typer.Option("--again", help="Also seeds that this model has rewritten.")] = False,
    limit: options.Limit = None,
    template: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Other instructions, with {count} and {seed}.")
    ] = None,
    base_url: options.BaseUrl = None,
    temperature: options.Temperature = "1",
    max_tokens: options.MaxTokens = WRITER_TOKENS,
    param: options.Param = None,
    concurrency: options.Concurrency = 20,
    max_cost: options.MaxCost = None,
    vendor_batch: options.VendorBatch = False,
    yes: options.Yes = False,
    as_json: options.Json = False,
) -> None:
    """Let a model rewrite seeds into prompts. Each keeps its seed; what repeats a prompt, or nearly, is set aside."""
    from orbench_studio.services import generating, templates
    from orbench_studio.services.workspace import open_workspace

    wording = templates.load(templates.Wording.REWRITING, template)
    settings = launch.settings(
        [model],
        base_url,
        limits={"concurrency": concurrency, "max_cost": max_cost},
        sampling={"max_tokens": max_tokens},
        param=param or [],
        temperature=temperature,
        vendor_batch=vendor_batch,
        template=wording.text,
        texts=each,
    )
    with open_workspace(workspace) as opened:
        if return_toxic:
            complain(generating.return_toxic(opened, rounds).told)
        asked = generating.choose_seeds(
            opened, model, categories=category or (), rounds=rounds, again=again, limit=limit
        )
        launch.write(opened, BatchKind.REWRITING, model, asked, settings, yes=yes, as_json=as_json)

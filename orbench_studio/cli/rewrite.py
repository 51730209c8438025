"""`orbench-studio rewrite`: let a model rewrite seeds into prompts that look toxic but are safe."""

from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli import launch_batch, options
from orbench_studio.cli.console import write_error
from orbench_studio.cli.request_options import RequestOptions, takes_request_options
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.evaluation.batch import LIST_TEMPERATURE, LIST_TOKENS, BatchKind


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

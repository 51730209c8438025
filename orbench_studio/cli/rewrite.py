"""`orbench-studio rewrite`: seeds rewritten into prompts that look toxic and are safe, or are meant to be."""

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
    model: Annotated[str, typer.Option(metavar="NAME", help=options.NAMES.replace(" Repeatable.", ""))],
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
    *,
    sending: RequestOptions,
) -> None:
    """Let a model rewrite seeds into prompts. Each keeps its seed; what repeats a prompt, or nearly, is set aside."""
    from orbench_studio.services.core import templates
    from orbench_studio.services.generation import seeds_and_rewrites
    from orbench_studio.services.workspace.workspace import open_workspace

    wording = templates.load(templates.TemplateName.REWRITING, template)
    settings = sending.settings([model], template=wording.text, texts=each)
    with open_workspace(workspace) as opened:
        if return_toxic:
            write_error(seeds_and_rewrites.return_toxic(opened, rounds).message)
        asked = seeds_and_rewrites.choose_seeds(
            opened, model, categories=category or (), rounds=rounds, again=again, limit=limit
        )
        launch_batch.launch_lists(opened, BatchKind.REWRITING, model, asked, settings, sending)

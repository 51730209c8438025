"""`orbench-studio generate`: let a model write seeds, from which prompts are rewritten."""

from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli import launch_batch, options
from orbench_studio.cli.request_options import RequestOptions, takes_request_options
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.evaluation.batch import LIST_TEMPERATURE, LIST_TOKENS, BatchKind


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

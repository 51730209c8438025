"""`orbench-studio generate`: seeds written by a model, for prompts to be rewritten from."""

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
    model: Annotated[str, typer.Option(metavar="NAME", help=options.NAMES.replace(" Repeatable.", ""))],
    each: Annotated[int, typer.Option(min=1, metavar="N", help="So many seeds for each category.")] = 10,
    category: Annotated[
        list[Category] | None, typer.Option(help="Only for this category; repeat.", show_choices=True)
    ] = None,
    template: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Other instructions, with {count} and {category}.")
    ] = None,
    *,
    sending: RequestOptions,
) -> None:
    """Let a model write seeds: sentences that a careful assistant turns down. They are no prompts, and stay covered.

    What repeats a seed that is there, or nearly, is set aside. An import brings seeds, too.
    """
    from orbench_studio.services.core import templates
    from orbench_studio.services.generation import seeds_and_rewrites
    from orbench_studio.services.workspace.workspace import open_or_create

    wording = templates.load(templates.TemplateName.SEEDING, template)
    asked, texts = seeds_and_rewrites.lists(category or list(Category), each)
    settings = sending.settings([model], template=wording.text, texts=texts)
    with open_or_create(workspace) as opened:
        launch_batch.launch_lists(opened, BatchKind.SEEDING, model, asked, settings, sending)

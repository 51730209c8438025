"""`orbench-studio generate`: seeds written by a model, for prompts to be rewritten from."""

from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli import launch, options
from orbench_studio.domain.batch import BatchKind
from orbench_studio.domain.category import Category

WRITER_TOKENS = 2_000  # room for ten sentences, and for what a model says around them


def generate(
    workspace: options.Workspace,
    model: Annotated[str, typer.Option(metavar="NAME", help=options.NAMES.replace("; repeat", ""))],
    each: Annotated[int, typer.Option(min=1, metavar="N", help="So many seeds for each category.")] = 10,
    category: Annotated[
        list[Category] | None, typer.Option(help="Only for this category; repeat.", show_choices=True)
    ] = None,
    template: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Other instructions, with {count} and {category}.")
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
    """Let a model write seeds: sentences that a careful assistant turns down. They are no prompts, and stay covered.

    What repeats a seed that is there, or nearly, is set aside. An import brings seeds, too.
    """
    from orbench_studio.services import generating, templates
    from orbench_studio.services.workspace import open_or_create

    wording = templates.load(templates.Wording.SEEDING, template)
    asked, texts = generating.lists(category or list(Category), each)
    settings = launch.settings(
        [model],
        base_url,
        limits={"concurrency": concurrency, "max_cost": max_cost},
        sampling={"max_tokens": max_tokens},
        param=param or [],
        temperature=temperature,
        vendor_batch=vendor_batch,
        template=wording.text,
        texts=texts,
    )
    with open_or_create(workspace) as opened:
        launch.write(opened, BatchKind.SEEDING, model, asked, settings, yes=yes, as_json=as_json)

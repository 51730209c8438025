"""Options that the verbs share that put something to models."""

from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli.console import write_error
from orbench_studio.domain.review.query import QueryError, parse
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.domain.workspace.location import Location, location_of

NAMES = "vendor/model: openai/gpt-4o, anthropic/claude-..., together/meta-llama/..., ollama/llama3; repeat."


def place_named(text: str) -> Location:
    """The place that a text names; a folder in which SQLite does not work is told of, once."""
    from orbench_studio.services.workspace.sync_folders import warning_once

    place = location_of(text)
    if isinstance(place, Path) and (warning := warning_once(place)):
        write_error(warning)
    return place


# typer wants one class; what the verbs get is a domain.place.Place.
_HELP = {"metavar": "WORKSPACE", "help": "Its file, or postgresql://USER@HOST/DATABASE."}
Workspace = Annotated[Path, typer.Argument(parser=place_named, **_HELP)]
WorkspaceOrNone = Annotated[Path | None, typer.Argument(parser=location_of, **_HELP)]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="Another endpoint for them: http://127.0.0.1:8000/v1.")
]
Filter = Annotated[
    str | None,
    typer.Option("--filter", metavar="EXPR", help="As in the window: category:privacy refused:>=3, source:my.csv."),
]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N of them.")]
Temperature = Annotated[str, typer.Option(metavar="T", help="none where the model refuses one.")]
MaxTokens = Annotated[int, typer.Option(min=1, metavar="N", help="As long as an answer may be.")]
Param = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[MODEL:]NAME=VALUE",
        help="More for every request, or those to one model, as JSON: top_p=0.9, openai/o3:temperature=null; repeat.",
    ),
]
Concurrency = Annotated[int, typer.Option(min=1, metavar="N", help="Requests at once, for each model.")]
RequestsPerMinute = Annotated[
    int | None, typer.Option("--rpm", min=1, metavar="N", help="Requests a minute, for each model.")
]
TokensPerMinute = Annotated[
    int | None, typer.Option("--tpm", min=1, metavar="N", help="Tokens a minute, in and out, for each model.")
]
Timeout = Annotated[float, typer.Option(min=1, metavar="S", help="Seconds to wait for one answer.")]
MaxCost = Annotated[float | None, typer.Option(metavar="USD", help="Stop when so much is spent.")]
VendorBatch = Annotated[
    bool, typer.Option("--vendor-batch", help="By the vendor's own batches: half the price, within 24 hours.")
]
ToWorkers = Annotated[
    bool, typer.Option("--to-workers", help="Leave the sending to workers: see worker. No key is needed here.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Launch without being asked.")]
Json = Annotated[bool, typer.Option("--json", help="For machines: how the batch ended.")]


def parsed(filter_by: str | None) -> QueueFilter | None:
    """The filter that was typed; BadParameter where it is none."""
    try:
        return None if filter_by is None else parse(filter_by)
    except QueryError as error:
        raise typer.BadParameter(str(error), param_hint="--filter") from error

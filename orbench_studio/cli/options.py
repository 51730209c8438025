"""Arguments and options that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbench_studio.cli.console import write_error
from orbench_studio.domain.core import judgement
from orbench_studio.domain.review.query import QueryError, parse
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.domain.workspace.location import Location, location_of
from orbench_studio.settings import load_settings

if TYPE_CHECKING:
    from orbench_studio.services.workspace import workspace as workspaces

NAMES = "vendor/model, for example openai/gpt-4o, anthropic/claude-... or ollama/llama3. Repeatable."


def location_with_warning(text: str) -> Location:
    """The location of a workspace. Warns once about a folder in which SQLite does not work reliably."""
    from orbench_studio.services.workspace.sync_folders import warning_once

    location = location_of(text)
    if isinstance(location, Path) and (warning := warning_once(location)):
        write_error(warning)
    return location


def open_workspace(place: Location) -> "workspaces.Workspace":
    """Open a workspace; its services are imported when a command needs them."""
    from orbench_studio.services.workspace import workspace

    return workspace.open_workspace(place)


def annotator_name(opened: "workspaces.Workspace", wanted: str | None = None) -> str:
    """The name under which a command records what it does: the login on a server, else `wanted` or the user's own.

    Raises BadParameter for another name than the login's.
    """
    if opened.decides_as is not None:
        if wanted and wanted != opened.decides_as:
            raise typer.BadParameter(
                f"On a server, everything is recorded under the name of the login, {opened.decides_as}. Connect as "
                f"{wanted} to do this under another name.",
                param_hint="--annotator",
            )
        return opened.decides_as
    settings = load_settings()
    if wanted is None and settings.faults:
        write_error(" ".join(settings.faults))
    return wanted or settings.annotator


# typer needs one class; the commands receive a domain.workspace.location.Location.
_HELP = {"metavar": "WORKSPACE", "help": "Workspace file, or postgresql://USER@HOST/DATABASE."}
Workspace = Annotated[Path, typer.Argument(parser=location_with_warning, **_HELP)]
WorkspaceOrNone = Annotated[Path | None, typer.Argument(parser=location_of, **_HELP)]
BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Endpoint of all models, for example http://127.0.0.1:8000/v1."),
]
Refusals = Annotated[
    judgement.Refusals,
    typer.Option(
        help="Refusals that count. all: in words, by stop reason, by filter; words+stop: all but by filter; words."
    ),
]
Filter = Annotated[
    str | None,
    typer.Option("--filter", metavar="QUERY", help="Query, for example: category:privacy refused:>=3."),
]
Writer = Annotated[str, typer.Option(metavar="NAME", help="Writer, as vendor/model: openai/gpt-4o, ollama/llama3.")]
Limit = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Use only the first N of the selected prompts, responses or toxic seeds."),
]
Temperature = Annotated[str, typer.Option(metavar="T", help="Temperature; none for models that reject one.")]
MaxTokens = Annotated[int, typer.Option(min=1, metavar="N", help="Maximum number of output tokens.")]
Param = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[MODEL:]NAME=VALUE",
        help="Request parameter as JSON: top_p=0.9, openai/o3:temperature=null. Repeatable.",
    ),
]
Concurrency = Annotated[int, typer.Option(min=1, metavar="N", help="Concurrent requests per model.")]
RequestsPerMinute = Annotated[
    int | None, typer.Option("--rpm", min=1, metavar="N", help="Requests per minute and model.")
]
TokensPerMinute = Annotated[
    int | None, typer.Option("--tpm", min=1, metavar="N", help="Tokens per minute and model, input and output.")
]
Timeout = Annotated[float, typer.Option(min=1, metavar="S", help="Maximum time for one request, in seconds.")]
MaxCost = Annotated[float | None, typer.Option(metavar="USD", help="Cost limit; the batch stops when it is reached.")]
VendorBatch = Annotated[
    bool, typer.Option("--vendor-batch", help="Use the vendor's batch API: half price, up to 24 h.")
]
ToWorkers = Annotated[
    bool, typer.Option("--to-workers", help="Let workers send the requests (see worker). Needs no key here.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Launch without confirmation.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def parsed(filter_by: str | None) -> QueueFilter | None:
    """Parse the filter; BadParameter if it is invalid."""
    try:
        return None if filter_by is None else parse(filter_by)
    except QueryError as error:
        raise typer.BadParameter(str(error), param_hint="--filter") from error

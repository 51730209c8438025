"""`orbench-studio open` and `demo`: open the window, or draw its pages without a display."""

import os
import tempfile
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import write_error, write_line
from orbench_studio.cli.display import Window, has_display
from orbench_studio.domain.workspace.location import Location, exists
from orbench_studio.errors import StudioError


def open_window(context: typer.Context, workspace: options.WorkspaceOrNone = None) -> None:
    """Open the window."""
    if workspace is not None and not exists(workspace):
        raise StudioError(_not_found(workspace, context))
    if not has_display():
        raise StudioError(
            "No display found, so the window cannot be opened. Run the program in a desktop session or over ssh -X. "
            "All commands of orbench-studio --help work without a display."
        )
    window: Window = context.obj
    raise typer.Exit(window.open(workspace))


def did_you_mean(word: str, commands: Iterable[str]) -> str:
    """A question with the most similar command; empty if none is similar."""
    near = get_close_matches(word, [name for name in commands if name != "open"], n=1)
    return f" Did you mean orbench-studio {near[0]}?" if near else ""


def _not_found(place: Location, context: typer.Context) -> str:
    commands: Iterable[str] = getattr(context.parent and context.parent.command, "commands", ())
    create = f"To create one: orbench-studio import {place.name.removesuffix('.orbench')}.orbench FILE..."
    return f"There is no workspace at {place}.{did_you_mean(str(place), commands)} {create}"


def demo(
    context: typer.Context,
    screenshots: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write screenshots of the pages into this folder instead of opening a window."
        ),
    ] = None,
) -> None:
    """Open the demo: invented prompts, votes and responses in a temporary workspace."""
    window: Window = context.obj
    if screenshots is None and has_display():
        raise typer.Exit(window.demo())
    if screenshots is None:
        screenshots = Path(tempfile.mkdtemp(prefix="orbench-studio-demo-"))
        write_line(f"No display found. Writing screenshots of the pages to {screenshots}:")
    try:
        screenshots.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"The folder {screenshots} cannot be created: {error.strerror}. Choose another one."
        raise StudioError(message) from error
    os.environ["QT_QPA_PLATFORM"] = os.environ.get("QT_QPA_PLATFORM") or "offscreen"
    raise typer.Exit(window.screenshots(screenshots, report=write_line, report_error=write_error))

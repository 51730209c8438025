"""`orbench-studio [WORKSPACE]`: open the window."""

from collections.abc import Iterable
from difflib import get_close_matches

import typer

from orbench_studio.cli import options
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

"""`orbench-studio [WORKSPACE]`: the window."""

from difflib import get_close_matches

import typer

from orbench_studio.cli import options
from orbench_studio.cli.display import Window, has_display
from orbench_studio.domain.workspace.location import Location, exists
from orbench_studio.errors import StudioError

_VERBS = ("demo", "import", "stats", "journal", "guidelines", "check")


def open_window(
    context: typer.Context,
    workspace: options.WorkspaceOrNone = None,
) -> None:
    """Open the window."""
    if workspace is not None and not exists(workspace):
        raise StudioError(_not_there(workspace))
    if not has_display():
        raise StudioError(
            "There is no display to open a window on. Run it in a desktop session, or over ssh -X; "
            "import, stats, journal, guidelines and check work without one, and demo draws its pages into files."
        )
    window: Window = context.obj
    raise typer.Exit(window.open(workspace))


def meant(word: str) -> str:
    """A question after the verb that a word is nearly; empty where there is none."""
    near = get_close_matches(word, _VERBS, n=1)
    return f" Did you mean orbench-studio {near[0]}?" if near else ""


def _not_there(place: Location) -> str:
    create = f"To create one: orbench-studio import {place.name.removesuffix('.orbench')}.orbench FILE..."
    return f"There is no workspace at {place}.{meant(str(place))} {create}"

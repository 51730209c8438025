"""`orbench-studio demo`: the window on an invented workspace, or its pages as pictures where there is no display."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli.console import write_error, write_line
from orbench_studio.cli.display import Window, has_display
from orbench_studio.errors import StudioError


def demo(
    context: typer.Context,
    screenshots: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Draw the main pages into PNG files in this folder and open no window."),
    ] = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="Draw every page and dialog, light and dark, at all sizes (several minutes)."),
    ] = False,
) -> None:
    """Open the demo: invented prompts, votes and responses, in a copy that is thrown away."""
    window: Window = context.obj
    if screenshots is None and has_display():
        if every:
            raise typer.BadParameter("it needs --screenshots DIR where there is a display", param_hint="--all")
        raise typer.Exit(window.demo())
    if screenshots is None:
        screenshots = Path(tempfile.mkdtemp(prefix="orbench-studio-demo-"))
        write_line(f"There is no display here, so no window opens. The pages are drawn into {screenshots}:")
    try:
        screenshots.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudioError(f"The folder {screenshots} cannot be created: {error.strerror}. Name another.") from error
    os.environ["QT_QPA_PLATFORM"] = os.environ.get("QT_QPA_PLATFORM") or "offscreen"
    raise typer.Exit(window.screenshots(screenshots, every=every, tell=write_line, complain=write_error))

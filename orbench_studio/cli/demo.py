"""`orbench-studio demo`: the window with a demo workspace, or screenshots of its pages without a display."""

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

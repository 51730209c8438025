"""`orbench-studio guidelines`: print or write the guidelines for annotators."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import write_error, write_line, write_text
from orbench_studio.domain.review.consistency import pooled
from orbench_studio.errors import StudioError


def guidelines(
    workspace: options.Workspace,
    set_from: Annotated[
        Path | None,
        typer.Option("--set", metavar="FILE", help="Save this Markdown file as a new version; - reads stdin."),
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, metavar="N", help="Print an older version.")] = None,
) -> None:
    """Print the guidelines for annotators, or save a new version. Each decision records the current version."""
    from orbench_studio.services.review import guidelines as service
    from orbench_studio.services.workspace import statistics

    if set_from is not None and version is not None:
        raise typer.BadParameter("Use either --set to write or --version to read.")
    text = _text(set_from) if set_from is not None else None
    with options.open_workspace(workspace) as opened:
        before = service.versions(opened)
        changed = pooled(statistics.drift(opened).values())
        written = service.write(opened, text) if text is not None else None
    if text is not None:
        number = written.version if written else 0
        write_line(f"Version {number} is the current version." if number > len(before) else "No changes.")
    elif not before:
        raise StudioError("There are no guidelines yet. Write some: orbench-studio guidelines WORKSPACE --set FILE")
    elif version is not None and version > len(before):
        raise StudioError(f"There is no version {version}. The current version is {len(before)}.")
    else:
        found = before[(version or len(before)) - 1]
        write_error(f"Version {found.version} of {len(before)}, {found.at.astimezone():%Y-%m-%d %H:%M}")
        if changed.changed.n and found.version == len(before):
            write_error(f"Earlier decisions that changed when shown again under this version: {changed.words}")
        write_text(found.text)


def _text(file: Path) -> str:
    from orbench_studio.services.review import guidelines as service

    return service.decoded(sys.stdin.buffer.read(), "The standard input") if str(file) == "-" else service.text_of(file)

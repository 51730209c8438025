"""`orbench-studio journal` and `guidelines`: what was decided, and by which guidelines."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import write_error, write_json, write_line, write_table, write_text
from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.review.consistency import pooled
from orbench_studio.errors import StudioError

if TYPE_CHECKING:
    from orbench_studio.services.review.history import Entry
    from orbench_studio.services.workspace.workspace import Workspace


def journal(
    workspace: options.Workspace,
    last: Annotated[int | None, typer.Option(min=1, metavar="N", help="Show only the last N entries.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: a list of entries.")] = False,
    undo_since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="List the decisions of --annotator since TIME (14:05, or 2026-11-20 14:05). With --yes, undo them.",
        ),
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(metavar="NAME", help="Show or undo only this annotator's decisions.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Undo the decisions that --undo-since lists. A redo restores them.")
    ] = False,
) -> None:
    """List decisions with time, annotator and undo state; or undo all decisions of an annotator since a time."""
    from orbench_studio.services.review import history

    if (undo_since is not None and annotator is None) or (yes and undo_since is None):
        raise typer.BadParameter("--undo-since needs --annotator, and --yes needs both.")
    with options.open_workspace(workspace) as opened:
        if undo_since is not None and annotator is not None:
            _undo(opened, undo_since, annotator, yes=yes)
            return
        entries = history.entries(opened, limit=last, of=annotator)
    if as_json:
        write_json([_as_json(entry) for entry in entries])
    elif not entries:
        write_line("No decisions yet.")
    else:
        _write_entries(entries)


def _undo(opened: "Workspace", since: str, annotator: str, *, yes: bool) -> None:
    from orbench_studio.services.review import bulk_undo

    if yes:
        options.annotator_name(opened, annotator)
    begin = bulk_undo.parse_time(since, datetime.now().astimezone())
    preview = bulk_undo.preview(opened, annotator=annotator, since=begin)
    if not preview.entries:
        write_line(f"Nothing to undo: {annotator} has no current decisions since {begin:%Y-%m-%d %H:%M}.")
        return
    _write_entries(preview.entries)
    if yes:
        write_line(bulk_undo.undo_since(opened, preview, annotator=annotator).message)
    else:
        write_line(f"{preview.summary}. To undo all of this, repeat the command with --yes.")


def _as_json(entry: "Entry") -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "at": entry.at,
        "annotator": entry.annotator,
        "summary": entry.summary,
        "target": entry.target_id,
        "in_force": entry.in_force,
        "annotations": entry.annotations,
        "guideline": entry.guideline,
    }


def _write_entries(entries: "Sequence[Entry]") -> None:
    write_table(("entry", "time", "annotator", "summary"), map(_row, entries))


def _row(entry: "Entry") -> tuple[object, ...]:
    more = f" ({counted(entry.annotations, 'decision')})" if entry.annotations > 1 else ""
    by = f" (guidelines {entry.guideline})" if entry.guideline else ""
    undone = "" if entry.in_force else " (undone)"
    when = f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}"
    return entry.id, when, entry.annotator or "-", f"{entry.summary}{more}{by}{undone}"


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

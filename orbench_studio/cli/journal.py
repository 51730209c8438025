"""`orbench-studio journal`: every decision, undo, redo and import of decisions, oldest first."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli.telling import counted, tell, tell_json

if TYPE_CHECKING:
    from orbench_studio.services.history import Entry


def journal(
    workspace: Annotated[Path, typer.Argument(help="The workspace.")],
    last: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the last N entries.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: a list of entries.")] = False,
) -> None:
    """List what people decided, when, and what of it was undone."""
    from orbench_studio.services import history
    from orbench_studio.services.workspace import open_workspace

    with open_workspace(workspace) as opened:
        entries = history.entries(opened, limit=last)
    if as_json:
        tell_json([_as_json(entry) for entry in entries])
    elif not entries:
        tell("Nothing has been decided yet.")
    else:
        for entry in entries:
            tell(_line(entry))


def _as_json(entry: "Entry") -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "at": entry.at.isoformat(),
        "annotator": entry.annotator,
        "summary": entry.summary,
        "target": entry.target_id,
        "in_force": entry.in_force,
        "annotations": entry.annotations,
        "guideline": entry.guideline,
    }


def _line(entry: "Entry") -> str:
    when = entry.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    more = f" ({counted(entry.annotations, 'decision')})" if entry.annotations > 1 else ""
    by = f" (guidelines {entry.guideline})" if entry.guideline else ""
    undone = "" if entry.in_force else " (undone)"
    return f"{entry.id:>6}  {when}  {entry.annotator or '-':<12}  {entry.summary}{more}{by}{undone}"

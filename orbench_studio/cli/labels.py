"""`orbench-studio labels` and `merge`: exchange decisions between copies of a workspace."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import show_progress, write_json, write_line
from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.data.merge_conflict import conflict_texts


class Direction(StrEnum):
    """Whether labels are exported or imported."""

    EXPORT = "export"
    IMPORT = "import"


_Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Label files.")]
_Json = options.Json


def labels(
    way: Annotated[Direction, typer.Argument(help="export writes a label file; import is the same as merge.")],
    workspace: options.Workspace,
    files: _Files,
    annotator: Annotated[str | None, typer.Option(metavar="NAME", help="Export one annotator's decisions.")] = None,
    as_json: _Json = False,
) -> None:
    """Export human decisions to a label file, with annotators' names and reasons, to merge in another copy."""
    from orbench_studio.services.data.label_files import export_labels

    if way is Direction.IMPORT:
        if annotator is not None:
            raise typer.BadParameter("--annotator can only be used with export.")
        merge(workspace, files, as_json=as_json)
        return
    if len(files) != 1:
        raise typer.BadParameter("Name one file to export to.")
    with options.open_workspace(workspace) as opened:
        count = export_labels(opened, files[0], annotator=annotator)
    if as_json:
        write_json({"file": str(files[0]), "decisions": count})
    else:
        write_line(f"{counted(count, 'decision')} written to {files[0]}")


def merge(workspace: options.Workspace, files: _Files, as_json: _Json = False) -> None:
    """Merge the decisions of label files into a workspace. Order does not matter; merging a file again adds nothing."""
    from orbench_studio.services.data.label_files import merge as merge_files

    with options.open_workspace(workspace) as opened, show_progress("merge") as on_progress:
        found = merge_files(opened, files, on_progress)
    disputed = {"labels": found.disputed_labels, "answers": found.disputed_answers}
    if as_json:
        rows = [{"file": f.file, "new": f.new, "known": f.known, "missing": f.missing} for f in found.files]
        conflicts = [asdict(each) | {"reason": each.reason} for each in found.conflicts]
        write_json({"files": rows, "disputed": disputed, "conflicts": conflicts})
        return
    for file in found.files:
        write_line(f"{file.file}: {counted(file.new, 'new decision')}, {counted(file.known, 'duplicate')}")
        if file.missing:
            skipped = counted(file.missing, "decision")
            write_line(
                f"  {skipped} skipped: their prompts or responses are not in this workspace. "
                "Import them, then merge again."
            )
    for text in conflict_texts(found.conflicts):
        write_line(text)
    if found.disputed_labels or found.disputed_answers:
        write_line(
            f"Annotators disagree about {counted(disputed['labels'], 'label')} and "
            f"{counted(disputed['answers'], 'answer class', 'answer classes')}. Resolve them on the Disputes page."
        )

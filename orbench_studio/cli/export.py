"""`orbench-studio export`: prompts and all that is known of them into a folder, all files or none."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import Exit, counted, write_error, write_json, write_line
from orbench_studio.cli.progress import show_progress
from orbench_studio.domain.data.export import Export, Form

_FORMS = (
    "orbench: prompt and category, as OR-Bench publishes them. csv, jsonl, parquet: every vote, response, judgement "
    "and decision; import takes it back. huggingface: a dataset folder with its card. label-studio, argilla: for teams "
    "that review there; import takes their decisions."
)


def export(
    workspace: options.Workspace,
    form: Annotated[Form, typer.Option("--format", help=_FORMS)],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="The folder; new, empty, or an earlier export, whose files are replaced. Other files stay.",
        ),
    ],
    subset: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A saved subset; repeat for several.")
    ] = None,
    wanted: Annotated[
        str, typer.Option("--filter", metavar="EXPR", help="Prompts, as in the queue: status:decided label:safe.")
    ] = "",
    names: Annotated[bool, typer.Option("--names", help="Annotators' own names, not pseudonyms.")] = False,
    seeds: Annotated[bool, typer.Option("--seeds", help="Toxic seeds also beside a set of safe prompts.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again about seeds.")] = False,
    escape: Annotated[
        bool, typer.Option("--for-spreadsheets", help="An apostrophe before what a spreadsheet takes for a formula.")
    ] = False,
    licence: Annotated[str, typer.Option(metavar="NAME", help="For the dataset's card: cc-by-4.0, say.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Write an export, all files or none. The same workspace and the same options give the same bytes."""
    from orbench_studio.services.data import export_files
    from orbench_studio.services.workspace.workspace import open_workspace

    options.parsed(wanted)
    try:
        asked = Export(form, out, tuple(subset or ()), wanted, names, seeds, not escape, licence)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from error
    if seeds and not yes:
        _ask_again()
    with open_workspace(workspace) as opened, show_progress(out.name) as on_progress:
        done = export_files.export(opened, asked, on_progress)
    if done.repaired:
        write_error("An earlier export to this folder was interrupted. It was undone before this one.")
    if as_json:
        found = {"out": str(done.out), "prompts": done.prompts, "files": list(done.files), "repaired": done.repaired}
        write_json(found)
    else:
        write_line(f"{counted(done.prompts, 'prompt')} written to {done.out}: {', '.join(done.files)}")


def _ask_again() -> None:
    """Seeds are harmful requests: that they leave the workspace is asked twice."""
    if not sys.stdin.isatty():
        write_error("Nothing was written. Seeds are toxic on purpose; to export them without being asked, add --yes.")
        raise typer.Exit(Exit.USAGE)
    typer.confirm("Seeds are toxic on purpose. Write them beside the safe prompts?", abort=True)

"""`orbench-studio export`: write prompts and related data to a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import ask, show_progress, write_error, write_json, write_line
from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.data.export import Export, Form

if TYPE_CHECKING:
    from orbench_studio.services.data.export_files import Exported

_FORMS = (
    "orbench: prompt and category, as OR-Bench publishes them. csv, jsonl, parquet: all votes, responses, judgements "
    "and decisions; can be imported again. huggingface: a dataset folder with a dataset card. label-studio, argilla: "
    "tasks for annotation there; the decisions can be imported."
)
_EXPORT_SEEDS = (
    "Seeds are toxic by design. Export them with the safe prompts?",
    "Nothing was written. Seeds are toxic by design. To export them without confirmation, add --yes.",
)
_Out = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        help="A new or empty folder, or an earlier export. Its files are replaced; other files are not changed.",
    ),
]
_Push = Annotated[
    str | None,
    typer.Option(metavar="OWNER/NAME", help="Upload the export to the Hugging Face hub, as a private dataset."),
]
_Public = Annotated[bool, typer.Option("--public", help="With --push: create a public dataset.")]


def export(
    workspace: options.Workspace,
    form: Annotated[Form, typer.Option("--format", help=_FORMS)],
    out: _Out,
    subset: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Export a saved subset. Repeatable.")] = None,
    wanted: Annotated[
        str,
        typer.Option("--filter", metavar="QUERY", help="Export the prompts of a query: status:decided."),
    ] = "",
    names: Annotated[bool, typer.Option("--names", help="Export annotators' names instead of pseudonyms.")] = False,
    seeds: Annotated[bool, typer.Option("--seeds", help="Include the toxic seeds of the prompts.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before exporting seeds or uploading.")] = False,
    escape: Annotated[
        bool, typer.Option("--for-spreadsheets", help="Put an apostrophe before formulas (CSV only).")
    ] = False,
    bom: Annotated[
        bool, typer.Option("--bom", help="Add a byte order mark to CSV files, so that Excel detects UTF-8.")
    ] = False,
    licence: Annotated[str, typer.Option(metavar="NAME", help="Licence for the dataset card, e.g. cc-by-4.0.")] = "",
    push: _Push = None,
    public: _Public = False,
    as_json: options.Json = False,
) -> None:
    """Export prompts and related data. All files are written, or none. Exports are reproducible byte by byte."""
    from orbench_studio.services.data import export_files, hub_files

    options.parsed(wanted)
    try:
        asked = Export(form, out, tuple(subset or ()), wanted, names, seeds, not escape, licence, bom)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from error
    if push is not None and form is not Form.HUGGINGFACE:
        raise typer.BadParameter("Only the format huggingface can be uploaded.", param_hint="--push")
    hub_files.require_publishable(asked, public=public)
    if seeds and not yes:
        ask(*_EXPORT_SEEDS)
    with options.open_workspace(workspace) as opened, show_progress(out.name) as on_progress:
        done = export_files.export(opened, asked, on_progress)
    if done.repaired:
        write_error("An earlier export to this folder was interrupted. It was undone before this one.")
    address = _published(done, push, public=public, yes=yes) if push is not None else None
    if as_json:
        found = {"out": str(done.out), "prompts": done.prompts, "files": done.files, "repaired": done.repaired}
        write_json(found | ({"dataset": address} if address else {}))
    else:
        write_line(f"{counted(done.prompts, 'prompt')} written to {done.out}: {', '.join(done.files)}")
        if address:
            write_line(f"Uploaded to {address}")


def _published(done: "Exported", repository: str, *, public: bool, yes: bool) -> str:
    """Say what would be uploaded, ask, and upload it."""
    from orbench_studio.services.data import hub_files

    size = sum((done.out / name).stat().st_size for name in done.files)
    kind = "public" if public else "private"
    write_error(f"{counted(done.prompts, 'prompt')}, {size / 1e6:,.1f} MB, to the {kind} dataset {repository}:")
    write_error(*(f"  {name}" for name in done.files))
    if not yes:
        not_uploaded = f"Nothing was uploaded. The export is in {done.out}. To upload without confirmation, add --yes."
        ask("Upload these files?", not_uploaded, err=True)
    return hub_files.publish(done, repository, public=public)

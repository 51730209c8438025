"""`orbench-studio import`: import files, each in one transaction, and report on every row."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import import_report, options
from orbench_studio.cli.console import Exit, write_error, write_json
from orbench_studio.cli.progress import show_progress
from orbench_studio.domain.workspace.location import Location
from orbench_studio.errors import FileFaultError, StudioError

if TYPE_CHECKING:
    from orbench_studio.services.data.import_files import ColumnMapping, Fault, ImportReport
    from orbench_studio.services.workspace.workspace import Workspace

_FORMATS = (
    "studio, inspect-log, label-studio, argilla, "
    "orbench-prompts, orbench-rewrites, orbench-moderation, orbench-moderation-failed, orbench-alignment, "
    "orbench-failed, orbench-response-check, xstest-prompts, xstest-completions, mapped"
)
_MENDS = (
    "contradiction, unreadable-judge, category-is-prompt, several-prompts, duplicate, repeated-header, mojibake, or all"
)
_FIELDS = (
    "prompt, category, seed, key, label, verdict, explanation, moderator, response, model, answer_class, is_refusal, "
    "judge, annotator"
)


def import_files(
    workspace: options.Workspace,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="CSV, TSV, JSON, JSONL, Parquet (also .gz), or an export's folder.",
        ),
    ],
    format_name: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help=f"Format, if it is not recognised: {_FORMATS}.")
    ] = None,
    moderator: Annotated[str | None, typer.Option(metavar="NAME", help="Moderator, if the file names none.")] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Model, if the file names none.")] = None,
    judge: Annotated[str | None, typer.Option(metavar="NAME", help="Judge, if the file names none.")] = None,
    annotator: Annotated[str | None, typer.Option(metavar="NAME", help="Annotator, if the file names none.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=COLUMN", help=f"Column of a field, for other tables; repeat. Fields: {_FIELDS}."),
    ] = None,
    mend: Annotated[
        list[str] | None,
        typer.Option(metavar="FAULT", help=f"Repair a known fault; repeat. Nothing is repaired by default: {_MENDS}."),
    ] = None,
    encoding: Annotated[str | None, typer.Option(metavar="NAME", help="If it is not UTF-8, e.g. cp1252.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Reject the whole file if one row is invalid.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: an object with one report per file.")] = False,
) -> None:
    """Import files, creating the workspace if needed. A file is imported completely or not at all; importing it again
    adds nothing.
    """
    from orbench_studio.services.data.import_files import ReadOptions, import_file

    options = ReadOptions(moderator, model, judge, annotator, _mapping(column or []), encoding, _faults(mend or []))

    def run(opened: "Workspace", file: Path) -> "ImportReport":
        with show_progress(file.name) as on_progress:
            return import_file(opened, file, options, format_name=format_name, strict=strict, on_progress=on_progress)

    reports = _all(workspace, files, run, as_json=as_json)
    if as_json:
        write_json({"workspace": str(workspace), "files": reports})
    if any(found["error"] for found in reports):
        raise typer.Exit(Exit.FAILED)


def _all(
    place: Location, files: list[Path], run: "Callable[[Workspace, Path], ImportReport]", *, as_json: bool
) -> list[dict[str, Any]]:
    """Import every file, also after one that failed, and return all reports."""
    reports: list[dict[str, Any]] = []
    interrupted = False
    with _opened(place) as opened:
        for file in files:
            try:
                found = run(opened, file)
            except StudioError as error:
                message = f"{error}{_advice(error, file)}"
                write_error(message)
                reports.append({"file": file.name, "error": message})
                continue
            except KeyboardInterrupt:
                # Raised again outside: its traceback keeps the database open.
                interrupted = True
                break
            if not as_json:
                import_report.write_report(found)
            reports.append(import_report.as_json(found))
    if interrupted:
        raise KeyboardInterrupt
    return reports


def _advice(error: StudioError, file: Path) -> str:
    """The options that give what the file lacks."""
    from orbench_studio.services.data.import_files import preview_file

    if not isinstance(error, FileFaultError) or not error.wants:
        return ""
    if error.wants != "format":
        return f" Pass --{error.wants} NAME."
    proposal = preview_file(file).proposal
    if proposal is None:
        return " Match them to fields: --column prompt=COLUMN, and so on; or name the format: --format NAME."
    columns = (quote(f"{field}={column}") for field, column in proposal.columns.items())
    return f" Match them to fields: {' '.join(f'--column {column}' for column in columns)}"


@contextmanager
def _opened(place: Location) -> "Iterator[Workspace]":
    """Open or create the workspace; a new one is deleted again if nothing was imported."""
    from orbench_studio.services.workspace.statistics import statistics
    from orbench_studio.services.workspace.workspace import (
        create_workspace,
        discard_workspace,
        open_workspace,
        workspace_exists,
    )

    is_new = not workspace_exists(place)
    is_empty = False
    opened = create_workspace(place) if is_new else open_workspace(place)  # never deletes another process's
    try:
        yield opened
    finally:
        is_empty = is_new and opened.is_in_place and not statistics(opened)["sources"]
        opened.close()
        if is_empty:
            discard_workspace(place)


def _mapping(columns: list[str]) -> "ColumnMapping | None":
    from orbench_studio.services.data.import_files import ColumnMapping, Field

    found = {}
    for text in columns:
        name, _, column = text.partition("=")
        if name not in list(Field) or not column:
            raise typer.BadParameter(
                f"{text!r} is not FIELD=COLUMN. Fields: {', '.join(Field)}.", param_hint="--column"
            )
        found[Field(name)] = column
    return ColumnMapping(found) if found else None


def _faults(names: list[str]) -> "frozenset[Fault]":
    from orbench_studio.services.data.import_files import Fault

    if "all" in names:
        return frozenset(Fault)
    unknown = [name for name in names if name not in list(Fault)]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not a known fault: {', '.join(Fault)}, all.", param_hint="--mend")
    return frozenset(Fault(name) for name in names)

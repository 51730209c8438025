"""`orbench-studio import`: import files, each in one transaction, and report on every row."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import typer

from orbench_studio.cli import import_options, import_report, options
from orbench_studio.cli.console import Exit, show_progress, write_error, write_json
from orbench_studio.cli.import_options import faults_of, header_of, mapping_of, meanings_of
from orbench_studio.domain.workspace.location import Location
from orbench_studio.errors import DoubtfulFileError, FileFaultError, StudioError

if TYPE_CHECKING:
    from orbench_studio.services.data.import_files import ImportReport, ReadOptions
    from orbench_studio.services.workspace.workspace import Workspace


def import_files(
    workspace: options.Workspace,
    files: import_options.Files,
    format_name: import_options.Format = None,
    moderator: import_options.Moderator = None,
    model: import_options.Model = None,
    judge: import_options.Judge = None,
    annotator: import_options.Annotator = None,
    column: import_options.Column = None,
    value: import_options.Value = None,
    rows: import_options.Rows = None,
    requests: import_options.Requests = None,
    joined_by: import_options.JoinedBy = None,
    join_near: import_options.JoinNear = False,
    mend: import_options.Mend = None,
    encoding: import_options.Encoding = None,
    header: import_options.Header = None,
    no_header: import_options.NoHeader = False,
    forget: import_options.Forget = False,
    strict: import_options.Strict = False,
    as_json: import_options.AsJson = False,
) -> None:
    """Import files, creating the workspace if needed. A file is imported completely or not at all; importing it again
    adds nothing.
    """
    from orbench_studio.services.data.file_members import expanded
    from orbench_studio.services.data.import_files import ReadOptions, import_file

    if format_name == "list":
        import_report.write_formats()
        return
    read_options = ReadOptions(
        moderator, model, judge, annotator, mapping_of(column), meanings_of(value), rows, requests, join_near, encoding,
        header_of(header, no_header=no_header), faults_of(mend), {} if forget or strict else _remembered(), joined_by,
    )  # fmt: skip

    def run(opened: "Workspace", file: Path) -> "ImportReport":
        with show_progress(file.name) as on_progress:
            return import_file(
                opened, file, read_options, format_name=format_name, strict=strict, on_progress=on_progress
            )

    with ExitStack() as stack:
        with show_progress("download") as on_progress:
            members = stack.enter_context(expanded(files, write_error, on_progress))
        reports = _all(workspace, members, read_options, run, as_json=as_json)
    if as_json:
        write_json({"workspace": str(workspace), "files": reports})
    if any(found["error"] for found in reports):
        raise typer.Exit(Exit.PROBLEMS if all(found.get("doubtful", True) for found in reports) else Exit.FAILED)


def _all(
    place: Location,
    files: list[Path],
    read_options: "ReadOptions",
    run: "Callable[[Workspace, Path], ImportReport]",
    *,
    as_json: bool,
) -> list[dict[str, Any]]:
    """Import every file, also after one that failed, and return all reports."""
    reports: list[dict[str, Any]] = []
    interrupted = False
    with _opened(place) as opened:
        for file in files:
            try:
                found = run(opened, file)
            except StudioError as error:
                message = f"{error}{_advice(error, file, read_options)}"
                write_error(message)
                doubtful = isinstance(error, DoubtfulFileError)
                reports.append({"file": file.name, "error": message, "doubtful": doubtful})
                continue
            except KeyboardInterrupt:
                # Raised again outside: its traceback keeps the database open.
                interrupted = True
                break
            _remember(found, read_options)
            if not as_json:
                import_report.write_report(found)
            reports.append(import_report.as_json(found))
    if interrupted:
        raise KeyboardInterrupt
    return reports


def _remembered() -> dict[str, str]:
    """What the user said about the columns of earlier files."""
    from orbench_studio.settings import load_settings

    settings = load_settings()
    if settings.faults:
        write_error(" ".join(settings.faults))
    return settings.mappings


def _remember(report: "ImportReport", given: "ReadOptions") -> None:
    """Store what the options say about the columns, for other files with the same ones."""
    from orbench_studio.services.data.import_files import remembered_text
    from orbench_studio.settings import load_settings

    if report.shape and (given.mapping is not None or given.meanings):
        settings = load_settings()
        text = remembered_text(given.mapping, given.meanings)
        if settings.mappings.get(report.shape) != text:
            settings.mappings[report.shape] = text
            try:
                settings.save()
            except StudioError as error:
                write_error(str(error))


def _advice(error: StudioError, file: Path, read_options: "ReadOptions") -> str:
    """The options that give what the file lacks."""
    from orbench_studio.services.data.import_files import VALUE, Field, model_in, preview_file

    if not isinstance(error, FileFaultError) or error.wants in ("", "encoding"):  # the text names its option
        return ""
    if error.wants == VALUE:
        return " Pass --value VALUE=MEANING."
    if error.wants == "header" and error.likely:
        return f" Pass --header {error.likely}."
    if error.wants == "header":
        at = _place_of_texts(preview_file(file, replace(read_options, header=0)).rows)
        return f" If it has none, pass --no-header and map the columns by their places: --column prompt={at}."
    if error.wants == "rows" and error.likely:
        texts = "If each line is one text, pass --no-header --column prompt=0."
        return f" Pass --no-header --rows {quote(error.likely)} --column prompt=0 --column response=1. {texts}"
    if error.wants == "joined_by":
        pairs = error.columns or ["COLUMN=COLUMN"]
        return f" Pass {' or '.join(f'--joined-by {quote(pair)}' for pair in pairs)}."
    if error.wants in ("rows", "requests"):
        return " Pass --requests FILE." if error.wants == "requests" else " Pass --rows PATH."
    preview = preview_file(file, read_options)
    proposal = preview.proposal
    if error.wants != "format":
        mapped = read_options.mapping.columns if read_options.mapping else {}
        is_open = proposal is not None and preview.format is None and error.wants not in mapped
        path = proposal.columns.get(Field(error.wants)) if proposal and is_open and error.wants in list(Field) else None
        paths = error.columns or ([path] if path else [])
        inside = "".join(f" Or map it: --column {quote(f'{error.wants}={path}')}." for path in paths[:1])
        return f" Pass --{error.wants} NAME.{inside}"
    if proposal is None:
        return " Match them to fields: --column prompt=COLUMN, and so on; or name the format: --format NAME."
    given: dict[str, str] = {
        asked.field: "COLUMN" for asked in preview.questions if asked.field in (Field.PROMPT, Field.RESPONSE)
    }
    given |= {str(field): of for field, of in preview.certain.items()}
    asked = "".join(f" Not clear: {question.text}." for question in preview.questions)
    columns = " ".join(f"--column {quote(f'{field}={of}')}" for field, of in given.items())
    has_model = Field.MODEL in given or bool(read_options.model or model_in(file.name))
    return (
        f"{asked} Match them to fields: {columns}{'' if has_model or Field.RESPONSE not in given else ' --model NAME'}"
    )


def _place_of_texts(rows: "Sequence[Sequence[str]]") -> str:
    """The place of the only column with texts; PLACE if several have some."""
    from orbench_studio.services.data.import_files import is_sentence

    able = [at for at, cells in enumerate(zip(*rows, strict=True)) if 2 * sum(map(is_sentence, cells)) >= len(cells)]
    return str(able[0]) if len(able) == 1 else "PLACE"


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

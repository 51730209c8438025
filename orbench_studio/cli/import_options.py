"""The options of `orbench-studio import`, and what they say."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from orbench_studio.services.data.import_files import ColumnMapping, Fault

_MENDS = (
    "contradiction, unreadable-judge, category-is-prompt, several-prompts, duplicate, repeated-header, mojibake, "
    "api-error, or all"
)
_FIELDS = (
    "prompt, system_prompt, category, seed, key, label, prompt_label, verdict, prompt_verdict, response_verdict, "
    "explanation, moderator, response, model, stop_reason, error, answer_class, is_refusal, judge, annotator, reason, "
    "sample"
)
Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="CSV, TSV, JSON, JSONL, Parquet, Arrow, Excel (also .gz, .zip); a folder of a dataset or an export; or "
        "hf://OWNER/NAME, hf://OWNER/NAME/CONFIG or hf://OWNER/NAME/CONFIG/SPLIT.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="Format, if it is not recognised; --format list names all."),
]
Moderator = Annotated[str | None, typer.Option(metavar="NAME", help="Moderator, if the file names none.")]
Model = Annotated[str | None, typer.Option(metavar="NAME", help="Model, if the file names none.")]
Judge = Annotated[str | None, typer.Option(metavar="NAME", help="Judge, if the file names none.")]
Annotator = Annotated[str | None, typer.Option(metavar="NAME", help="Annotator, if the file names none.")]
Column = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FIELD=COLUMN",
        help=f"Column of a field, or a path in it such as choices.0.text. Repeatable. Fields: {_FIELDS}.",
    ),
]
Value = Annotated[
    list[str] | None,
    typer.Option(
        metavar="VALUE=MEANING",
        help="Meaning of a value in the file, such as 1=direct_answer, or of a value in one column: "
        "refused:1=direct_refusal. Repeatable.",
    ),
]
Rows = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="Where the rows are. JSON: path of the list, or of parallel lists (a,b). Workbook: name of the sheet. "
        "Text file: the line between two texts (====, or empty-lines).",
    ),
]
Requests = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Requests file of the batch results, with the prompts.")
]
JoinedBy = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN=COLUMN",
        help="Columns of the file and of its requests that have the same keys, if they are not clear: prompt_id=id.",
    ),
]
JoinNear = Annotated[
    bool, typer.Option("--join-near", help="Merge prompts that differ only in white space or quotation marks.")
]
Mend = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FAULT",
        help=f"Repair a known fault that the import report names. Repeatable; none by default. Faults: {_MENDS}.",
    ),
]
Encoding = Annotated[
    str | None, typer.Option(metavar="NAME", help="Encoding of the files, for example cp1252. Default: UTF-8.")
]
NoHeader = Annotated[
    bool, typer.Option("--no-header", help="The first row has data. Columns are named by their places: 0, 1, …")
]
Header = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Line with the names of the columns, if it is not the first: the lines above it are not read.",
    ),
]
Forget = Annotated[
    bool,
    typer.Option(
        "--forget",
        help="Ignore the mapping of columns and values that was remembered from a file with the same columns.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Reject a file with an invalid row or a warning; exit code 3.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: an object with one report per file.")]


def mapping_of(columns: list[str] | None) -> "ColumnMapping | None":
    """The mapping of `--column` options; None if there are none."""
    from orbench_studio.services.data.import_files import ColumnMapping, Field

    found: dict[Field, str] = {}
    for text in columns or ():
        name, _, column = text.partition("=")
        if name not in list(Field) or not column:
            raise typer.BadParameter(
                f"{text!r} is not FIELD=COLUMN. Fields: {', '.join(Field)}.", param_hint="--column"
            )
        _set_once(found, Field(name), column, "--column")
    return ColumnMapping(found) if found else None


def meanings_of(values: list[str] | None) -> dict[str, str]:
    """What the `--value` options say."""
    found: dict[str, str] = {}
    for text in values or ():
        stated, mark, meaning = text.rpartition("=")
        if not mark or not stated:
            raise typer.BadParameter(f"{text!r} is not VALUE=MEANING, such as 1=direct_answer.", param_hint="--value")
        _set_once(found, stated, meaning, "--value")
    return found


def header_of(line: int | None, *, no_header: bool) -> int:
    """The line of the `--header` option; 0 for `--no-header`."""
    if line and no_header:
        raise typer.BadParameter("Pass --header or --no-header, not both.", param_hint="--header")
    return 0 if no_header else line or 1


def _set_once(found: dict[Any, str], name: str, given: str, hint: str) -> None:
    """Add what an option says about a field or a value; refuses another one about the same."""
    if found.setdefault(name, given) != given:
        text = f"{str(name)!r} is given twice: {found[name]!r} and {given!r}. Give it once."
        raise typer.BadParameter(text, param_hint=hint)


def faults_of(given: list[str] | None) -> "frozenset[Fault]":
    """The faults of the `--mend` options."""
    from orbench_studio.services.data.import_files import Fault

    names = given or []
    if "all" in names:
        return frozenset(Fault)
    unknown = [name for name in names if name not in list(Fault)]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not a known fault: {', '.join(Fault)}, all.", param_hint="--mend")
    return frozenset(Fault(name) for name in names)

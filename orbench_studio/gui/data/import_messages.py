"""The status of a file to import, and the report on it, in words."""

import re
from collections.abc import Iterable, Sequence

from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.data.import_run import OWNERS, FileToImport
from orbench_studio.services.data.import_files import REJECTED, VALUE, ColumnTally, Field, ImportReport

NAMES = (
    ("model", "&Model"),
    ("moderator", "Mo&derator"),
    ("judge", "&Judge"),
    ("annotator", "A&nnotator"),
    ("joined_by", "&Key of the requests"),
    ("rows", "&Sheet or row path"),
)
TITLES = {
    Field.PROMPT: "Prompt",
    Field.SYSTEM: "System prompt",
    Field.CATEGORY: "Category",
    Field.SEED: "Toxic seed",
    Field.KEY: "Prompt id (the same in every file)",
    Field.LABEL: "Label (safe, toxic)",
    Field.PROMPT_LABEL: "Label of the prompt (safe, toxic)",
    Field.VERDICT: "Vote (safe, toxic)",
    Field.PROMPT_VERDICT: "Vote on the prompt (safe, toxic)",
    Field.RESPONSE_VERDICT: "Vote on the response (safe, toxic)",
    Field.EXPLANATION: "Explanation",
    Field.MODERATOR: "Moderator",
    Field.RESPONSE: "Response",
    Field.MODEL: "Model",
    Field.STOP_REASON: "Stop reason",
    Field.ERROR: "API error",
    Field.ANSWER_CLASS: "Answer class",
    Field.IS_REFUSAL: "Is refusal (yes, no)",
    Field.JUDGE: "Judge",
    Field.ANNOTATOR: "Annotator",
    Field.REASON: "Annotator note",
    Field.SAMPLE: "Number of the repeat (same prompt and model)",
}
_FIELDS = "|".join(TITLES)
_NAMED = re.compile(
    rf"(?P<before>\b[Mm]ap(?:ped)?\b[^:;]*? to )(?P<field>{_FIELDS})\b(?: or (?P<other>{_FIELDS})\b)?"
    rf"|(?P<missing>{_FIELDS})(?= needs (?:{_FIELDS}):)|(?<= needs )(?P<needed>{_FIELDS})(?=:)"
)
_ENCODING = {  # what messages say of the option of the command line, and what is to be done in the window
    r"pass another --encoding\b": "choose another encoding in the field Encoding",
    r"pass --encoding (\w+)": r"choose \1 in the field Encoding",
    r"leave out --encoding\b": "choose UTF-8 in the field Encoding",
    r" \(--encoding\)": "",
}
_LISTED = 200  # values and kinds of faults in the report
_NAMED_LINES = 5  # of the rows with the same fault
_EARLIER = re.compile(r"\bline \d+")


def state(file: FileToImport) -> str:
    """The status of a file, in a few words."""
    if file.error:
        return tr("cannot be imported, see below")
    if file.is_open:
        return tr("answer the questions below")
    report = file.report
    if report is None:
        return tr("waiting")
    if file.taken:
        text = tr("imported: {imported}, duplicates: {duplicates}, rejected: {rejected}")
        counts = {"imported": report.imported, "duplicates": report.duplicates, "rejected": report.rejected}
    else:
        if not report.imported:
            return tr("all rows rejected: {count}").format(count=f"{report.rejected:,}")
        if report.warnings:
            return tr("check the warnings below")
        text = tr("ready: {rejected} rejected, faults: {faults}")
        counts = {"rejected": report.rejected, "faults": sum(report.faults.values())}
        if not any(counts.values()):
            return tr("ready")
    return text.format(**{name: f"{count:,}" for name, count in counts.items()})


def _advice(wants: str) -> str:
    """What the user can do about a file that lacks something."""
    if not wants:
        return ""
    if wants == "encoding":
        return tr("Then check the texts in the table above.")
    if wants == "format":
        return tr("Choose the format, or the field of each column, above.")
    advice = {
        "header": tr("Set “Line of the column names” above; with “none”, choose the field of each column."),
        "requests": tr("Press Requests file…."),
        VALUE: tr("Choose what the values mean in “Becomes” above."),
    }
    if wants in advice:
        return advice[wants]
    column = tr("Choose its column in the table above, or enter the name in the field {field} and press Enter.")
    entered = tr("Enter it in the field {field} and press Enter.")
    text = {"rows": entered, "joined_by": tr("Enter the columns in the field {field}, such as prompt_id=id.")}.get(
        wants, column
    )
    return text.format(field=tr(dict(NAMES)[wants]).replace("&", ""))


def _unknown(column: ColumnTally) -> list[str]:
    """Each value whose meaning is not known, once, with the number of its rows."""
    one = "“{value}” ({column}) is not known: 1 row. Choose what it means in “Becomes” above."
    many = "“{value}” ({column}) is not known: {count} rows. Choose what it means in “Becomes” above."
    return [
        plural(count, one, many, value=" ".join(value.split()), column=column.column)
        for (value, became), count in column.values.most_common(_LISTED)
        if became == REJECTED
    ]


def _without_questions(file: FileToImport) -> str:
    """The error, without the questions, which have lines of their own."""
    text = file.error
    for question in file.questions:
        text = text.replace(f"; {question.text}", "")
    return text


def message(file: FileToImport) -> list[str]:
    return list(map(with_titles, _lines(file)))


def with_titles(text: str) -> str:
    """A message that tells what to map or to pass, with the names that fields have in the window."""
    for option, field in _ENCODING.items():
        text = re.sub(option, tr(field), text)
    return _NAMED.sub(_titled, text)


def _titled(named: re.Match[str]) -> str:
    fields = (Field(name) for name in named.group("field", "other", "missing", "needed") if name)
    return (named["before"] or "") + tr(" or ").join(tr("“{field}”").format(field=tr(TITLES[part])) for part in fields)


def _of_columns(file: FileToImport) -> list[str]:
    """Columns that the user must confirm, and those that are no longer imported because another one was chosen."""
    mapped = file.mapping.columns if file.mapping and not file.taken else {}
    confirm = tr(
        "? {file}: {column} is “{field}”, as for an earlier file. If it has the values of {name}, choose “{field}” in "
        "the list of its column once more."
    )
    lines = [
        confirm.format(file=file.path.name, column=column, field=tr(TITLES[part]), name=name)
        for part, column, name in file.unconfirmed
    ]
    gone = tr("⚠ {file}: “{field}” is {column} now, and {before} is not imported: a field has one column.")
    both = tr("To import both, press “Import {column} too”. Each then has its own name in the field {name}.")
    for part, before in file.replaced.items():
        if part in mapped and before not in mapped.values():
            text = gone.format(file=file.path.name, field=tr(TITLES[part]), column=mapped[part], before=before)
            owner = OWNERS.get(part)
            lines.append(f"{text} {both.format(column=before, name=tr(TITLES[owner]))}" if owner else text)
    return lines


def _lines(file: FileToImport) -> list[str]:
    name, report = file.path.name, file.report
    asked = [f"? {name}: {question.text}." for question in file.questions]
    if asked and file.is_open and file.mapping is not None and file.mapping.gives(Field.PROMPT):
        asked.append(tr("To import only the prompts, choose “Prompt” in the list of its column once more."))
    asked += _of_columns(file)
    if file.error:
        return [" ".join(filter(None, ("✕", _without_questions(file), _advice(file.wants)))), *asked]
    if report is None:
        return []
    inferred = tr("{file}: {what}, from the file name: {name}")
    lines = [_result(file, report)] if file.taken else []
    if file.remembered:
        lines.append(tr("{file}: fields and meanings as for an earlier file with these columns.").format(file=name))
    lines += asked
    lines += [f"⚠ {name}: {warning}" for warning in report.warnings]
    lines += [f"{name}: {note}: {count:,}" for note, count in report.notes.items()]
    lines += [inferred.format(file=name, what=what, name=found) for what, found in report.inferred.items()]
    unknown = [one for column in report.values for one in _unknown(column)]
    lines += [f"{name}: {text}" for text in unknown]
    others = [(f.line, f.reason) for f in report.rejected_rows if not (unknown and f.wants == VALUE)]
    return lines + _of_rows(name, others) + _of_rows(name, [(f.line, f.message) for f in report.findings])


def _result(file: FileToImport, report: ImportReport) -> str:
    """The result of an import; with a check mark only if something was stored, and no mapped column was lost."""
    mark = "✓" if report.imported and not any(map(why_not_stored, report.values)) else "⚠"
    return tr("{mark} {file}: {result}").format(mark=mark, file=file.path.name, result=state(file))


def why_not_stored(column: ColumnTally) -> str:
    """Why no value of a column is stored; empty if some are, or if the column has none."""
    if column.field == Field.ERROR:
        return ""  # tools write the reasons of their tests there
    return next((why for why, count in column.not_stored.items() if count == column.filled), "")


def _of_rows(name: str, rows: Iterable[tuple[int, str]]) -> list[str]:
    """What concerns a row, with its line; what concerns several rows, once, with their number and the first lines."""
    lines: dict[str, list[int]] = {}
    first: dict[str, str] = {}
    for line, text in rows:
        general = _EARLIER.sub("an earlier line", text)
        lines.setdefault(general, []).append(line)
        first.setdefault(general, text)
    return [
        plural(
            len(of),
            "{file}, line {lines}: {text}",
            "{file}, {count} rows (lines {lines}): {text}",
            file=name,
            lines=_first_lines(of),
            text=first[text] if len(of) == 1 else text,
        )
        for text, of in list(lines.items())[:_LISTED]
    ]


def _first_lines(lines: Sequence[int]) -> str:
    listed = ", ".join(map(str, lines[:_NAMED_LINES]))
    return f"{listed}, …" if len(lines) > _NAMED_LINES else listed

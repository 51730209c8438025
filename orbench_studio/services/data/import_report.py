"""The report of an import, and what makes its result doubtful."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from orbench_studio.domain.core.changes import ALL_CHANGED, Changes
from orbench_studio.formats.class_words import is_bare, says_nothing, shortened, word
from orbench_studio.formats.import_doctor import Finding
from orbench_studio.formats.import_notes import (
    ERRORS_WITH_TEXT,
    LATER_TURNS,
    NOT_FAILED,
    NOTHING,
    OTHER_KIND,
    OTHER_REFUSAL,
    OWN_REPLY,
    TURNS,
)
from orbench_studio.formats.mapped import MAPPED
from orbench_studio.formats.mapping import NAMES, Field, scoped
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import Reading
from orbench_studio.formats.records import RowFault
from orbench_studio.formats.tally import MORE, NO_CATEGORY, NOT_READ, REJECTED, SHOWN, UNPARSED, ColumnTally
from orbench_studio.services.data.prompt_import import OTHER_CONTEXT, OTHER_PROMPT, OTHER_TEXT
from orbench_studio.services.data.record_import import RecordImport

_DOUBTFUL = 0.1  # the share of rows from which something is a warning
_OWN = "own category: "
_ROLES = frozenset(map(shortened, ("assistant", "function", "later user", "system", "tool")))  # none of them unknown


@dataclass
class ImportReport:
    """The result of an import: every row was imported, was a duplicate of what the workspace has, or was rejected.

    `added` counts new records by kind; `rejected_rows` and `findings` list the first thousand, `rejected` and
    `faults` count all, and `left_out` the duplicates that a repair left out. `inferred` has the names that come
    from the file's name, by what they name (`model`, `judge`). `values` has the values of the mapped columns with
    what each became, `warnings` what makes the result doubtful. `shape` identifies files with the same columns,
    `source` names where the new prompts come from (empty for an export, whose records name their own), and
    `remembered` has the mapping of an earlier one, where it was used.
    """

    file: str
    format: str
    imported: int = 0
    duplicates: int = 0
    rejected: int = 0
    left_out: int = 0
    rejected_rows: list[RowFault] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    added: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    inferred: dict[str, str] = field(default_factory=dict)
    values: list[ColumnTally] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    shape: str = ""
    source: str = ""
    remembered: list[str] = field(default_factory=list)

    @property
    def changes(self) -> Changes:
        return ALL_CHANGED if self.imported or self.added else Changes()


def finish(report: ImportReport, file: Reading, stored: RecordImport | None = None) -> None:
    """Add the value counts, notes and warnings to the report."""
    options = file.options
    report.values = file.tally.columns
    report.shape = file.shape
    if file.is_remembered:
        columns = options.mapping.columns if options.mapping else {}
        report.remembered = [f"{part}={columns[part]}" for part in Field if part in columns]
        report.remembered += [f"{value}={meaning}" for value, meaning in options.meanings.items()]
    report.notes |= {note: count for note, count in file.tally.notes.items() if count}
    if file.has_doubtful_header:
        report.warnings.append("The first row looks like data, and was read as the names of the columns.")
    report.warnings += (text for of in file.tally.unread_names.values() for text in of.warnings())
    if stored is not None:
        report.warnings += _of_contradictions(file, stored)
    unused = ", ".join(f"{part} {name}" for part, name in file.unused_names.items())
    if unused and (report.imported or report.duplicates):  # no name is used while all rows are rejected
        report.warnings.append(f"Options without effect, as no row needs such a name: {unused}.")
    if options.mapping and report.imported:
        rows = "1 row has no value" if report.imported == 1 else f"None of {report.imported:,} rows has a value"
        for column in file.tally.empty_columns:
            may_be_empty = column.field is Field.RESPONSE and "." not in column.column  # a path may be wrong
            if column.field is not Field.ERROR and not may_be_empty:
                report.warnings.append(f"{rows} in {column.column} ({column.field}).")
    report.warnings += file.tally.openings.warnings()
    report.warnings += file.tally.doubts
    for name, count in file.tally.not_read.items():
        rows = "1 row has" if count == 1 else f"{count:,} rows have"
        report.warnings.append(f"{rows} a value in {name}, which may be part of what was sent. It was not read.")
    if undecided := file.tally.undecided:
        text = f"Labels or classes that may not count, as their rows say, but are stored: {_listed(undecided)}"
        report.warnings.append(f"{text}. Remove such rows from the file, if they do not count.")
    if turns := file.tally.unread_turns:
        text = f"Turns after the user's last one that are not the reply, and were not read: {_listed(turns)}"
        advice = " The role of a model must be a usual one, such as assistant." if turns.keys() - _ROLES else ""
        report.warnings.append(f"{text}.{advice}")
    report.warnings += _doubts(report)
    report.warnings += file.tally.repeats.warnings()
    report.warnings += _of_unknown_values(report.values)
    report.warnings += _of_ignored_values(report)
    report.warnings += _of_values_not_stored(report)
    report.warnings += _of_categories(report.values)
    report.warnings += _of_meanings(report.values, options)
    report.warnings += _of_names_that_say_nothing(report.values)


def _of_contradictions(file: Reading, stored: RecordImport) -> Iterator[str]:
    """Warnings about rows of a mapped table that say something else about their prompt than an earlier row."""
    mapping = file.options.mapping
    if mapping and Field.KEY in mapping.columns and (joined := stored.notes[OTHER_TEXT]):
        rows = "1 row has" if joined == 1 else f"{joined:,} rows have"
        text = f"{rows} another text than an earlier prompt with the same key, which stays. Texts were left out"
        if moved := stored.notes[OTHER_PROMPT]:
            text = f"{text}, and responses stored with a prompt that they do not answer: {moved:,}"
        yield f"{text}. Map a column whose values are unique to key, or none."
    of_responses = any(column.field == Field.RESPONSE for column in file.tally.columns)
    for (what, of), count in (+stored.differing).items():  # notes count the rows that differ from the workspace
        if file.reader is not MAPPED and of != "response" and what != OTHER_CONTEXT:
            continue  # OR-Bench's own files repeat prompts with other categories: the notes count them
        rows = "1 row has" if count == 1 else f"{count:,} rows have"
        text = f"{rows} another {what} than an earlier row of the same {of}, which stays."
        if what == "key":
            text = f"{text} Equal texts are one prompt."
        if what == "label" and of_responses:
            text = f"{text} If the labels judge the responses, map them to response_verdict."
        yield text
    for what, count in stored.contradicted().items():
        if count:
            subject = "1 prompt or response has" if count == 1 else f"{count:,} prompts or responses have"
            yield f"{subject} different {what}. All are stored, and the latest counts."


def _doubts(report: ImportReport) -> Iterator[str]:
    rows = report.imported + report.duplicates + report.rejected
    if report.rejected > _DOUBTFUL * rows:
        yield f"{report.rejected:,} of {rows:,} rows are rejected."
    for note in (TURNS, LATER_TURNS, NOTHING, OWN_REPLY, ERRORS_WITH_TEXT, OTHER_REFUSAL, OTHER_KIND):
        if count := report.notes.pop(note, 0):
            yield f"{note}: {count:,}."
    responses = sum(column.texts for column in report.values if column.field == Field.RESPONSE)
    errors = sum(column.errors for column in report.values if column.field == Field.RESPONSE)
    if errors > _DOUBTFUL * responses:
        yield f"{errors:,} of {responses:,} responses are errors of an API, or stand for an empty cell."
    for column in report.values:
        unread = column.became(UNPARSED)
        if unread > _DOUBTFUL * column.total:
            yield f"{unread:,} of {column.total:,} values of {column.column} ({column.field}) are unparsed."
        if column.field == Field.SEED and (numbers := column.became(NOT_READ)):
            values = f"{numbers:,} of {column.total + column.texts:,} values of {column.column} (seed)"
            yield f"{values} are numbers. They were not read."
        if column.field not in (Field.PROMPT, Field.RESPONSE, Field.SEED):
            continue
        of = f"of {column.texts:,} texts of {column.column} ({column.field})"
        if column.nested_texts > _DOUBTFUL * column.texts:
            nested = f"{column.nested_texts:,} {of} are lists or objects"
            yield f"{nested}. Map a path inside of them."
        if column.empty > _DOUBTFUL * column.texts and column.field != Field.SEED:  # not every prompt has a seed
            yield f"{column.empty:,} {of} are empty."
        if column.echoes > _DOUBTFUL * column.texts:
            yield f"{column.echoes:,} {of} are equal to their prompt, or contain it."
        if column.is_cut and column.of_longest > _DOUBTFUL * column.texts:
            cut = f"{column.of_longest:,} {of} have exactly {column.longest:,} characters"
            yield f"{cut}, which is the most: they may be cut off."
        elif column.are_shortened:
            yield f"{column.shortened:,} {of} end with “...” or “…”: they may be cut off."
        if column.dialogues > _DOUBTFUL * column.texts:
            yield f"{column.dialogues:,} {of} are whole dialogues of a user and a model, or have a chat template."
        if column.identifiers > _DOUBTFUL * column.texts:
            yield f"{column.identifiers:,} {of} are numbers, letters or identifiers. Map the column that has the texts."


def _of_unknown_values(values: Iterable[ColumnTally]) -> Iterator[str]:
    """A warning about each column of which values were rejected, because nobody says what they mean."""
    for column in values:
        unknown = Counter({value: count for (value, became), count in column.values.items() if became == REJECTED})
        if unknown and column.field != Field.CATEGORY:
            rows = f"Rows were rejected for values of {column.column} ({column.field}) without a known meaning"
            yield f"{rows}: {_listed(unknown)}."


def _of_ignored_values(report: ImportReport) -> Iterator[str]:
    """A warning about each column of which many values are ignored as the user wants; a note about few of them."""
    for column in report.values:
        ignored = Counter(
            {
                value: count
                for (value, became), count in column.values.items()
                if became in (NOT_READ, NO_CATEGORY) and column.is_ignored(value)
            }
        )
        rows, what = ignored.total(), f"{column.column} ({column.field}) not read"
        if rows > _DOUBTFUL * column.total:
            yield f"{rows:,} of {column.total:,} rows: {what}: {_listed(ignored)}."
        elif rows:
            report.notes[f"rows with {what}"] = rows


def _of_values_not_stored(report: ImportReport) -> Iterator[str]:
    """A warning about each column of which many values, or all names, are in no record; a note about few of them.

    An error beside a response is a note: tools write the reasons of their tests there.
    """
    for column in report.values:
        for why, count in column.not_stored.items():
            share = 1 if column.field in NAMES else _DOUBTFUL
            if why != NOT_FAILED and (count > share * column.filled or count == column.filled):
                yield (
                    f"{count:,} of {column.filled:,} values of {column.column} ({column.field}) are not stored, "
                    f"because {why}."
                )
            else:
                report.notes[f"values of {column.column} ({column.field}) not stored, because {why}"] = count


def _listed(counts: Counter[str]) -> str:
    """The ten most frequent values with their counts, and how many more there are."""
    listed = ", ".join(f"{value} {count:,}" for value, count in counts.most_common(10))
    return f"{listed} and {len(counts) - 10:,} more" if len(counts) > 10 else listed


def _of_categories(values: Iterable[ColumnTally]) -> Iterator[str]:
    """One warning about the categories that are not OR-Bench's."""
    own, renamed = Counter[str](), Counter[str]()
    for column in values:
        if column.field == Field.CATEGORY:
            for (value, became), count in column.values.items():
                if became.startswith(_OWN) and not column.has_stated(value):
                    name = became.removeprefix(_OWN)
                    own[name] += count
                    if " ".join(value.lower().split())[:SHOWN] != name[:SHOWN] or ";" in name[SHOWN:] or "…" in name:
                        renamed[name] += count
    if own:
        rows = f"{own.total():,} rows have" if own.total() > 1 else "1 row has"
        yield f"{rows} categories that are not OR-Bench's ten: {_listed(own)}. You can join them to the ten."
    if renamed:
        text = (
            "Categories are stored under another name, a comma as a semicolon, and what is too long cut with a digest"
        )
        yield f"{text}: {_listed(renamed)}."


def _of_meanings(values: Iterable[ColumnTally], options: ReadOptions) -> Iterator[str]:
    """A warning about each meaning of a value that no mapped column has."""
    counted = [(value, column) for column in values for value, _ in column.values]
    if any(value == MORE for value, _ in counted):
        return  # not every value was counted one by one
    known = {((column.field, column.column), word(value)) for value, column in counted}
    places = {place for place, _ in known}
    for stated in options.meanings:
        named, value = scoped(stated, places)
        if not any((place, word(value[:SHOWN])) in known for place in named or places):
            yield f"No mapped column has the value {stated}, whose meaning was set."


def _of_names_that_say_nothing(values: Iterable[ColumnTally]) -> Iterator[str]:
    """A warning about each column whose yes was read as a refusal, as the user said so, and its name says nothing."""
    for column in values:
        read = (value for value, became in column.values if became != REJECTED)
        bare = [value for value in read if is_bare(value) and not column.has_stated(value)]
        if column.field == Field.IS_REFUSAL and bare and says_nothing(column.column):
            text = f"{column.column} was mapped to is_refusal, though its name does not say what its values mean"
            yield f"{text}: 1 or yes was read as a refusal, 0 or no as an answer."

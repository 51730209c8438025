"""Tables of text in any file type: a header and a stream of rows with their line numbers."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import PurePath

from orbench_studio.errors import FileFaultError, shortened
from orbench_studio.formats.byte_source import file_fault
from orbench_studio.formats.records import RowFault

Cells = list[str]
Row = tuple[int, Cells]


class NestedCell(str):
    """A cell that holds the JSON of an object or a list, not a text that looks like it."""

    __slots__ = ()


class StatedText(str):
    """An empty text that the file states; a value that is missing is a plain empty text."""

    __slots__ = ()


FIRST_LINES = 20  # among which the one with the names of the columns is looked for
MAX_VALUES = 250_000  # in one record
_UNNAMED = "rows with a text in a column without a name (it is not imported)"
_LISTED = 40
_JSON_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_KINDS = {
    ".csv": "delimited",
    ".txt": "delimited",
    ".tsv": "tabs",
    ".tab": "tabs",
    ".jsonl": "lines",
    ".ndjson": "lines",
    ".json": "json",
    ".parquet": "parquet",
    ".eval": "inspect",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".xlsx": "workbook",
    ".xlsm": "workbook",
    ".xlsb": "workbook",
    ".xls": "workbook",
    ".ods": "workbook",
}


@dataclass(frozen=True, slots=True)
class Table:
    """`first` is the header as it stands in the file; missing values are empty texts.

    A row's line is the 1-based line on which it begins, in Parquet its number. `bound` are the columns that will be
    used, filled in before the first row is taken: elsewhere a value that is no text may be given as an empty one.
    `notes` say what was left out of the file or where its rows were, with counts, `doubts` are warnings. `first_is_row`
    if the header is a row of the file, which may be data. `late` counts the rows with a value under a name that the
    header lacks: it begins late in the file, or is left out. `passed` are notes that are complete after the last row.
    `first_lines` gives the first lines, of which one may have the names, `others` names the other tables of the file.
    """

    first: Row
    rows: Iterator[Row | RowFault]
    bound: set[int] = field(default_factory=set)
    notes: dict[str, int] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    first_is_row: bool = False
    late: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    first_lines: Callable[[], Iterable[Row]] = tuple
    others: str = ""

    def header(self, name: str) -> tuple[str, ...]:
        """The column names, empty for a column that has none; raises FileFaultError for repeated ones."""
        names = tuple(cell.strip() for cell in self.first[1])
        if not any(names):
            raise self._header_fault(name, "the header has no column names. Add them.")
        if "" in names:
            self.notes["columns without a name were ignored"] = names.count("")
        double = sorted(name for name, count in Counter(filter(None, names)).items() if count > 1)
        if double:
            listed = listing(double)
            raise self._header_fault(name, f"the header has a column twice: {listed}. Rename or delete one of the two.")
        return names

    def _header_fault(self, name: str, text: str) -> FileFaultError:
        return file_fault(name, text, self.first[0])

    def all_rows(self) -> Iterator[Row | RowFault]:
        return chain([self.first], self.rows)


def above_header(lines: Sequence[Cells]) -> dict[str, int]:
    """A note about the lines above the one with the names of the columns, with their texts."""
    texts = [text for cells in lines if (text := " ".join(filter(None, cells)))]
    return {f"lines above the names of the columns were not read ({listing(texts)})": len(texts)} if texts else {}


def within_names(table: Table, header: Sequence[str]) -> Iterator[Row | RowFault]:
    """The rows; one with a value beyond the last column with a name is rejected, one with another text is counted.

    Spreadsheets end rows in empty cells; a value there is often the rest of a text with an unquoted separator.
    """
    last = max((at for at, name in enumerate(header) if name), default=-1) + 1
    unnamed = [at for at, name in enumerate(header[:last]) if not name]
    if all(header):
        yield from table.rows
        return
    for row in table.rows:
        if isinstance(row, RowFault):
            yield row
        elif any(row[1][last:]):
            yield _beyond(row, last)
        else:
            cells = (row[1][at].strip() for at in unnamed)
            if any(cell and not cell.isdigit() for cell in cells):  # pandas numbers its rows in such a column
                table.passed[_UNNAMED] += 1
            yield row


def _beyond(row: Row, last: int) -> RowFault:
    value = shortened(next(filter(None, row[1][last:])).strip())
    text = f"“{value}” is in a column without a name. Quote the text that it belongs to, or name its column"
    return RowFault(row[0], text)


def listing(names: Sequence[str]) -> str:
    """Join names for a message; long lists are shortened."""
    named = [name for name in names if name]
    message = ", ".join(shortened(name) for name in named[:_LISTED])
    return message if len(named) <= _LISTED else f"{message} and {len(named) - _LISTED:,} more"


def too_many_values(text: str, at: int = 0) -> bool:
    """Whether the JSON value that begins at a position contains more than MAX_VALUES values.

    What Python makes of a value takes up to 200 bytes, though `[],` is three: this, not its length, is what makes JSON
    large in memory.
    """
    if sum(text.count(mark, at) for mark in ",[{") <= MAX_VALUES:
        return False
    values = depth = 0
    for token in _JSON_TOKEN.finditer(text, at):
        mark = text[token.start()]
        values += mark in ",[{"
        depth += (mark in "[{") - (mark in "]}")
        if values > MAX_VALUES:
            return True
        if depth <= 0:
            return False
    return False


def unstorable(cells: Iterable[str]) -> str | None:
    """Why these texts cannot be stored: JSON escapes can contain invalid characters. Empty if they can."""
    found = next(filter(None, map(_UNSTORABLE.search, cells)), None)
    if found is None:
        return None
    if found.group() == "\0":
        return "a text contains a NUL character"
    return "a text contains half a character (a lone surrogate such as \\ud800)"


def texts_in(value: object) -> Iterator[str]:
    """Every string in a nested value, with its keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from texts_in(name)
            yield from texts_in(one)
    elif isinstance(value, Iterable):
        for one in value:
            yield from texts_in(one)


def stem_and_kind(file_name: str) -> tuple[str, str]:
    """Split a file name into its stem and the file type of its known extensions (empty if unknown)."""
    path = PurePath(file_name)
    if path.suffix.lower() == ".gz":
        path = path.with_suffix("")
    kind = _KINDS.get(path.suffix.lower(), "")
    return (path.stem if kind else path.name), kind


def described(value: object) -> str:
    """What a nested value is, for messages."""
    if isinstance(value, dict):
        names = ", ".join(list(value)[:5])
        return f"an object with {names}" if names else "an empty object"
    return f"a list of {len(value):,}" if isinstance(value, list) else "a single value"

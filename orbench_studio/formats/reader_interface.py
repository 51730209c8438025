"""The interface of readers: a reader binds to the header, name and options of a file, and then reads its rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from orbench_studio.domain.core.category import LONGEST_CATEGORY, Category, category_name
from orbench_studio.errors import FileFaultError
from orbench_studio.formats.api_errors import is_nothing
from orbench_studio.formats.byte_source import file_fault
from orbench_studio.formats.column_evidence import ColumnEvidence
from orbench_studio.formats.import_doctor import Check, Fault
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.name_columns import is_clear, name_columns
from orbench_studio.formats.proposals import Proposal
from orbench_studio.formats.records import Record, RowError
from orbench_studio.formats.tables import Cells, listing
from orbench_studio.formats.tally import Tally

REQUEST = "request"  # the column of the requests that are joined to results
_DIGEST = 6  # characters
_UNIMPORTANT = frozenset({"", "file", "id"})  # columns without a name, and what reading JSON may add
_CATEGORIES: dict[str, str | None] = {
    "": None,
    **{category.value: category.value for category in Category},
}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options of the user: names that the file lacks, its encoding, its column mapping, and the faults to repair.

    `header` is the line with the names of the columns, 1 the first that is neither empty nor a comment. Without it
    (0), columns are named by their places: 0, 1 and so on. `meanings` says what values stand for (`1`, or
    `column:1`), `rows` where the rows are in a JSON file or which sheet of a workbook has them, `requests` names
    the file of the requests that a file of batch results answers, and `joined_by` the columns of both with its keys
    (`prompt_id=id`), if they are not clear. `join_near` joins prompts that differ only in white space and quotation
    marks. `remembered` has what the user said about the columns of earlier files (see `remembered_mapping.py`).
    """

    moderator: str | None = None
    model: str | None = None
    judge: str | None = None
    annotator: str | None = None
    mapping: ColumnMapping | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)
    rows: str | None = None
    requests: Path | None = None
    join_near: bool = False
    encoding: str | None = None
    header: int = 1
    mend: frozenset[Fault] = field(default_factory=frozenset)
    remembered: Mapping[str, str] = field(default_factory=dict)
    joined_by: str | None = None

    def given(self) -> dict[str, object]:
        """The options that the user set, by what they give."""
        names = {"moderator": self.moderator, "model": self.model, "judge": self.judge, "annotator": self.annotator}
        reading = {"rows": self.rows, "requests": self.requests, "encoding": self.encoding, "mend": self.mend}
        more = {
            "joined-by": self.joined_by,
            "column": self.mapping,
            "value": self.meanings,
            "join-near": self.join_near,
        }
        given = {**names, **more, **reading, "no-header": not self.header, "header": self.header > 1}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file before its first row is read.

    `bound` has the columns that the reader uses, `inferred` the names that come from the file's name, by what they name
    (model, moderator, judge). `tally` counts the values of the mapped columns and what each became. `proposal` is what
    the first rows say about a file that no format and no user maps; `first_rows` reads them.
    """

    name: str
    header: tuple[str, ...]
    options: ReadOptions
    bound: set[int] = field(default_factory=set)
    inferred: dict[str, str] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    proposal: Proposal = field(default_factory=Proposal)
    first_rows: Callable[[], Sequence[Sequence[str]]] = tuple

    def first_columns(self) -> dict[str, ColumnEvidence]:
        """The columns that have a name, with the cells of the first rows."""
        rows = self.first_rows()
        return {name: ColumnEvidence(name, [row[at] for row in rows]) for at, name in enumerate(self.header) if name}

    def column(self, name: str) -> int:
        at = self.header.index(name)
        self.bound.add(at)
        return at

    def optional(self, name: str) -> int | None:
        """The index of an optional column; None if the file lacks it."""
        return self.column(name) if name in self.header else None

    def fault(self, text: str) -> FileFaultError:
        return file_fault(self.name, text)

    def required(self, part: Field, given: str | None, found: str | None) -> str:
        """A name that must come from the options or from the file's name."""
        name, what = given or found, str(part)
        if not name:
            columns = name_columns(part, self.header, self.first_rows(), self.bound)
            text = f"the {what} is not known: no column is mapped to {what}, and the name of the file has none."
            if columns:
                may = "The column {} may name it: map it" if len(columns) == 1 else "One of the columns {} may: map it"
                text = f"the {what} is not known. {may.format(listing(columns))} to {what}."
            likely = columns[0] if len(columns) == 1 and is_clear(part, columns[0]) else ""
            raise FileFaultError(f"{self.name}: {text}", wants=what, likely=likely, columns=columns)
        if not given:
            self.inferred[what] = name
        return name


@dataclass(frozen=True, slots=True)
class Bound:
    """A reader bound to the columns of one file.

    `identity` has the columns that identify a row's subject: a second row with the same values repeats the first.
    """

    take: Callable[[int, Cells], Record]
    identity: Sequence[int]
    checks: Sequence[Check] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """A format: its name on the command line, its title, its required columns, and its `bind` function.

    `others` lists the only other columns that a file may have, for formats with common column names; None allows any.
    A format that `joins` takes its prompts from a file of requests, by this column, unless it has the column
    `joined`. Rows count only where the columns of `only` have these values; a row of another kind gives the values of
    the columns `of_run` to the rows after it. `earlier` has a column of `only`, its value in a row that a later one
    usually replaces, and the column that names what both are about. What `keeps` its own reading is read by its
    reader also where the user maps columns; the columns of a `fixed` format cannot be mapped. `mapping` is the one of a
    format that is a mapping, `known` has the columns that it names.
    """

    name: str
    title: str
    required: tuple[str, ...]
    bind: Callable[[Sheet], Bound]
    others: frozenset[str] | None = None
    joins: str = ""
    joined: str = REQUEST
    keeps: bool = False
    fixed: bool = False
    mapping: ColumnMapping | None = None
    only: Mapping[str, str] = field(default_factory=dict)
    of_run: Sequence[str] = ()
    earlier: tuple[str, str, str] | None = None
    known: frozenset[str] = frozenset()

    @property
    def columns(self) -> Mapping[Field, str]:
        """The columns of a format that is a mapping, by field."""
        return self.mapping.columns if self.mapping else {}

    def recognises(self, header: Sequence[str]) -> bool:
        columns = set(header)
        return columns.issuperset(self.required) and (
            self.others is None or self.others.issuperset(columns - _UNIMPORTANT - set(self.required))
        )


def prompt_text(cell: str) -> str:
    """The prompt, unchanged."""
    if not cell or cell.isspace():
        raise RowError("the prompt is empty")
    return cell


def category(cell: str) -> str | None:
    """The category that a cell names, shortened if it is too long; None for an empty cell and a word for one."""
    try:
        return _CATEGORIES[cell]
    except KeyError:
        pass
    if cell.strip().lower() in _CATEGORIES:
        return _CATEGORIES[cell.strip().lower()]
    if is_nothing(cell):
        return None
    try:
        name = " ".join(cell.split())
        if len(name) > LONGEST_CATEGORY:  # the digest tells long names with the same beginning apart
            digest = sha256(name.lower().encode(errors="replace")).hexdigest()[:_DIGEST]
            name = f"{name[: LONGEST_CATEGORY - _DIGEST - 1]}…{digest}"
        return category_name(name)
    except ValueError as error:
        raise RowError(str(error)) from None

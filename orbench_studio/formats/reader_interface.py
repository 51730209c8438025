"""What a reader is given, and what it gives back: one file's header, name and options against a function of rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orbench_studio.domain.core.category import Category, parse_category
from orbench_studio.errors import FileFaultError
from orbench_studio.formats.byte_source import file_fault
from orbench_studio.formats.doctor import Check, Fault
from orbench_studio.formats.mapping import ColumnMapping
from orbench_studio.formats.records import Record, RowError
from orbench_studio.formats.tables import Cells

_CATEGORIES: dict[str, Category | None] = {
    "": None,
    "none": None,
    **{category.value: category for category in Category},
}
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user adds to a file: names it does not state, its encoding, and the faults to mend."""

    moderator: str | None = None
    model: str | None = None
    judge: str | None = None
    annotator: str | None = None
    mapping: ColumnMapping | None = None
    encoding: str | None = None
    mend: frozenset[Fault] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file as a reader sees it before the first row.

    `bound` are the columns that it has looked up; `inferred` the names that it took from the file's name, by what they
    name: model, moderator, judge.
    """

    name: str
    header: tuple[str, ...]
    options: ReadOptions
    bound: set[int] = field(default_factory=set)
    inferred: dict[str, str] = field(default_factory=dict)

    def column(self, name: str) -> int:
        """Where a required column is."""
        at = self.header.index(name)
        self.bound.add(at)
        return at

    def optional(self, name: str) -> int | None:
        """Where a column is that may be missing."""
        return self.column(name) if name in self.header else None

    def fault(self, text: str) -> FileFaultError:
        """The error that refuses this file."""
        return file_fault(self.name, text)

    def required(self, what: str, given: str | None, found: str | None) -> str:
        """A name that the user or the file's name must give."""
        name = given or found
        if not name:
            raise FileFaultError(f"{self.name}: the file's name does not say which {what} this is.", wants=what)
        if not given:
            self.inferred[what] = name
        return name


@dataclass(frozen=True, slots=True)
class Bound:
    """A reader set to one file's columns.

    `identity` are the columns that say what a row is about: a second row with the same is a re-run's.
    """

    take: Callable[[int, Cells], Record]
    identity: Sequence[int]
    checks: Sequence[Check] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """A format: its name on the command line, its title, the columns it needs, and how it takes rows.

    `others` are the columns it may have besides, where the required ones are too usual to tell; None for any.
    """

    name: str
    title: str
    required: tuple[str, ...]
    bind: Callable[[Sheet], Bound]
    others: frozenset[str] | None = None

    def recognises(self, header: Sequence[str]) -> bool:
        """True where the header is this format's."""
        columns = set(header)
        return columns.issuperset(self.required) and (
            self.others is None or self.others.issuperset(columns.difference(self.required))
        )


def prompt_text(cell: str) -> str:
    """The prompt, to the letter."""
    if not cell or cell.isspace():
        raise RowError("the prompt is empty")
    return cell


def category(cell: str) -> Category | None:
    """The category a cell names; `none` and nothing are no category."""
    try:
        return _CATEGORIES[cell]
    except KeyError:
        pass
    text = cell.strip()
    found = _CATEGORIES.get(text.lower()) or parse_category(text)
    if found is None and text.lower() not in _CATEGORIES:
        raise RowError(f"the category {shortened(cell)} is none of OR-Bench's ten")
    return found


def truth(cell: str, column: str) -> bool | None:
    """True, False, or None for an empty cell."""
    text = cell.strip().lower()
    if text not in _TRUTH and text:
        raise RowError(f"{column} is {shortened(cell)}, neither True nor False")
    return _TRUTH.get(text)


def shortened(text: str) -> str:
    """A cell's beginning, quoted, for messages."""
    return repr(text if len(text) <= 40 else f"{text[:40]}…")

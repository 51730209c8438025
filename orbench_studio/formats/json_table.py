"""JSON: one object a line, or one array of objects read piece by piece. Keys are columns, values are texts."""

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain, islice
from math import isnan
from typing import Any, TypeVar

from orbench_studio.formats import row_guard
from orbench_studio.formats.byte_source import CHUNK, MAX_FIELD, InputFile, empty_file, field_too_large, file_fault
from orbench_studio.formats.column_evidence import is_sentence
from orbench_studio.formats.column_names import names_prompt
from orbench_studio.formats.conversations import is_conversation
from orbench_studio.formats.import_notes import OTHER_KIND
from orbench_studio.formats.records import RowError, RowFault
from orbench_studio.formats.tables import (
    MAX_VALUES,
    Cells,
    NestedCell,
    Row,
    StatedText,
    Table,
    described,
    listing,
    too_many_values,
    unstorable,
)

LOOK_AHEAD = 1000
LOOK_AHEAD_SIZE = 16_000_000
_MAX_OBJECT = 4 * MAX_FIELD
SPACE = " \t\r\n"
TEXT, MESSAGES = "text", "messages"  # the columns of rows that are texts, and of those that are conversations
_FEWEST = 4  # rows of which the first or the last may be of another kind
_FORM = 'Write each as {"name": value, ...} or ["text", ...]'
_NAMES = "The first row may have the names of the columns, but is read as a row."
_TOO_DEEP = "it is nested too deeply"
_TOO_MANY = f"it contains more than {MAX_VALUES:,} values"
# Numbers stay the digits they are written with, the infinities words; NaN, as pandas writes it, is a missing value.
_DECODER = json.JSONDecoder(
    object_pairs_hook=row_guard.unique, parse_float=str, parse_int=str, parse_constant=row_guard.constant
)

_IN_TEXT = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_WORD = re.compile(r"[^ \t\r\n,:\]}]*")
_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}"]', re.DOTALL)

Part = TypeVar("Part")
Value = tuple[int, Any, bool, int]
"""The line on which it begins, what it is, whether it has escapes, and about how much memory it takes."""


def open_lines(file: InputFile, wanted: Sequence[str]) -> Table:
    """One JSON object a line; a line that cannot be read is refused alone, except the first."""
    return table_of(lines(file.text(), file.name), file, wanted)


def table_of(
    found: Iterator[Value | RowFault],
    file: InputFile,
    wanted: Sequence[str],
    notes: dict[str, int] | None = None,
    passed: Counter[str] | None = None,
) -> Table:
    """The table of values that are objects; `wanted` has columns that may begin late in the file, and other paths."""
    values = (_named(value, file.doubtful) for value in found)
    ahead: list[Value | RowFault] = []
    keys: dict[str, None] = {}
    size = 0
    found_one: Any = None
    for value in values:
        ahead.append(value)
        if not isinstance(value, RowFault):
            size += value[3]
            found_one = value[1]
            if isinstance(value[1], dict):
                keys.update(dict.fromkeys(value[1]))
        if len(ahead) == LOOK_AHEAD or size > LOOK_AHEAD_SIZE:
            break
    if not ahead:
        raise empty_file(file.name)
    if not keys and isinstance(ahead[0], RowFault):
        raise file_fault(file.name, f"{ahead[0].reason}.", ahead[0].line)
    if not keys:
        raise file_fault(file.name, f"no row is an object, but {described(found_one)}. {_FORM}.")
    passed = Counter() if passed is None else passed
    read = _ends_counted(chain(ahead, values), wanted, passed)
    wanted = [column for column in wanted if column not in keys and not {".", "|"} & set(column)]
    late = wanted if len(ahead) == LOOK_AHEAD else []
    columns = [*keys, *late]
    names = _header_of_lists(columns, ahead)
    counts = Counter[str]()
    doubts = [] if names or not _may_be_names(ahead) else [_NAMES]
    rows = _rows(islice(read, int(bool(names)), None), columns, late, file.name, counts)
    return Table(
        (1, names or columns),
        rows,
        notes=notes or {},
        doubts=doubts,
        late=counts,
        passed=passed,
    )


def _header_of_lists(columns: Sequence[str], ahead: Sequence[Value | RowFault]) -> list[str]:
    """The names in the first row of a file of lists; empty if that is a row like the others."""
    first = ahead[0]
    if isinstance(first, RowFault) or list(columns) != [str(at) for at in range(len(columns))]:
        return []
    names = [as_text(name) for name in first[1].values()] if isinstance(first[1], dict) else []
    return names if len(names) == len(columns) and names_prompt(names) else []


def _may_be_names(ahead: Sequence[Value | RowFault]) -> bool:
    """Whether the first of several lists has only words, where most others have a sentence."""
    rows = [value[1] for value in ahead if not isinstance(value, RowFault) and isinstance(value[1], dict)]
    if len(rows) < 2 or list(rows[0]) != [str(at) for at in range(len(rows[0]))]:
        return False
    has_sentence = [any(is_sentence(str(part)) for part in row.values()) for row in rows]
    return not has_sentence[0] and 2 * sum(has_sentence) > len(rows)


def as_row(value: Value | RowFault, *, is_text: bool) -> Value | RowFault:
    """The value as an object: a text, a conversation, or a list with a text or a number, with positions as names."""
    if isinstance(value, RowFault):
        return value
    line, found, escaped, size = value
    if is_text:
        found = {TEXT: found}
    elif is_conversation(found):
        found = {MESSAGES: found}
    elif isinstance(found, list) and not (found and all(isinstance(part, dict | list) for part in found)):
        found = {str(at): part for at, part in enumerate(found)}
    return line, found, escaped, size


def _named(value: Value | RowFault, doubtful: bool) -> Value | RowFault:
    """The value with what the encoding adds to its doubts; refused where its names cannot be stored."""
    if isinstance(value, RowFault):
        return value
    line, found, escaped, size = value
    reason = unstorable(found) if isinstance(found, dict) and (escaped or doubtful) else None
    return RowFault(line, reason) if reason else (line, found, escaped or doubtful, size)


def _ends_counted(
    values: Iterator[Value | RowFault], wanted: Sequence[str], passed: Counter[str]
) -> Iterator[Value | RowFault]:
    """The rows; counts the first and the last one if it lacks a mapped name that all rows between them have."""
    parts = {part for path in wanted if "|" in path for part in path.split("|")}
    mapped = [{part.partition(".")[0] for part in path.split("|")} for path in wanted if path not in parts]
    first: list[int] = []
    last: list[int] = []
    lacking = Counter[int]()
    rows = 0
    for value in values:
        if not isinstance(value, RowFault) and isinstance(value[1], dict):
            last = [at for at, names in enumerate(mapped) if names.isdisjoint(value[1])]
            first = first if rows else last
            lacking.update(last)
            rows += 1
        yield value
    at_ends = Counter([*first, *last])
    others = sum(any(lacking[at] == at_ends[at] for at in of) for of in (first, last))
    if others and rows >= _FEWEST:
        passed[OTHER_KIND] += others


def _rows(
    values: Iterator[Value | RowFault], columns: Cells, wanted: Collection[str], name: str, late: Counter[str]
) -> Iterator[Row | RowFault]:
    missing, known = set(wanted), frozenset(columns)
    for value in values:
        if isinstance(value, RowFault):
            yield value
            continue
        line, found, escaped, _ = value
        if missing and isinstance(found, dict):
            missing.difference_update(found)
        if not isinstance(found, dict):
            yield RowFault(line, f"the row is not an object but {described(found)}. {_FORM}")
        else:
            if not known.issuperset(found):
                late.update(part for part in found.keys() - known if as_text(found[part]))
            yield row_guard.row(line, "JSON", _row, line, found, escaped, columns, name)
    if missing:
        raise file_fault(name, f"there is no column {', '.join(sorted(missing))}; the file has {listing(columns)}.")


def _row(line: int, found: Mapping[str, object], escaped: bool, columns: Cells, name: str) -> Row:
    cells = [as_text(found.get(column)) for column in columns]
    if max(map(len, cells)) > MAX_FIELD:
        raise field_too_large(name, line)
    reason = unstorable(cells) if escaped else None
    if reason:
        raise RowError(reason)
    return line, cells


def as_text(value: object) -> str:
    """A value as a cell: nothing and not-a-number are missing, a text is itself, what is nested stays JSON."""
    if isinstance(value, str):
        return value or StatedText()
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return NestedCell(text) if isinstance(value, dict | list) else text


def lines(text: io.TextIOWrapper, name: str) -> Iterator[Value | RowFault]:
    begun = False
    for number, line in enumerate(text, 1):
        if not line.strip(SPACE):
            continue
        found = row_guard.row(number, "JSON", _line, number, line)
        if isinstance(found, RowFault) and not begun:
            raise file_fault(name, f"{found.reason}. Write one object per line, or an array.", number)
        yield found
        begun = True


def _line(number: int, line: str) -> Value | RowFault:
    if too_many_values(line):
        raise RowError(_TOO_MANY)
    try:
        found = number, _DECODER.decode(line), "\\u" in line, _size(line, 0, len(line))
        return as_row(found, is_text=line.lstrip(SPACE)[0] == '"')
    except json.JSONDecodeError as error:
        raise RowError(f"the line is not JSON ({error.msg.lower()})") from None
    except RecursionError:
        raise RowError(_TOO_DEEP) from None


def _size(text: str, begin: int, end: int) -> int:
    """About how much memory a value takes: its text, and for each value in it an object."""
    return end - begin + 64 * sum(text.count(mark, begin, end) for mark in ",[{")


class Window:
    """The part of a JSON text that is not decoded yet, and the line on which it begins."""

    def __init__(self, text: io.TextIOBase, name: str, head: str = "") -> None:
        self._text = text
        self._name = name
        self._buffer = head
        self._at = 0
        self._ended = False
        self.line = 1

    def skip(self, marks: str) -> str:
        """Past these characters; the next one, or nothing at the end."""
        while True:
            rest = self._at
            while rest < len(self._buffer) and self._buffer[rest] in marks:
                rest += 1
            self._pass(rest)
            if rest < len(self._buffer):
                return self._buffer[rest]
            if not self._more(CHUNK):
                return ""

    def step(self) -> None:
        """Past one character."""
        self._pass(self._at + 1)

    def value(self) -> Value | RowFault:
        """The next value, or why it cannot be held. A failure may only mean that the rest is not read yet: read on,
        twice as much each time."""
        self.skip(SPACE)
        line = self.line
        while True:
            size = len(self._buffer) - self._at
            if too_many_values(self._buffer, self._at):
                return self._refused(line, _TOO_MANY)
            try:
                found, end = _DECODER.raw_decode(self._buffer, self._at)
            except RecursionError:
                return self._refused(line, _TOO_DEEP)
            except RowError as error:
                return self._refused(line, str(error))
            except json.JSONDecodeError as error:
                if size > _MAX_OBJECT:
                    raise field_too_large(self._name, line) from None
                if self._ended:
                    reason = f"the JSON is invalid or truncated ({error.msg.lower()}). Create the file again."
                    at = line + self._buffer.count("\n", self._at, error.pos)
                    raise file_fault(self._name, reason, at) from None
            else:
                if end < len(self._buffer) or self._ended:
                    break
            self._more(max(CHUNK, size))
        escaped, taken = self._buffer.find("\\u", self._at, end) >= 0, _size(self._buffer, self._at, end)
        self._pass(end)
        return line, found, escaped, taken

    def _refused(self, line: int, reason: str) -> RowFault:
        self.leave_out()
        return RowFault(line, reason)

    def leave_out(self) -> None:
        """Past the next value, of any size and depth, without looking at more of it than its brackets and quotes."""
        mark = self.skip(SPACE)
        if mark == '"':
            self._leave_text()
        elif mark not in ("[", "{"):
            self._leave(_WORD)
        else:
            self._leave_nested()

    def _leave_nested(self) -> None:
        depth = 0
        while True:
            for token in _BRACKET.finditer(self._buffer, self._at):
                mark = token[0]
                if mark == '"':  # it ends beyond what is read
                    self._pass(token.start())
                    self._leave_text()
                    break
                depth += (mark in "[{") - (mark in "]}")
                if not depth:
                    self._pass(token.end())
                    return
            else:
                self._pass(len(self._buffer))
                if not self._more(CHUNK):
                    raise file_fault(self._name, "the JSON is invalid or truncated. Create the file again.", self.line)

    def _leave_text(self) -> None:
        self.step()
        self._leave(_IN_TEXT)
        if self.skip("") != '"':
            raise file_fault(self._name, "the JSON is invalid or truncated: a string is not closed.", self.line)
        self.step()

    def _leave(self, pattern: re.Pattern[str]) -> None:
        """Past what the pattern matches, piece by piece."""
        while True:
            found = pattern.match(self._buffer, self._at)
            self._pass(found.end() if found else self._at)
            if len(self._buffer) - self._at > 1 or not self._more(CHUNK):
                return

    def names(self) -> Iterator[str]:
        """The names in the object that begins here; the value of each is to be read or left out before the next."""
        yield from self._parts("{", "}", self._named)

    def items(self) -> Iterator[None]:
        """For each value of the array that begins here; it is to be read or left out before the next."""
        yield from self._parts("[", "]", lambda: None)

    def _named(self) -> str:
        found = self.value()
        if isinstance(found, RowFault) or not isinstance(found[1], str) or self.skip(SPACE) != ":":
            raise file_fault(self._name, "the JSON is invalid: a key is missing. Create the file again.", self.line)
        self.step()
        return found[1]

    def _parts(self, begin: str, end: str, part: Callable[[], Part]) -> Iterator[Part]:
        if self.skip(SPACE) != begin:
            raise file_fault(self._name, f"'{begin}' is missing here.", self.line)
        self.step()
        mark = self.skip(SPACE)
        while mark and mark != end:
            yield part()
            mark = self.skip(SPACE)
            if mark == ",":
                self.step()
                mark = self.skip(SPACE)
                if mark == end:
                    reason = f"a comma stands before the '{end}'. Remove it, or add what is missing."
                    raise file_fault(self._name, reason, self.line)
            elif mark != end:
                break
        if mark != end:
            reason = f"',' or '{end}' is missing here: the JSON is invalid or truncated. Create the file again."
            raise file_fault(self._name, reason, self.line)
        self.step()

    def _pass(self, to: int) -> None:
        self.line += self._buffer.count("\n", self._at, to)
        self._at = to

    def _more(self, size: int) -> bool:
        piece = self._text.read(size) if not self._ended else ""
        self._ended = not piece
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        return bool(piece)

"""JSON: one object a line, or one array of objects read piece by piece. Keys are columns, values are texts."""

import io
import json
from collections.abc import Iterator
from itertools import chain
from math import isnan
from typing import Any

from orbench_studio.formats.bytes_in import CHUNK, MAX_FIELD, InputFile, empty_file, field_too_large, file_fault
from orbench_studio.formats.records import RowFault
from orbench_studio.formats.tables import Cells, Row, Table, unstorable

_LOOK_AHEAD = 1000
_LOOK_AHEAD_CHARS = 8_000_000
_MAX_OBJECT = 4 * MAX_FIELD
_SPACE = " \t\r\n"
# Numbers stay the digits they are written with; NaN and the infinities stay words.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)

Value = tuple[int, Any, bool]


def open_json(file: InputFile) -> Table:
    """A `.json` file: an array, or objects line by line, whichever it begins with."""
    text = file.text(max_line=None)
    head = ""
    while not head.strip(_SPACE) and (piece := text.read(CHUNK)):
        head += piece
    if not head.strip(_SPACE):
        raise empty_file(file.name)
    if head.lstrip(_SPACE).startswith("["):
        return _table(_array(text, head, file.name), file)
    if head.lstrip(_SPACE).startswith("{"):
        return _table(_concatenated(text, head, file.name), file)
    raise file_fault(file.name, "this is not JSON: it begins with neither '[' nor '{'. Check the file's ending.", 1)


def open_lines(file: InputFile) -> Table:
    """One JSON object a line; a line that cannot be read is refused alone, except the first."""
    return _table(_lines(file.text(), file.name), file)


def _table(found: Iterator[Value | RowFault], file: InputFile) -> Table:
    values = (_named(value, file.doubtful) for value in found)
    ahead: list[Value | RowFault] = []
    keys: dict[str, None] = {}
    size = 0
    for value in values:
        ahead.append(value)
        if not isinstance(value, RowFault) and isinstance(value[1], dict):
            keys.update(dict.fromkeys(value[1]))
            size += sum(len(v) for v in value[1].values() if isinstance(v, str))
        if len(ahead) == _LOOK_AHEAD or size > _LOOK_AHEAD_CHARS:
            break
    if not ahead:
        raise empty_file(file.name)
    if not keys:
        raise file_fault(file.name, 'there is no object with named values. Each row must be {"name": value, ...}.')
    columns = list(keys)
    return Table((1, columns), _rows(chain(ahead, values), columns, file.name))


def _named(value: Value | RowFault, doubtful: bool) -> Value | RowFault:
    """The value with what the encoding adds to its doubts; refused where its names cannot be stored."""
    if isinstance(value, RowFault):
        return value
    line, found, escaped = value
    reason = unstorable(found) if isinstance(found, dict) and (escaped or doubtful) else None
    return RowFault(line, reason) if reason else (line, found, escaped or doubtful)


def _rows(values: Iterator[Value | RowFault], columns: Cells, name: str) -> Iterator[Row | RowFault]:
    known = set(columns)
    for value in values:
        if isinstance(value, RowFault):
            yield value
            continue
        line, found, escaped = value
        if not isinstance(found, dict):
            yield RowFault(line, "the row is not an object with named values")
        elif not known.issuperset(found):
            late = ", ".join(sorted(set(found) - known))
            yield RowFault(line, f"it has a value that the first rows of the file do not have: {late}")
        else:
            cells = [as_text(found.get(column)) for column in columns]
            if max(map(len, cells)) > MAX_FIELD:
                raise field_too_large(name, line)
            reason = unstorable(cells) if escaped else None
            yield RowFault(line, reason) if reason else (line, cells)


def as_text(value: object) -> str:
    """A value as a cell: nothing and not-a-number are empty, a text is itself, what is nested stays JSON."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False, default=str)


def _lines(text: io.TextIOWrapper, name: str) -> Iterator[Value | RowFault]:
    begun = False
    for number, line in enumerate(text, 1):
        if not line.strip(_SPACE):
            continue
        try:
            value = _DECODER.decode(line)
        except (ValueError, RecursionError) as error:
            reason = f"the line is not JSON ({_reason(error)})"
            if not begun:
                raise file_fault(name, f"{reason}. Write one object a line, or an array.", number) from None
            yield RowFault(number, reason)
        else:
            yield number, value, "\\u" in line
        begun = True


def _reason(error: Exception) -> str:
    return error.msg.lower() if isinstance(error, json.JSONDecodeError) else "nested too deeply"


class _Window:
    """The part of a text that is not decoded yet, and the line on which it begins."""

    def __init__(self, text: io.TextIOWrapper, head: str, name: str) -> None:
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

    def value(self) -> Value:
        """The next value. A failure may only mean that the rest is not read yet: read on, twice as much each time."""
        while True:
            size = len(self._buffer) - self._at
            try:
                found, end = _DECODER.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                if size > _MAX_OBJECT:
                    raise field_too_large(self._name, self.line) from None
                if self._ended:
                    raise self._broken(error) from None
            else:
                if end < len(self._buffer) or self._ended:
                    break
            self._more(max(CHUNK, size))
        line, escaped = self.line, self._buffer.find("\\u", self._at, end) >= 0
        self._pass(end)
        return line, found, escaped

    def _broken(self, error: Exception) -> Exception:
        line = self.line
        if isinstance(error, json.JSONDecodeError):
            line += self._buffer.count("\n", self._at, error.pos)
        return file_fault(self._name, f"the JSON is broken or cut off ({_reason(error)}). Write it again.", line)

    def _pass(self, to: int) -> None:
        self.line += self._buffer.count("\n", self._at, to)
        self._at = to

    def _more(self, size: int) -> bool:
        piece = self._text.read(size) if not self._ended else ""
        self._ended = not piece
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        return bool(piece)


def _array(text: io.TextIOWrapper, head: str, name: str) -> Iterator[Value]:
    window = _Window(text, head, name)
    window.skip(_SPACE)
    window.step()
    mark = window.skip(_SPACE)
    while mark and mark != "]":
        yield window.value()
        mark = window.skip(_SPACE)
        if mark == ",":
            window.step()
            mark = window.skip(_SPACE)
            if mark == "]":
                reason = "a comma stands before the array's ']'. Remove it, or add the row that is missing."
                raise file_fault(name, reason, window.line)
        elif mark != "]":
            break
    if mark != "]":
        reason = "the array goes on with neither ',' nor ']': it is broken or cut off. Write it again."
        raise file_fault(name, reason, window.line)
    window.step()
    if window.skip(_SPACE):
        reason = "there is more after the array's ']'. Write all rows into one array, or one object a line."
        raise file_fault(name, reason, window.line)


def _concatenated(text: io.TextIOWrapper, head: str, name: str) -> Iterator[Value]:
    window = _Window(text, head, name)
    while window.skip(_SPACE):
        yield window.value()

"""The rows at a path of a JSON file, each with the values that stand around it."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from orbench_studio.formats.around_rows import NO_ROW, Around, Wanted, of_large, of_lists_beside, placed
from orbench_studio.formats.byte_source import file_fault
from orbench_studio.formats.json_table import SPACE, Value, Window, as_row
from orbench_studio.formats.records import RowFault

Path = tuple[str, ...]
VALUE = "value"  # the column for the texts of an object


@dataclass(slots=True)
class Node:
    """A value as far as it was looked at: `[`, `{`, or a single value; `count` is the number of its parts.

    `parts` are the first parts of an object by name, and of a list its first one.
    """

    kind: str
    count: int = 0
    parts: dict[str, "Node"] = field(default_factory=dict)
    value: Any = None

    @property
    def row(self) -> list[str]:
        """The names in the first part of a list; empty if that is not an object."""
        first = self.parts.get("0") if self.kind == "[" else None
        return list(first.parts) if first is not None and first.kind == "{" else []

    @property
    def is_column(self) -> bool:
        return self.kind != "" and bool(self.parts) and not any(part.kind for part in self.parts.values())


@dataclass(frozen=True, slots=True)
class Rows:
    """The name of a file, the paths that are wanted, and a count of what has no row."""

    name: str
    wanted: Wanted
    passed: Counter[str] = field(default_factory=Counter)


def rows_at(window: Window, path: Path, around: Around, of: Rows, node: Node | None) -> Iterator[Value | RowFault]:
    mark = window.skip(SPACE)
    parts = node.parts if node is not None else {}
    is_there = any(".".join(path[:n]) in parts for n in range(1, len(path) + 1))
    if mark == "{" and path and not is_there and any(path[0] in part.parts for part in parts.values()):
        for key in window.names():  # objects by id, each with the rows
            yield from rows_in(window.value(), path, ({"id": key}, *around), of)
        return
    if mark == "[" and path and not path[0].isdigit():
        found = (row for _ in window.items() for row in rows_in(window.value(), path, around, of))
        first = next(found, None)
        if first is None:
            raise file_fault(
                of.name, f"no part of the list has rows under {'.'.join(path)!r}. Look at the names in the file."
            )
        yield first
        yield from found
    elif path:
        is_there = False
        for part in _names(window, mark):
            steps = next((n for n in range(len(path), 0, -1) if part == ".".join(path[:n])), 0)
            if steps and not is_there:
                is_there = True
                yield from rows_at(window, path[steps:], around, of, parts.get(part))
            else:
                window.leave_out()
        if not is_there:
            raise file_fault(of.name, f"there is nothing under {'.'.join(path)!r}. Look at the names in the file.")
    elif mark == "[":
        yield from _items(window, around)
    elif mark == "{":
        for key in window.names():
            if window.skip(SPACE) == "[":  # several rows for each id
                yield from _items(window, ({"id": key}, *around))
            else:
                value = window.value()
                if isinstance(value, tuple) and not isinstance(value[1], dict):
                    value = value[0], {VALUE: value[1]}, *value[2:]
                yield placed(value, ({"id": key}, *around))
    else:
        raise file_fault(of.name, "the rows are neither a list nor an object. Name another path with --rows.")


def rows_in(value: Value | RowFault, path: Path, around: Around, of: Rows) -> Iterator[Value | RowFault]:
    """The rows at a path inside a row, each with the values of the rows around it."""
    if isinstance(value, RowFault):
        yield value
        return
    line, found, escaped, size = value
    is_by_id = isinstance(found, dict) and not path and _is_by_id(found, of.wanted)
    parts = list(found.values()) if is_by_id else found
    beside: Around = ({}, *around)  # as many levels as around a row by its id
    if isinstance(found, list) and path and path[0].isdigit():
        found = found[int(path[0])] if int(path[0]) < len(found) else None
        yield from rows_in((line, found, escaped, size), path[1:], around, of)
    elif isinstance(parts, list) and not path and (fault := of_lists_beside(line, parts, around, of.wanted)):
        yield fault
    elif is_by_id:
        for key, part in found.items():
            yield placed((line, part, escaped, size), ({"id": key}, *around))
    elif isinstance(found, list) and found:
        for part in found:
            is_text = isinstance(part, str)
            row = (line, part, escaped, size)
            yield from rows_in(row, path, around, of) if path else (placed(as_row(row, is_text=is_text), beside),)
    elif isinstance(found, dict) and (steps := _steps(found, path)):
        inner = found[".".join(path[:steps])]
        here = {name: of_large(part, name, of.wanted) for name, part in found.items() if part is not inner}
        yield from rows_in((line, inner, escaped, size), path[steps:], (here, *around), of)
    elif isinstance(found, dict) and not path:
        yield placed(value, beside)
    else:
        of.passed[NO_ROW] += 1


def are_alike(names: Sequence[Collection[str]]) -> bool:
    """Whether the objects that have these names are rows: at least half of their names are the same."""
    first = set(names[0]) if len(names) > 1 else set()
    return bool(first) and all(of and 2 * len(first.intersection(of)) >= len(first.union(of)) for of in names)


def _is_by_id(found: dict[str, Any], wanted: Sequence[str]) -> bool:
    """Whether an object has rows by their ids: several that are alike, or one that alone has a name that is wanted."""
    names = [part.keys() if isinstance(part, dict) else () for part in found.values()]
    first = {path.partition(".")[0] for path in wanted}
    return are_alike(names) or (len(names) == 1 and not first.isdisjoint(names[0]) and first.isdisjoint(found))


def _steps(found: dict[str, Any], path: Path) -> int:
    """The number of steps of a path that are the name of a part of an object; 0 if there is none."""
    return next((count for count in range(len(path), 0, -1) if ".".join(path[:count]) in found), 0)


def _names(window: Window, mark: str) -> Iterator[str]:
    """The names in an object, or the places in a list."""
    if mark == "{":
        yield from window.names()
    elif mark == "[":
        yield from (str(at) for at, _ in enumerate(window.items()))


def _items(window: Window, around: Around) -> Iterator[Value | RowFault]:
    """The rows in an array, each with what stands around it."""
    for _ in window.items():
        is_text = window.skip(SPACE) == '"'
        yield placed(as_row(window.value(), is_text=is_text), around)


def array_rows(window: Window, name: str) -> Iterator[Value | RowFault]:
    yield from _items(window, ())
    if window.skip(SPACE):
        reason = "there is text after the array's ']'. Write all rows into one array, or one object per line."
        raise file_fault(name, reason, window.line)


def concatenated_rows(window: Window) -> Iterator[Value | RowFault]:
    while window.skip(SPACE):
        yield window.value()

"""JSON by columns, as pandas writes it: each is held in memory."""

from collections.abc import Iterator, Sequence
from typing import Any

from orbench_studio.formats.around_rows import AROUND
from orbench_studio.formats.byte_source import file_fault
from orbench_studio.formats.json_table import SPACE, Value, Window
from orbench_studio.formats.records import RowFault

_MOST_CELLS = 2_000_000
_INDEX = "index"


def transposed(window: Window, name: str, only: Sequence[str]) -> Iterator[Value | RowFault]:
    """The rows of a file by columns, of which `only` some may belong together."""
    columns: dict[str, dict[str, Any]] = {}
    faults: dict[str, str] = {}
    cells = 0
    for column in window.names():
        mark = window.skip(SPACE)
        of = columns.setdefault(column, {}) if not only or column in only else {}
        if mark not in ("[", "{") or (only and column not in only):
            window.leave_out()
            continue
        keys = window.names() if mark == "{" else (str(at) for at, _ in enumerate(window.items()))
        for key in keys:
            value = window.value()
            cells += 1
            if cells > _MOST_CELLS:
                raise file_fault(name, "it is too large to be read by columns. Write it by rows.")
            if isinstance(value, RowFault):
                faults[key] = value.reason
            of[key] = value[1] if isinstance(value, tuple) else None
    if not columns.keys() - {"columns", "index", "data"} and "data" in columns:
        columns = _split_orient(columns)
    rows = dict.fromkeys(key for of in columns.values() for key in of)
    if not all(map(str.isdigit, rows)):  # names of the rows, as pandas writes an index
        columns[AROUND * (_INDEX in columns) + _INDEX] = {key: key for key in rows}
    for number, key in enumerate(rows, start=1):
        row = {column: of.get(key) for column, of in columns.items()}
        yield RowFault(number, faults[key]) if key in faults else (number, row, True, 0)


def _split_orient(columns: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What pandas writes with orient='split': names, and rows as lists."""
    names = list(map(str, columns.get("columns", {}).values()))
    rows = {key: row if isinstance(row, list) else [row] for key, row in columns["data"].items()}
    names += [str(at) for at in range(len(names), max(map(len, rows.values()), default=0))]
    found = {name: {key: row[at] for key, row in rows.items() if at < len(row)} for at, name in enumerate(names)}
    index = columns.get(_INDEX, {})
    name = AROUND * (_INDEX in found) + _INDEX
    return found if index == {key: key for key in index} else {name: index} | found

"""What stands around the rows of a JSON file: each row has it in columns of the same names.

A name that a row, or what is nearer to it, has itself is that of the row: the other column begins with `around.`.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Any

from orbench_studio.formats.byte_source import file_fault
from orbench_studio.formats.conversations import is_conversation
from orbench_studio.formats.json_table import LOOK_AHEAD, LOOK_AHEAD_SIZE, Value
from orbench_studio.formats.records import RowFault
from orbench_studio.formats.tables import listing

FACT = 2_000  # characters of a value around the rows that is kept though no column is mapped to it
AROUND = "around."
FILE = "file"  # the column for what stands beside the rows of a whole file
NO_ROW = "objects that have no row where the rows are (they are not imported)"
Around = tuple[dict[str, Any], ...]
"""The values around a row, the nearest first."""


class Wanted(tuple[str, ...]):
    """The paths that a mapping names, with those of the prompt and of the response."""

    prompt: Sequence[str] = ()
    response: Sequence[str] = ()


NOTHING_WANTED = Wanted()


class _Placed(dict[str, Any]):
    """A row with what stands around it."""

    around: Around = ()


def placed(value: Value | RowFault, around: Around) -> Value | RowFault:
    """The row with what stands around it; `joined` makes one row of both."""
    if isinstance(value, RowFault) or not around or not isinstance(value[1], dict):
        return value
    line, found, escaped, size = value
    row = _Placed(found)
    row.around = around
    return line, row, escaped, size


def joined(values: Iterator[Value | RowFault]) -> Iterator[Value | RowFault]:
    """The rows with the columns of what stands around them, under names that no row has."""
    ahead: list[Value | RowFault] = []
    levels: dict[str, list[int]] = {}
    size = 0
    for value in values:
        ahead.append(value)
        if not isinstance(value, RowFault):
            size += value[3]
            for level, part in enumerate(_parts(value[1])):
                for name in part:
                    if level not in (known := levels.setdefault(name, [])):
                        known.append(level)
        if len(ahead) == LOOK_AHEAD or size > LOOK_AHEAD_SIZE:
            break
    for known in levels.values():
        known.sort()
    yield from (_one(value, levels) for value in chain(ahead, values))


def of_large(value: Any, name: str, wanted: Sequence[str]) -> Any:
    """A value as rows have it beside them: a large list or object only if a path leads to it, else it is left out."""
    if not isinstance(value, dict | list) or len(json.dumps(value)) <= FACT:
        return value
    bare = (path.removeprefix(AROUND) for path in wanted)
    return value if any(_leads(path, name) for path in bare) else None


def together(
    values: Iterator[Value | RowFault], rows: str, wanted: Wanted, passed: Counter[str]
) -> Iterator[Value | RowFault]:
    """The rows that lists of one length in each object are, part by part, with what else is in the object."""
    return joined(row for value in values for row in _together(value, rows.split(","), wanted, passed))


def _together(
    value: Value | RowFault, names: Sequence[str], wanted: Wanted, passed: Counter[str]
) -> Iterator[Value | RowFault]:
    if isinstance(value, RowFault):
        yield value
        return
    line, found, escaped, size = value
    lists = [found.get(name) for name in names] if isinstance(found, dict) else []
    lengths = {len(each) if isinstance(each, list) else None for each in lists}
    if len(lengths) != 1 or None in lengths:
        yield RowFault(line, f"{listing(names)} are not lists of one length")
        return
    if 0 in lengths:
        passed[NO_ROW] += 1
    rest = {name: of_large(part, name, wanted) for name, part in found.items() if name not in names}
    if fault := of_lists_beside(line, found[names[0]], (rest,), wanted):
        yield fault
        return
    for parts in zip(*(each for each in lists if isinstance(each, list)), strict=True):
        yield placed((line, dict(zip(names, parts, strict=True)), escaped, size), (rest,))


def of_lists_beside(line: int, found: Sequence[Any], around: Around, wanted: Wanted) -> RowFault | None:
    """Why the parts of a list are no rows: what is wanted beside it may belong to one of them, or to none.

    That is a list of as many parts, and the response if the parts have prompts of their own.
    """
    beside = {name: part for level in reversed(around) for name, part in level.items()} if len(found) > 1 else {}
    same = (name for name, part in beside.items() if isinstance(part, list) and len(part) == len(found))
    names = [name for name in same if any(_leads(path, name) for path in wanted) and not is_conversation(beside[name])]
    if names:
        text = f"{listing(names)} is a list of as many parts. Name both lists as the place of the rows, with a comma"
        return RowFault(line, text)
    own = {name for part in found if isinstance(part, dict) for name in part}
    outer = [name for name, part in beside.items() if part not in (None, "", [], {})]
    response = _outside(wanted.response, outer, own)
    if response and not _outside(wanted.prompt, outer, own):
        text = f"{len(found)} rows with prompts of their own have one response around them ({response})"
        return RowFault(line, f"{text}, which is not that of each. Leave it out, or read the rows apart")
    return None


def require_own_responses(values: Iterator[Value | RowFault], name: str, wanted: Wanted) -> Iterator[Value | RowFault]:
    """The rows of a file; raises FileFaultError where several with their own prompts have one response around them."""
    rows = 0
    for value in values:
        rows += not isinstance(value, RowFault)
        own = value[1].keys() if not isinstance(value, RowFault) and isinstance(value[1], dict) else ()
        response = _outside(wanted.response, (FILE,), own) if rows > 1 else ""
        if response and not _outside(wanted.prompt, (FILE,), own):
            text = f"its rows have one response around them ({', '.join(wanted.response)}), which is not that of each"
            raise file_fault(name, f"{text}. Leave it out.")
        yield value


def _leads(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _outside(paths: Sequence[str], outer: Sequence[str], own: Collection[str]) -> str:
    """The name around the rows to which the first of the paths leads; empty if one leads into the rows."""
    bare = [(path.removeprefix(AROUND), path.startswith(AROUND)) for path in paths]
    led = [next((of for of in outer if _leads(path, of) and (is_far or of not in own)), "") for path, is_far in bare]
    return led[0] if led and all(led) else ""


def _parts(found: Any) -> Sequence[dict[str, Any]]:
    return (found, *found.around) if isinstance(found, _Placed) else (found,) if isinstance(found, dict) else ()


def _one(value: Value | RowFault, levels: dict[str, list[int]]) -> Value | RowFault:
    if isinstance(value, RowFault) or not isinstance(value[1], dict):
        return value
    line, found, escaped, size = value
    row: dict[str, Any] = {}
    for level, part in enumerate(_parts(found)):
        for name, inner in part.items():
            known = levels.setdefault(name, [level])
            if level not in known and level < known[-1]:
                text = f"the row has the name {name}, as what stands around the rows before it. Rename one of the two"
                return RowFault(line, text)
            if level not in known:
                known.append(level)
            row[AROUND * known.index(level) + name] = inner
    return line, row, escaped, size

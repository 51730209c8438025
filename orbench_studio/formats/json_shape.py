"""Where the rows of a JSON file are: an array, objects one after the other, an object around a list, or columns.

The file is looked through once, without keeping values, before its rows are read.
"""

import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from orbench_studio.errors import FileFaultError, shortened
from orbench_studio.formats.around_rows import (
    AROUND,
    FACT,
    FILE,
    Around,
    Wanted,
    joined,
    require_own_responses,
    together,
)
from orbench_studio.formats.byte_source import CHUNK, InputFile, empty_file, file_fault, refuse_wide
from orbench_studio.formats.class_words import is_identifier
from orbench_studio.formats.column_evidence import is_sentence
from orbench_studio.formats.column_names import names_prompt
from orbench_studio.formats.conversations import is_conversation
from orbench_studio.formats.json_columns import transposed
from orbench_studio.formats.json_rows import (
    Node,
    Path,
    Rows,
    are_alike,
    array_rows,
    concatenated_rows,
    rows_at,
    rows_in,
)
from orbench_studio.formats.json_table import SPACE, Window, lines, table_of
from orbench_studio.formats.potato import STATE, rows_of_state
from orbench_studio.formats.tables import Table, listing

_DEPTH = 4  # of objects and lists that are looked into
_LOOKED_AT = 50  # parts of an object
_MANY_TEXTS = 10  # texts of an object that is not one row
_MOST_TEXT = 64_000_000  # characters of a file that is written by columns, which is held in memory whole
_NAMED = 8  # of several lists
_BESIDE = "values beside the rows that are not imported ({})"


def open_json(file: InputFile, rows: str | None, wanted: Wanted) -> Table:
    """Open a `.json` file; `rows` is the path of the rows inside of it, if the user said so."""
    refuse_wide(file.head, file.name)
    first = _first(file)
    if not first:
        raise empty_file(file.name)
    if first not in ("[", "{"):
        raise file_fault(file.name, "this is not JSON: it begins with neither '[' nor '{'. Check the file's ending.", 1)
    if first == "[" and not rows:
        return table_of(array_rows(_window(file), file.name), file, wanted)
    with io.TextIOWrapper(file.again(), file.encoding) as text:
        window = Window(text, file.name)
        node = _look(window, 0)
        is_all = not window.skip(SPACE)
    if rows and "," in rows and node.kind == "[":
        window = _window(file)
        passed = Counter[str]()
        each = (window.value() for _ in window.items())
        return table_of(together(each, rows, wanted, passed), file, wanted, None, passed)
    if rows and "," in rows:
        return _by_columns(file, node, wanted, tuple(rows.split(",")))
    if rows:
        return _under(file, tuple(rows.split(".")), node, wanted)
    if not is_all:
        return table_of(concatenated_rows(_window(file)), file, wanted)
    if STATE in node.parts:
        user = node.parts.get("user_id")
        others = [of for of, part in node.parts.items() if of not in (STATE, "user_id") and (part.count or part.value)]
        notes = {_BESIDE.format(listing(others)): len(others)} if others else {}
        table = table_of(rows_of_state(_window(file), str(user.value if user else "")), file, wanted, notes)
        kind = node.parts["origin"].parts.get("kind") if "origin" in node.parts else None
        if kind is not None and kind.value not in ("human", None):
            doubt = f"The annotator is no person (origin: {kind.value}), but the choices are stored as human decisions"
            table.doubts.append(f"{doubt}. Import the states of people only.")
        return table
    if not _is_by_text(node) and _is_by_columns(node):
        return _by_columns(file, node, wanted)
    path = () if _is_by_text(node) else _rows_of(file.name, node)
    if path is None:
        return table_of(concatenated_rows(_window(file)), file, wanted)
    return _under(file, path, node, wanted)


def open_lines(file: InputFile, rows: str, wanted: Wanted) -> Table:
    """Open the lists at a path inside the objects of a file with one on each line."""
    of, path, each = Rows(file.name, wanted), tuple(rows.split(".")), lines(file.text(), file.name)
    if "," in rows:
        return table_of(together(each, rows, wanted, of.passed), file, wanted, None, of.passed)
    found = (row for value in each for row in rows_in(value, path, (), of))
    first = next(found, None)
    if first is None:
        raise file_fault(file.name, f"no line has rows under {rows!r}. Look at the names in the file.")
    notes = {f"rows were read under “{rows}”": 1}
    return table_of(joined(chain([first], found)), file, wanted, notes, of.passed)


def is_array(file: InputFile) -> bool:
    """Whether a file of JSON lines is in truth one array of objects."""
    if _first(file) != "[":
        return False
    with io.TextIOWrapper(file.again(), file.encoding, errors="replace") as text:
        line = next(line for line in text if line.strip(SPACE))
    try:
        found = json.loads(line)
    except ValueError:
        return True
    return isinstance(found, list) and any(isinstance(part, dict) for part in found) and not is_conversation(found)


def _first(file: InputFile) -> str:
    with io.TextIOWrapper(file.again(), file.encoding, errors="replace") as text:
        while piece := text.read(CHUNK):
            if piece.strip(SPACE):
                return piece.lstrip(SPACE)[0]
    return ""


def _window(file: InputFile) -> Window:
    return Window(file.text(max_line=None), file.name)


def _look(window: Window, depth: int) -> Node:
    """Look at the value that begins here, and leave the rest of it out."""
    mark = window.skip(SPACE)
    if mark not in ("[", "{") or depth > _DEPTH:
        if mark in ("[", "{"):
            window.leave_out()
            return Node(mark)
        found = window.value()
        is_fact = isinstance(found, tuple) and found[3] <= FACT
        return Node("", count=int(not is_fact), value=found[1] if isinstance(found, tuple) and is_fact else None)
    node = Node(mark)
    names = window.names() if mark == "{" else (str(at) for at, _ in enumerate(window.items()))
    for name in names:
        node.count += 1
        if node.count <= (_LOOKED_AT if mark == "{" else 1):
            node.parts[name] = _look(window, depth + 1)
        else:
            window.leave_out()
    return node


def _is_by_columns(node: Node) -> bool:
    """Whether each name of the object has a list or an object of single values, one for each row."""
    parts = [part for part in node.parts.values() if part.count or not part.kind]  # a column may be empty
    if node.parts.keys() <= {"columns", "index", "data"} and {"columns", "data"} <= node.parts.keys():
        return True
    if not parts or not all(part.kind == parts[0].kind != "" for part in parts):
        return False
    single = all(part.is_column for part in parts)
    inner = {name for part in parts for name in part.parts}
    if single and parts[0].kind == "{" and all(map(str.isdigit, inner)) and not all(map(str.isdigit, node.parts)):
        return True  # by the numbers of the rows, in any order; a missing one is null
    if any(part.count != parts[0].count for part in parts):
        return False
    if parts[0].kind == "[":
        return single or any(part.is_column for name, part in node.parts.items() if names_prompt([name]))
    names = list(parts[0].parts)
    if any(list(part.parts) != names for part in parts) or names_prompt(names):
        return False
    is_counted = all(map(str.isdigit, names)) and any(part.is_column for part in parts)
    return (is_counted and not all(map(str.isdigit, node.parts))) or (single and names_prompt(list(node.parts)))


def _is_by_text(node: Node) -> bool:
    """Whether an object has texts by their names, such as responses by prompts: it is not one row."""
    single = node.kind == "{" and all(not part.kind for part in node.parts.values())
    firsts = [part.parts["0"] for part in node.parts.values() if part.kind == "[" and part.count]
    if len(firsts) == len(node.parts) >= _MANY_TEXTS and not names_prompt(list(node.parts)):
        return all(not first.kind and is_sentence(str(first.value)) for first in firsts)  # lists of texts by their ids
    if not single or names_prompt(list(node.parts)):
        return False
    texts = (part.value for part in node.parts.values())  # None if it is long
    is_of_texts = node.count >= _MANY_TEXTS and all(text is None or is_sentence(str(text)) for text in texts)
    return is_of_texts or 2 * sum(map(is_sentence, node.parts)) > len(node.parts)


def _rows_of(name: str, node: Node) -> Path | None:
    """The path of the rows in an object; None if it is itself a row."""
    found = dict(_candidates(node, ()))
    prompts = {path: names for path, names in found.items() if names_prompt(names)}
    texts = [of for of, part in node.parts.items() if not part.value or _is_prompt(str(part.value), len(found) == 1)]
    if () not in found and names_prompt(texts) and not any(map(len, prompts)):
        return None
    wanted = prompts or found
    if not wanted:
        return None
    least = min(map(len, wanted))
    nearest = [path for path in wanted if len(path) == least]
    if len(nearest) == 1:
        return nearest[0]
    listed = ", ".join(".".join(path) for path in nearest[:8])
    text = f"{name}: one object contains several lists. Choose the list with the rows: {listed}."
    counts = Counter(part.count for part in node.parts.values() if part.kind == "[")
    equal = listing([of for of, part in node.parts.items() if part.kind == "[" and counts[part.count] > 1])
    text += f" Or name lists of one length that belong together, row by row, with commas{equal and f': {equal}'}."
    raise FileFaultError(text, wants="rows")


def _is_prompt(text: str, has_rows: bool) -> bool:
    """Whether a text of an object may be a prompt: beside the list of rows only a sentence is one."""
    return is_sentence(text) if has_rows else not is_identifier(text)


def _candidates(node: Node, path: Path) -> Iterator[tuple[Path, list[str]]]:
    """The lists of objects, and the objects of objects by id, with the names in the first row."""
    if node.row:
        yield path, node.row
    if node.kind != "{":
        return
    names = [part.row or (list(part.parts) if part.kind == "{" else []) for part in node.parts.values()]
    kinds = Counter(part.kind for part in node.parts.values())
    if are_alike(names) and not (kinds["["] and kinds["{"] == 1):  # else one object has the settings of the rows
        yield path, names[0]
        return
    for name, part in node.parts.items():
        yield from _candidates(part, (*path, name))


def _facts(node: Node) -> dict[str, Any]:
    """The small single values of an object and of the objects in it."""
    found: dict[str, Any] = {}
    for name, part in node.parts.items():
        if part.kind == "{":
            inner = _facts(part)
            found |= {name: inner} if inner else {}
        elif not part.kind and part.value is not None:
            found[name] = part.value
    return found


def _others(node: Node, path: Path) -> Iterator[Path]:
    """The paths of what stands beside the rows and is not among the facts: lists and large values."""
    for name, part in node.parts.items() if path and node.kind == "{" else ():
        steps = next((n for n in range(1, len(path) + 1) if ".".join(path[:n]) == name), 0)
        if part.kind == "{" and path[steps:]:
            yield from ((name, *inner) for inner in _others(part, path[steps:]))
        elif not steps and part.count:
            yield (name,)


def _inside(node: Node, path: Path) -> Node:
    """What is at a path, as far as it was looked at."""
    while path:
        steps = next((n for n in range(len(path), 0, -1) if ".".join(path[:n]) in node.parts), 0)
        if not steps:
            return Node("")
        node, path = node.parts[".".join(path[:steps])], path[steps:]
    return node


def _like_rows(node: Node, path: Path, wanted: Wanted) -> Iterator[Path]:
    """The objects beside a list of rows that have their names, which are not read; without those that are mapped."""
    for name, part in _inside(node, path[:-1]).parts.items() if path else ():
        beside = (*path[:-1], name)
        is_mapped = any(of.startswith(".".join((FILE, *beside, ""))) for of in wanted)
        if part.kind == "{" and not is_mapped and are_alike([_inside(node, path).row, part.parts]):
            yield beside


def _several_lists(node: Node, path: Path, wanted: Wanted) -> Iterator[str]:
    """A warning that the rows are from several lists, unless their names are mapped, such as those of models."""
    of = _inside(node, path)
    parts = {name: part for name, part in of.parts.items() if part.kind == "{" or (part.kind == "[" and part.count)}
    is_own = any("id" in (part.row or part.parts) for part in parts.values())
    column = AROUND * is_own + "id"
    if of.kind != "{" or len(parts) < 2 or all(part.kind == "{" for part in parts.values()) or column in wanted:
        return
    counts = [(name, part.count if part.kind == "[" else 1) for name, part in parts.items()]
    listed = ", ".join(f"{shortened('.'.join((*path, name)))} {count:,}" for name, count in counts[:_NAMED])
    more = f" and {of.count - _NAMED:,} more" if of.count > _NAMED else ""
    text = f"Rows were read from several lists: {listed}{more}. Read one of them with --rows NAME"
    yield f"{text}, or map their names ({column})."


def _under(file: InputFile, path: Path, node: Node, wanted: Wanted) -> Table:
    """The rows at a path, an array or an object of them; what stands beside them is in a column `file`."""
    is_around = bool(path) and (node.kind == "{" or path[0].isdigit())  # else it stands around some rows only
    facts = _facts(node) if is_around else {}
    around: Around = ({FILE: facts},) if facts else ()
    notes = {f"rows were read under “{'.'.join(path)}”": 1} if path else {}
    if others := [".".join(of) for of in (*_like_rows(node, path, wanted), *_others(node, path))]:
        notes[_BESIDE.format(listing(others))] = len(others)
    of = Rows(file.name, wanted)
    rows = require_own_responses(rows_at(_window(file), path, around, of, node), file.name, wanted)
    table = table_of(joined(rows), file, wanted, notes, of.passed)
    table.doubts.extend(_several_lists(node, path, wanted))
    return table


def _by_columns(file: InputFile, node: Node, wanted: Sequence[str], only: Sequence[str] = ()) -> Table:
    """A file by columns, as pandas writes it, or some lists of it that belong together: each is held in memory."""
    counts = {name: node.parts[name].count for name in only if name in node.parts}
    if only and (len(counts) < len(only) or len(set(counts.values())) > 1):
        if missing := [name for name in only if name not in counts]:
            raise file_fault(file.name, f"there is no list {listing(missing)}; it has {listing(list(node.parts))}.")
        listed = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        raise file_fault(file.name, f"these lists do not belong together, by their lengths: {listed}.")
    if file.source.total_bytes > _MOST_TEXT:
        text = "it is too large to be read by columns. Write it by rows: orient='records', lines=True."
        raise file_fault(file.name, text)
    of = node.parts["columns"] if {"columns", "data"} <= node.parts.keys() and not only else node  # names, and rows
    notes = {"columns read as rows": len(only) or of.count}
    if others := [name for name in node.parts if only and name not in only]:
        notes[_BESIDE.format(listing(others))] = len(others)
    return table_of(transposed(_window(file), file.name, only), file, wanted, notes)

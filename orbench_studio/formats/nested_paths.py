"""Values inside nested cells: `choices.0.message.content` is in the column `choices`."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from orbench_studio import errors
from orbench_studio.formats.api_errors import is_nothing
from orbench_studio.formats.class_words import shortened
from orbench_studio.formats.records import RowError
from orbench_studio.formats.row_guard import nested
from orbench_studio.formats.tables import Cells, NestedCell, described

Get = Callable[[Cells], Any]
Require = Callable[[str, Any], None]
Ends = list[tuple[int, Any]]
"""The texts and numbers on the way of a path, each with the number of steps that are left there."""
CONTENTS = ("content", "value", "text", "parts")  # names of what a message says
COLUMN = "COLUMN"  # a path that is not known
_ALTERNATIVE = "|"
_SHOWN = 40  # characters of a number
_TURNS = "turns"  # a list of texts of this name has the turns of one conversation, not several samples


class Gathered(list[Any]):
    """What the objects of a list have under a name, with the sizes of its parts."""

    sizes: Any = ()


def sizes_of(value: Any) -> Any:
    """The sizes of the parts of a list, and of those in them; 1 for a single value."""
    if isinstance(value, Gathered) or not isinstance(value, list):
        return value.sizes if isinstance(value, Gathered) else 1
    return sizes_of(value[0]) if len(value) == 1 else tuple(map(sizes_of, value))


def split(header: Sequence[str], path: str) -> tuple[int, tuple[str, ...]] | None:
    """The column at the beginning of a path and the steps inside it; None if there is no such column."""
    if path in header:
        return header.index(path), ()
    steps = path.split(".")
    for count in range(len(steps) - 1, 0, -1):
        name = ".".join(steps[:count])
        if name in header:
            return header.index(name), tuple(steps[count:])
    return None


def alternatives(header: Sequence[str], path: str) -> list[tuple[int, tuple[str, ...]]]:
    """The places that a path names: one, or with `a|b` those of its alternatives that are there."""
    if path in header or _ALTERNATIVE not in path:
        whole = split(header, path)
        return [whole] if whole is not None else []
    return [place for part in path.split(_ALTERNATIVE) if (place := split(header, part)) is not None]


def of_other_item(header: Sequence[str], path: str, other: str, *, than_each: bool = False) -> bool:
    """Whether a path leads into another item of a list than another path; `than_each`: into one where that has each."""
    places, others = alternatives(header, path), alternatives(header, other)
    if len(places) != 1 or len(others) != 1 or places[0][0] != others[0][0]:
        return False
    steps, of = places[0][1], others[0][1]
    at = next((at for at, pair in enumerate(zip(steps, of, strict=False)) if pair[0] != pair[1]), len(steps))
    if min(len(steps), len(of) + than_each) <= at + 1 or not steps[at].isdigit():  # else they are parts of one item
        return False
    return of[at].isdigit() is not than_each


class Parsed:
    """The nested cells of the row that is being read, each parsed once."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[str, Any]] = {}

    def value(self, at: int, cell: str) -> Any:
        """The value in a cell of this column; None if it is neither JSON nor a list of Python."""
        known = self._last.get(at)
        if known is None or known[0] is not cell:
            known = self._last[at] = cell, _parsed(cell)
        return known[1]


def getter(header: Sequence[str], path: str, parsed: Parsed, require: Require | None = None) -> Get:
    """What gives the value at the first place of a path that is not empty: a text, a list or an object.

    `require` is called with the place of each message or list of messages on the way, and its value.

    The parts that are missing in a list are those of a later list of the same length. It raises RowError if no place
    has a value, and one has a text or a number where the path leads into an object or a list.
    """
    places = alternatives(header, path)
    if len(places) == 1 and not places[0][1]:
        return _whole(header[places[0][0]], places[0][0], parsed)
    gets = [_getter(header[at], at, steps, parsed, require) for at, steps in places]
    paths = path.split(_ALTERNATIVE)
    names = [_names_below(places[:place], *of) for place, of in enumerate(places)]

    def get(cells: Cells) -> Any:
        ends: dict[str, Any] = {}
        found = in_order(cells, ends)
        ends = {place: value for place, value in ends.items() if place not in paths}
        if ends and (found in (None, "", [], {}) or (isinstance(found, list) and None in found)):
            place, value = next(iter(ends.items()))
            shown = f"the text {shortened(value)}" if isinstance(value, str) else plain(value, path)[:_SHOWN]
            wanted, place = errors.shortened(path.partition(_ALTERNATIVE)[0]), errors.shortened(place)
            raise RowError(f"there is no {wanted}, but {shown} in {place}. To read both, add |{place} to the path")
        return found

    def in_order(cells: Cells, ends: dict[str, Any]) -> Any:
        if len(gets) == 1:
            return gets[0](cells, ends)
        of_each = (_without(each(cells, ends), named) for each, named in zip(gets, names, strict=True))
        values = (value for value in of_each if value not in (None, "", [], {}))
        found = next(values, None)
        while isinstance(found, list) and None in found and isinstance(more := next(values, None), list):
            if len(more) == len(found):
                sizes = sizes_of(found)
                found = Gathered(other if part is None else part for part, other in zip(found, more, strict=True))
                found.sizes = sizes
        return found

    return get


def _names_below(places: Sequence[tuple[int, tuple[str, ...]]], at: int, steps: tuple[str, ...]) -> frozenset[str]:
    """The names to which the places lead inside the value at these steps of a column."""
    return frozenset(of[len(steps)] for column, of in places if column == at and of[: len(steps)] == steps != of)


def _without(value: Any, named: frozenset[str]) -> Any:
    """A value, or None for an object with one of these names: what it has there was looked for."""
    if named and isinstance(value, list):
        return [_without(part, named) for part in value]
    return None if named and isinstance(value, dict) and named & value.keys() else value


def lenient(get: Callable[..., Any]) -> Callable[..., Any]:
    """What gives the same value, and None instead of raising RowError."""

    def found(*given: Any) -> Any:
        try:
            return get(*given)
        except RowError:
            return None

    return found


def _whole(name: str, at: int, parsed: Parsed) -> Get:
    """What gives the value of a whole cell."""

    def get(cells: Cells) -> Any:
        cell = cells[at]
        if not isinstance(cell, NestedCell):
            return cell
        value = parsed.value(at, cell)
        require_one_turn(name, value)
        return value

    return get


def _getter(
    name: str, at: int, steps: tuple[str, ...], parsed: Parsed, require: Require | None
) -> Callable[[Cells, dict[str, Any]], Any]:
    """What gives the value at one place, and collects the texts and numbers on the way to it by their places."""
    whole = _whole(name, at, parsed)
    messages = [count for count, step in enumerate(steps) if step in CONTENTS and require is not None]

    def found(cell: str) -> tuple[str, Any, Ends]:
        around, inside = parsed.value(at, cell), Ends()
        if around is None:
            around = cell
        require_one_turn(name, around, steps)
        value = within(around, steps, inside)
        for count in messages if value is not None else ():
            assert require is not None
            require(".".join((name, *steps[:count])), within(around, steps[:count]))
        return cell, value, inside

    last: tuple[str, Any, Ends] | None = None  # of the row that is being read, which is asked several times

    def get(cells: Cells, ends: dict[str, Any]) -> Any:
        nonlocal last
        if not steps:
            return whole(cells)
        if last is None or last[0] is not cells[at]:
            last = found(cells[at])
        ends.update((".".join((name, *steps[: len(steps) - left])), end) for left, end in last[2])
        return last[1]

    return get


def _parsed(cell: str) -> Any:
    try:
        return nested(cell)
    except json.JSONDecodeError:
        return None


def parsed_text(text: str) -> Any:
    """The object or list that a text is the JSON of; None for any other text."""
    return _parsed(text) if text[:1] in ("{", "[") else None


def within(value: Any, steps: Sequence[str], ends: Ends | None = None) -> Any:
    """The value at these steps inside another; None if there is none. A name may itself contain full stops.

    A name inside a list of objects gives the list of what they have there. `ends` gets the texts and numbers
    that stand where steps are left.
    """
    if not steps or value is None:
        return value
    if isinstance(value, str) and (inner := parsed_text(value)) is not None:
        return within(inner, steps, ends)
    if isinstance(value, list) and steps[0].isdigit():
        return within(value[int(steps[0])], steps[1:], ends) if int(steps[0]) < len(value) else None
    if isinstance(value, list):
        each = Gathered(within(one, steps, ends) for one in value)
        each.sizes = sizes_of(list(each))
        lists = [one for one in each if isinstance(one, list)]
        if len(lists) == len(each):
            _require_one_conversation(lists, steps)
            each[:] = [inner for one in lists for inner in one]
        return each if any(one is not None for one in each) else None
    if isinstance(value, dict):
        for count in range(len(steps), 0, -1):
            name = ".".join(steps[:count])
            if name in value:
                require_one_turn(name, value[name], steps[count:])
                return within(value[name], steps[count:], ends)
    elif ends is not None and not (isinstance(value, str) and is_nothing(value)):
        ends.append((len(steps), value))
    return None


within_or_none = lenient(within)


def require_one_turn(name: str, value: Any, steps: Sequence[str] = ()) -> None:
    """Raise RowError for the texts of several turns, unless a path names one of them."""
    is_several = name.rpartition(".")[2] == _TURNS and not steps and isinstance(value, list) and len(value) > 1
    if is_several and all(isinstance(turn, str) for turn in value):
        raise RowError(f"{name} has {len(value)} turns of a conversation. Name one, such as {name}.0")


def _require_one_conversation(lists: Sequence[list[Any]], steps: Sequence[str]) -> None:
    """Raise RowError for several conversations, or several texts in parts, which would be read as one."""
    turns = [turn for of in lists for turn in of]
    names = [{"role", "from", "type"} & turn.keys() if isinstance(turn, dict) else None for turn in turns]
    if len(lists) > 1 and names and all(names):
        name, what = ".".join(steps), "texts in parts" if names[0] == {"type"} else "conversations"
        raise RowError(f"there are {len(lists)} {what} in {name}. Name one: 0.{name}. Or read the list as rows")


def plain(value: Any, what: str, path: str = COLUMN) -> str:
    """A value as a text, a list of a single one as that, and an empty list as an empty text.

    Raises RowError for another list or an object.
    """
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list | dict):
        value = value[0]
    if isinstance(value, str):
        return value
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise not_a_text(value, what, path)


def not_a_text(value: Any, what: str, path: str = COLUMN) -> RowError:
    """The error about a list or an object at a path in place of a text, with the place of its longest text."""
    if isinstance(value, Gathered):
        named = f"Name one by its place in the path {path}, as in choices.0.text"
        return RowError(f"the {what} is not a text but {described(value)}. {named}")
    parts = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    inside = max(parts, key=lambda part: len(part[1]) if isinstance(part[1], str) else 0, default=("NAME", ""))[0]
    text = f"the {what} is not a text but {described(value)}. Name a path inside it, such as {path}.{inside}"
    return RowError(text)

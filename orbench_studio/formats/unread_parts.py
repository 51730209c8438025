"""The values inside mapped nested cells that no record stores: their paths are named in the import report."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from orbench_studio.formats import conversations
from orbench_studio.formats.mapping import Field
from orbench_studio.formats.nested_paths import Get, Parsed, alternatives, getter, lenient, parsed_text
from orbench_studio.formats.records import Record
from orbench_studio.formats.tables import Cells, NestedCell, texts_in

_MOST = 1_000  # paths
_OPEN = (Field.PROMPT, Field.SYSTEM, Field.RESPONSE)
"""Fields whose values may be lists or objects, of which only the texts are read."""
_KINDS = ("role", "from", "type")
"""Names of what only says of which kind a message or a part of it is."""

Wanted = Sequence[tuple[str, Sequence[str]]]
"""The path so far of each mapped path that leads here, and its further steps."""


class UnreadParts:
    """Collects the paths inside mapped columns whose values are in no record, and mapped paths that others replace."""

    def __init__(
        self, header: Sequence[str], columns: Mapping[Field, str], others: Sequence[str], parsed: Parsed
    ) -> None:
        self.paths: dict[str, None] = {}
        self._parsed = parsed
        self._open = {path for part, of in columns.items() if part in _OPEN for path in (of, *of.split("|"))}
        self._wanted: dict[int, list[tuple[str, Sequence[str]]]] = {}
        for path in (*columns.values(), *others):
            for at, steps in alternatives(header, path):
                self._wanted.setdefault(at, []).append((header[at], steps))
        several = {part: of for part, of in columns.items() if len(alternatives(header, of)) > 1}
        self._several: list[list[tuple[str, Get]]] = [
            [(path, lenient(getter(header, path, parsed))) for path in of.split("|") if alternatives(header, path)]
            for of in several.values()
        ]

    def add(self, cells: Cells, record: Record) -> None:
        """Look at a row and its record."""
        stored: list[str] = []

        def lacks(value: object) -> bool:
            if not stored:
                stored.append("\0".join(_texts_of(record)))
            return not isinstance(value, str) or value.strip() not in stored[0]

        for at, wanted in self._wanted.items():
            value = self._parsed.value(at, cells[at]) if isinstance(cells[at], NestedCell) else cells[at]
            if value is not cells[at] or all(steps for _, steps in wanted):
                for path, inner, is_below in self._left(value, wanted):
                    self._name([(path, inner)], lacks if is_below else bool)
        for gets in self._several:
            values = [(path, value) for path, get in gets if (value := get(cells)) not in (None, "", [], {})]
            self._name((other for other in values[1:] if not values[0][0].startswith(f"{other[0]}.")), lacks)

    def _name(self, found: Iterable[tuple[str, Any]], is_lost: Callable[[Any], bool]) -> None:
        for path, value in found:
            if len(self.paths) < _MOST and path not in self.paths and any(map(is_lost, leaves(value))):
                self.paths[path] = None

    def _left(self, value: Any, wanted: Wanted) -> Iterator[tuple[str, Any, bool]]:
        """The paths inside a value to which no mapped path leads, and whether they are below the end of one."""
        ends, longer = ([of for of in wanted if bool(of[1]) is is_longer] for is_longer in (False, True))
        if isinstance(value, str) and longer and not ends:
            parsed = parsed_text(value)
            if not isinstance(parsed, dict | list):
                yield longer[0][0], value, False
                return
            value = parsed
        if ends and not (longer and isinstance(value, dict | list)):
            if isinstance(value, list | dict) and self._open.intersection(path for path, _ in ends):
                yield from ((path, inner, True) for path, inner in _inside(value, ends[0][0]))
            return
        base = min((path for path, _ in longer), key=len)
        for name, inner in _parts(value):
            if isinstance(value, dict):
                further = [
                    (f"{path}.{name}", steps[count:])
                    for path, steps in longer
                    for count in range(1, len(steps) + 1)
                    if ".".join(steps[:count]) == name
                ]
            else:
                further = [(path, steps) for path, steps in longer if not steps[0].isdigit()]
                further += [(f"{path}.{name}", steps[1:]) for path, steps in longer if steps[0] == name]
            left = self._left(inner, further) if further else ((f"{base}.{name}", inner, False),)
            yield from ((at, part, is_below or bool(ends)) for at, part, is_below in left)


def _parts(value: Any) -> Iterable[tuple[str, Any]]:
    """The parts of an object by name, or of a list by place."""
    if isinstance(value, dict):
        return value.items()
    return ((str(at), inner) for at, inner in enumerate(value)) if isinstance(value, list) else ()


def _inside(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """What a message, a part of one or a list of them has beside its text, which is counted elsewhere."""
    if isinstance(value, list):
        for inner in value:
            yield from _inside(inner, path)
    elif isinstance(value, dict):
        is_message = conversations.is_conversation([value])
        for name, inner in value.items():
            if name not in _KINDS and not (is_message and isinstance(inner, str) and name in conversations.CONTENTS):
                yield from _inside(inner, f"{path}.{name}")
    elif value not in (None, ""):
        yield path, value


def leaves(value: Any) -> Iterator[Any]:
    """The single values in a nested one that are not empty."""
    if isinstance(value, dict | list):
        for _, inner in _parts(value):
            yield from leaves(inner)
    elif value not in (None, ""):
        yield value or str(value)


def _texts_of(draft: Any) -> Iterator[str]:
    for each in fields(draft):
        value = getattr(draft, each.name)
        if isinstance(value, tuple) and value and is_dataclass(value[0]):
            for inner in value:
                yield from _texts_of(inner)
        elif is_dataclass(value):
            yield from _texts_of(value)
        else:
            yield from texts_in(value) if not isinstance(value, bytes | tuple) else ()

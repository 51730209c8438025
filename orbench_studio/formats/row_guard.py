"""The guard around every row of every format: a value that cannot be read rejects its row, not the file.

The guard around parsers is `errors.explained`.
"""

import ast
import io
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import pairwise
from operator import attrgetter
from tokenize import NL, STRING, generate_tokens
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from orbench_studio.errors import DAMAGE, reason_of
from orbench_studio.formats.records import RowError, RowFault
from orbench_studio.formats.tables import texts_in, too_many_values, unstorable

_NAMES = frozenset({"model", "moderator", "judge", "annotator", "external_key", "uuid"})
_LONGEST_NAME = 500  # characters; databases refuse to index what is much longer
_SHOWN = 40  # characters of a name
_LONGEST_LITERAL = 100_000  # characters of a text that may be a list as Python prints it
_LARGEST_NUMBER = 2**31 - 1  # what an integer column of every database holds

Made = TypeVar("Made")


def row(line: int, title: str, make: Callable[..., Made], *given: object) -> Made | RowFault:
    """Call `make` for a row of the format with this title; returns a RowFault if its values cannot be read."""
    try:
        return make(*given)
    except RowError as error:
        return RowFault(line, str(error), error.wants)
    except json.JSONDecodeError:
        return RowFault(line, "a cell is neither JSON nor a list or an object as Python prints it")
    except DAMAGE as error:
        return RowFault(line, f"the row does not have the form of {title} ({reason_of(error)})")


def nested(cell: str) -> Any:
    """Parse the JSON in a cell, or what Python prints; None if it is empty.

    Raises JSONDecodeError if it is neither, RowError if it is too large or cannot be stored.
    """
    if not cell:
        return None
    if too_many_values(cell):
        raise RowError("a cell contains too many values")
    try:
        return decoded(cell)
    except json.JSONDecodeError:
        if (found := of_python(cell)) is None:
            raise
        return found


def constant(word: str) -> str | None:
    """What a word in JSON that is no value of JSON stands for: NaN is a missing value."""
    return None if word == "NaN" else word


def decoded(content: str) -> Any:
    """Parse JSON; raises ValueError also if a string in it cannot be stored."""
    found = json.loads(content, object_pairs_hook=unique, parse_constant=constant)
    reason = unstorable(texts_in(found)) if "\\u" in content else None
    if reason:
        raise RowError(reason)
    return found


def of_python(content: str) -> Any:
    """The list or object that a text is, as Python prints it, with the types of JSON; None for any other text.

    Raises RowError for one that cannot be stored, or in which Python would join or drop values.
    """
    if content.strip()[:1] not in ("[", "{") or len(content) > _LONGEST_LITERAL:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of texts that look like Python, such as [1if]
            tree = ast.parse(content.strip(), mode="eval")
            found = json.dumps(ast.literal_eval(tree))
        tokens = [token.type for token in generate_tokens(io.StringIO(content.strip()).readline)]
    except (*DAMAGE, SyntaxError, MemoryError, RecursionError):
        return None
    if (STRING, STRING) in pairwise(kind for kind in tokens if kind != NL):
        raise RowError("a list has texts without a comma between them, as NumPy prints it. Write it as JSON")
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            unique([(str(name.value), None) for name in node.keys if isinstance(name, ast.Constant)])
    found = decoded(found)
    if reason := unstorable(texts_in(found)):
        raise RowError(reason)
    return found if isinstance(found, list | dict) else None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object with these names and values; raises RowError if a name occurs twice, since one value would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        name = next(name for at, (name, _) in enumerate(pairs) if name in dict(pairs[:at]))
        raise RowError(f"an object has the name {name[:_SHOWN]!r} twice. Remove one, or give it another name")
    return found


def text(value: object) -> str:
    """Return the value if it is a string; raises ValueError otherwise."""
    if not isinstance(value, str):
        raise ValueError(f"{type(value).__name__} instead of a string")
    return value


def require_sound(draft: Any) -> None:
    """Raise RowError if a draft, or one in it, has a value of another type than declared."""
    of: Any = type(draft)
    values, kinds = _declared(of)
    for value, (name, plain, allowed) in zip(values(draft), kinds, strict=True):
        kind = type(value)
        if kind in plain or (not value and kind in allowed):
            continue
        if kind is not int or int not in allowed or not 0 <= value <= _LARGEST_NUMBER:
            _look_into(name, value, allowed)


def _look_into(name: str, value: object, allowed: tuple[type, ...]) -> None:
    if not isinstance(value, allowed):
        raise RowError(f"{name} is {type(value).__name__}, not {' or '.join(kind.__name__ for kind in allowed)}")
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, int):
            if not 0 <= one <= _LARGEST_NUMBER:
                raise RowError(f"{name} is not a number between 0 and {_LARGEST_NUMBER:,}")
        elif is_dataclass(one):
            require_sound(one)
    if name in _NAMES and isinstance(value, str) and len(value) > _LONGEST_NAME:
        raise RowError(f"{name} is longer than {_LONGEST_NAME} characters")
    if isinstance(value, Mapping) and not all(isinstance(one, str) for pair in value.items() for one in pair):
        raise RowError(f"{name} has values that are not strings")


@cache
def _declared(
    kind: type,
) -> tuple[Callable[[Any], tuple[Any, ...]], list[tuple[str, frozenset[type], tuple[type, ...]]]]:
    """What gives the values of a kind of draft, and of each its name, the classes that need no look inside, and all."""
    hints = {one.name: _classes(get_type_hints(kind)[one.name]) for one in fields(kind)}
    further = (int, tuple, Mapping, dict)
    plain = {
        name: {one for one in allowed if one not in further and not is_dataclass(one)}
        - ({str} if name in _NAMES else set())
        for name, allowed in hints.items()
    }
    kinds = [(name, frozenset(plain[name]), tuple(allowed)) for name, allowed in hints.items()]
    return attrgetter(*hints), kinds


def _classes(hint: Any) -> list[type]:
    origin = get_origin(hint)
    if origin is UnionType:
        return [kind for one in get_args(hint) for kind in _classes(one)]
    return [Mapping, dict] if origin is Mapping else [origin or hint]

"""Change single values in the text of a recipe, so that comments and everything else stay as they are."""

import re
from collections.abc import Sequence
from contextlib import suppress

from orbench_studio.domain.curation.recipe import InconsistentRecipeError, RecipeError, read_recipe

Value = str | int | bool | Sequence[str]
_HEADER = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]")


def with_value(text: str, section: str, key: str, value: Value | None) -> str:
    """The text with another value of a key; None removes the key. An empty section is the top of the recipe.

    Raises RecipeError if the changed text cannot be parsed. Values that do not fit together yet are written: the next
    change may complete them.
    """
    lines = text.splitlines()
    begin, end = _section(lines, section)
    written = None if value is None else f"{key} = {_toml(value)}"
    if begin is None:
        changed = (
            [*lines, *([""] if lines and lines[-1].strip() else []), f"[{section}]", written] if written else lines
        )
    else:
        changed = _changed(lines, begin, end, key, written)
    made = "".join(f"{line}\n" for line in changed if line is not None)
    with suppress(InconsistentRecipeError):
        read_recipe(made)
    return made


def leading_comment(text: str) -> str:
    """The comment lines at the beginning of a recipe, with the empty lines after them."""
    match = re.match(r"(?:#[^\n]*\n)+\s*", text)
    return match[0] if match else ""


def _changed(lines: list[str], begin: int, end: int, key: str, written: str | None) -> list[str]:
    """The lines with a key of the section from `begin` to `end` replaced, added or removed."""
    of_key = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
    first = next((place for place in range(begin, end) if of_key.match(lines[place])), None)
    if first is None:
        while end > begin and not lines[end - 1].strip():
            end -= 1
        return [*lines[:end], *([written] if written else []), *lines[end:]]
    last = first + 1
    while not _is_complete("\n".join(lines[first:last])) and last < end:
        last += 1
    comment = re.search(r"\s+#[^\"']*$", lines[first])
    kept = [written + (comment[0] if comment and last == first + 1 else "")] if written else []
    return [*lines[:first], *kept, *lines[last:]]


def _section(lines: list[str], section: str) -> tuple[int | None, int]:
    """The lines after a header up to the next one; the top of the recipe has no header. None if it is missing."""
    begin = 0 if not section else None
    for place, line in enumerate(lines):
        header = _HEADER.match(line)
        if header and begin is not None:
            return begin, place
        if header and header[1] == section:
            begin = place + 1
    return begin, len(lines)


def _is_complete(line: str) -> bool:
    """Whether a line is a whole assignment: a list may continue on the next lines."""
    return line.count("[") == line.count("]") and line.count("{") == line.count("}") and line.count('"""') % 2 == 0


def _toml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}"
    if not isinstance(value, str):
        return f"[{', '.join(map(_toml, value))}]"
    if not value.isprintable() or '"' in value or "\\" in value:
        raise RecipeError(f"The value {value!r} cannot be written.")
    return f'"{value}"'

"""The paths of single values in nested cells of a file, such as the messages of a conversation."""

from collections.abc import Iterator
from typing import Any

from orbench_studio.gui.common.actions import tr

_PATHS = 30  # values of a nested cell that are offered


def is_in(path: str, name: str) -> bool:
    """Whether a path is a column, or inside it."""
    return any(one == name or one.startswith(f"{name}.") for one in (path, *path.split("|"))) if name else False


def leaves(path: str, value: Any) -> list[tuple[str, str]]:
    """The paths of the single values in a nested one, and lists of messages, each with its beginning."""
    return [found for found, _ in zip(_walk(path, value), range(_PATHS), strict=False)]


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _walk(f"{path}.{name}", inner)
    elif isinstance(value, list):
        yield path, tr("list of {count}").format(count=len(value))
        for at, inner in enumerate(value[:3]):
            yield from _walk(f"{path}.{at}", inner)
    elif value is not None:
        yield path, str(value)

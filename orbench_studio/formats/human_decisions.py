"""What people say of a thing in a row of the rich form."""

from collections.abc import Iterable, Mapping
from typing import Any


def in_force(annotations: Iterable[Mapping[str, Any]], aspect: str) -> list[tuple[str, str]]:
    """Annotator and value of the last decision in force of each, in order of time; adjudications left out."""
    last: dict[str, str] = {}
    for annotation in annotations:
        if annotation["aspect"] == aspect and annotation["in_force"] and annotation["kind"] != "adjudication":
            last.pop(annotation["annotator"], None)
            last[annotation["annotator"]] = annotation["value"]
    return list(last.items())

"""Human decisions in a row of an export."""

from collections.abc import Iterable, Mapping
from typing import Any


def in_force(annotations: Iterable[Mapping[str, Any]], aspect: str) -> list[tuple[str, str]]:
    """Annotator and value of each annotator's last current decision, in order of time, without adjudications."""
    last: dict[str, str] = {}
    for annotation in annotations:
        if annotation["aspect"] == aspect and annotation["in_force"] and annotation["kind"] != "adjudication":
            last.pop(annotation["annotator"], None)
            last[annotation["annotator"]] = annotation["value"]
    return list(last.items())

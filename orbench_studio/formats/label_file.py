"""A label file: one journal entry of human decisions per line, to merge into another copy of the workspace.

Prompts and responses are named by the identities of their texts, entries by their uuid, so that the file means the same
in every workspace. The same journal gives the same bytes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from orbench_studio.errors import FileFaultError, explained
from orbench_studio.formats.byte_source import InputFile, file_fault
from orbench_studio.formats.records import AnnotationDraft
from orbench_studio.formats.row_guard import decoded, require_sound, text
from orbench_studio.formats.studio_rows import annotation, entry, moment

FORMAT = "orbench-labels"
MARK = FORMAT.encode()  # in the first line
VERSION = 2  # 2 has the counters of entries


class Guideline(NamedTuple):
    """A version of the guidelines, by its number in the file."""

    version: int
    created_at: Any
    text: str


class Labelled(NamedTuple):
    """A decision, and what it is about: a prompt by its identity, or a response to it by model and identity."""

    prompt: bytes
    response: tuple[str, bytes] | None
    draft: AnnotationDraft


def write(path: Path, guidelines: Iterable[Mapping[str, Any]], entries: Iterable[Mapping[str, Any]]) -> int:
    """Write the file and return its number of decisions."""
    count = 0
    with path.open("wb") as file:
        file.write(_line({"format": FORMAT, "version": VERSION}))
        file.writelines(map(_line, guidelines))
        for one in entries:
            file.write(_line(one))
            count += len(one["decisions"])
    return count


def read(path: Path) -> Iterator[Guideline | list[Labelled]]:
    """Yield the guidelines, then the decisions of each entry. Raises FileFaultError at the first invalid line."""
    file = InputFile(path)
    try:
        with file.explained():
            for number, line in enumerate(file.text(), 1):
                found = _found(path.name, number, line)
                if number > 1:
                    yield found
        file.finish()
    finally:
        file.close()


def _line(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _found(name: str, number: int, line: str) -> Any:
    def fault(reason: str) -> FileFaultError:
        return file_fault(name, f"the line is not valid in a label file ({reason}). Export the file again.", number)

    with explained(fault):
        values = decoded(line)  # no limit on values: one entry can decide a hundred thousand prompts
        if number == 1:
            return _require_head(name, values)
        if "guideline_text" in values:
            return Guideline(int(values["version"]), moment(values["created_at"]), text(values["guideline_text"]))
        return [_labelled(values, one) for one in values["decisions"]]


def _require_head(name: str, values: Any) -> None:
    if values["format"] != FORMAT:
        raise ValueError(f"its format is {values['format']!r}")
    if values["version"] > VERSION:
        raise FileFaultError(f"{name} was written by a newer version of the studio. Update the studio to merge it.")


def _labelled(values: Mapping[str, Any], said: Mapping[str, Any]) -> Labelled:
    response = said.get("response")
    found = {**said, "annotator": values["annotator"], "undone": values.get("undone")}
    draft = annotation(found, entry(dict(values)), on_response=response is not None)
    require_sound(draft)
    about = (text(response["model"]), bytes.fromhex(response["id"])) if response else None
    return Labelled(bytes.fromhex(said["prompt"]), about, draft)

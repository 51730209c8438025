"""What a user said about the columns of a file, as it is remembered for other files with the same columns."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from orbench_studio.errors import DAMAGE
from orbench_studio.formats.mapping import ColumnMapping
from orbench_studio.formats.reader_interface import ReadOptions

_MEANINGS = "stated"


def shape(header: Sequence[str]) -> str:
    """The key of the files with this header; empty if it only numbers the columns, as many unlike files do."""
    return "" if all(name.isdigit() for name in header) else "\t".join(header)


def to_text(mapping: ColumnMapping | None, meanings: Mapping[str, str]) -> str:
    """Serialise a mapping and the meanings of values; equal ones give equal texts."""
    parts = json.loads((mapping or ColumnMapping()).to_json())
    return json.dumps({**parts, _MEANINGS: dict(meanings)}, sort_keys=True)


def from_text(text: str) -> tuple[ColumnMapping | None, dict[str, str]]:
    """Parse the output of `to_text`; raises ValueError for any other text."""
    mapping = ColumnMapping.from_json(text)
    try:
        meanings = {str(value): str(meaning) for value, meaning in json.loads(text).get(_MEANINGS, {}).items()}
    except DAMAGE as error:
        raise ValueError("these are not meanings of values") from error
    return (mapping if mapping != ColumnMapping() else None), meanings


def remembering(options: ReadOptions, header: Sequence[str]) -> ReadOptions:
    """The options with what is remembered about these columns, if the user says nothing about them now."""
    stored = options.remembered.get(shape(header), "")
    if not stored or options.mapping is not None or options.meanings:
        return options
    try:
        mapping, meanings = from_text(stored)
    except ValueError:
        return options  # the settings were edited by hand
    return replace(options, mapping=mapping, meanings=meanings)

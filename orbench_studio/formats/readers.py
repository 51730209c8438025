"""All formats that can be imported, most specific first, and the recognition of a file's format.

The one place to add a format: write a module beside this one that makes a `Reader` (see `reader_interface.py`; the
smallest example is `argilla.py`), and name it in `READERS`, before every format that it is a special case of.
"""

from collections.abc import Sequence

from orbench_studio.errors import FileFaultError
from orbench_studio.formats import (
    argilla,
    file_names,
    inspect_log,
    label_studio,
    mapped,
    orbench_files,
    orbench_votes,
    studio_rows,
    xstest,
)
from orbench_studio.formats.byte_source import file_fault
from orbench_studio.formats.reader_interface import Reader
from orbench_studio.formats.tables import Table, listing

READERS: tuple[Reader, ...] = (
    studio_rows.STUDIO,
    inspect_log.INSPECT,
    label_studio.LABEL_STUDIO,
    argilla.ARGILLA,
    orbench_votes.CHECK,
    orbench_votes.MODERATION,
    orbench_files.ALIGNMENT,
    orbench_votes.UNMODERATED,
    orbench_files.FAILED,
    xstest.COMPLETIONS,
    xstest.PROMPTS,
    orbench_files.REWRITES,
    orbench_files.PROMPTS,
    mapped.MAPPED,
)
_BY_NAME = {reader.name: reader for reader in READERS}
_HEADERLESS = {
    orbench_files.FAILED.name: ("prompt", "error", "category"),
    orbench_votes.UNMODERATED.name: ("prompt", "error_message"),
}


def recognise(header: Sequence[str]) -> Reader | None:
    """The most specific format with this header; None if it needs a column mapping."""
    return next((reader for reader in READERS if reader.required and reader.recognises(header)), None)


def choose(name: str, header: Sequence[str], format_name: str | None) -> Reader:
    """The requested or recognised format; raises FileFaultError for a file that lacks required columns."""
    if format_name is None:
        found = recognise(header)
        if found is None:
            text = f"{name}: format not recognised. Its columns are {listing(header)}."
            raise FileFaultError(text, wants="format")
        return found
    reader = _named(name, format_name)
    missing = [column for column in reader.required if column not in header]
    if missing:
        found = recognise(header)
        likely = f"It looks like {found.name}." if found else "Choose another --format or add the column."
        text = f"{reader.name} needs {_columns(missing)}; the file has {listing(header)}. {likely}"
        raise file_fault(name, text)
    return reader


def headerless(name: str, table: Table, format_name: str | None) -> tuple[str, ...] | None:
    """The columns of OR-Bench's files of failed requests, which have no header; None for every other file."""
    if format_name not in (None, *_HEADERLESS) or (format_name is None and not file_names.is_failed(name)):
        return None
    first = [cell.strip() for cell in table.first[1]]
    if {"prompt", "response"} & set(first) or {"error", "error_message"} & set(first):
        return None
    moderated = file_names.moderator_in(name) is not None
    usual = orbench_votes.UNMODERATED.name if moderated else orbench_files.FAILED.name
    columns = _HEADERLESS[format_name or usual]
    return columns[: len(first)] if 2 <= len(first) <= len(columns) else None


def _named(name: str, format_name: str) -> Reader:
    if format_name not in _BY_NAME:
        raise file_fault(name, f"there is no format {format_name!r}. Choose one of: {', '.join(_BY_NAME)}.")
    return _BY_NAME[format_name]


def _columns(names: Sequence[str]) -> str:
    listed = ", ".join(names)
    return f"the column {listed}" if len(names) == 1 else f"the columns {listed}"

"""All formats that can be imported, most specific first, and the recognition of a file's format.

A format whose cells map to fields is a preset, a small file in `resources/presets`. One that needs code is a module
beside this one that makes a `Reader` (see `reader_interface.py`; the smallest example is `argilla.py`), named here.
"""

from collections.abc import Sequence

from orbench_studio.errors import FileFaultError
from orbench_studio.formats import (
    argilla,
    argilla_flat,
    file_names,
    inspect_log,
    label_studio,
    mapped,
    orbench_votes,
    potato,
    presets,
    studio_rows,
)
from orbench_studio.formats.byte_source import file_fault
from orbench_studio.formats.column_evidence import is_sentence
from orbench_studio.formats.column_names import names_field
from orbench_studio.formats.reader_interface import Reader
from orbench_studio.formats.tables import Table, listing

_FAILED = "orbench-failed"
_HEADERLESS = {
    _FAILED: ("prompt", "error", "category"),
    orbench_votes.UNMODERATED.name: ("prompt", "error_message"),
}
_LIKENESS = 0.8  # share of a format's columns that a file must have to be called like it,
_LIKE_COLUMNS = 3  # and how many at least
_SENTENCE = 8  # words from which a column's name is a sentence
_ASKS = ("?", "\uff1f")
_ENDS = (".", "!", "\u3002", "\uff01", *_ASKS)  # of sentences
_NO_HEADER = "Its first row looks like data, not like the names of columns."


def readers() -> list[Reader]:
    """Every format, most specific first."""
    written = (
        studio_rows.STUDIO,
        inspect_log.INSPECT,
        label_studio.LABEL_STUDIO,
        argilla.ARGILLA,
        argilla_flat.ARGILLA_FLAT,
        potato.POTATO,
        orbench_votes.CHECK,
        orbench_votes.MODERATION,
        orbench_votes.UNMODERATED,
    )
    return [*written, *presets.presets(), mapped.MAPPED]


def recognise(header: Sequence[str]) -> Reader | None:
    """The most specific format with this header; None if it needs a column mapping."""
    return next((reader for reader in readers() if reader.required and reader.recognises(header)), None)


def choose(name: str, header: Sequence[str], format_name: str | None, *, may_be_data: bool) -> Reader:
    """The requested or recognised format; raises FileFaultError for a file that lacks required columns."""
    if format_name is None:
        found = recognise(header)
        if found is None:
            if may_be_data:
                raise FileFaultError(f"{name}: format not recognised. {_NO_HEADER}", wants="header")
            text = f"{name}: format not recognised. {_closest(header)}Its columns are {listing(header)}."
            raise FileFaultError(text, wants="format")
        return found
    reader = _named(name, format_name)
    missing = [column for column in reader.required if column not in header]
    if missing and not reader.recognises(header):
        found = recognise(header)
        likely = f"It looks like {found.name}." if found else "Choose another --format or add the column."
        text = f"{reader.name} needs {_columns(missing)}; the file has {listing(header)}. {likely}"
        raise file_fault(name, text)
    return reader


def looks_like_data(header: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> bool:
    """Whether a header is probably the first row of a table without one.

    It has a sentence above sentences, and no usual name of a column; or its only name is as long as the texts below it.
    """
    if any(map(names_field, header)):
        return False
    below = [[row[at] for row in rows] for at, name in enumerate(header) if has_sentence([name])]
    if any(2 * sum(map(is_sentence, cells)) >= len(cells) for cells in below):
        return True
    lengths = sorted(len(row[0]) for row in rows)
    is_alike = bool(lengths) and 2 * len(header[0]) >= lengths[len(lengths) // 2]
    return len(header) == 1 and (is_alike or header[0].endswith(_ENDS))


def has_sentence(header: Sequence[str]) -> bool:
    """Whether a name of a column is a question or another long sentence."""
    return any(len(name.split()) >= _SENTENCE or (name.endswith(_ASKS) and " " in name) for name in header)


def _closest(header: Sequence[str]) -> str:
    """The format that a file is like, and what it lacks; empty if it is like none."""
    columns = set(header)
    shares = [
        (len(columns.intersection(reader.required)) / len(reader.required), reader)
        for reader in readers()
        if len(columns.intersection(reader.required)) >= _LIKE_COLUMNS
    ]
    share, reader = max(shares, key=lambda found: found[0], default=(0.0, mapped.MAPPED))
    missing = [column for column in reader.required if column not in columns]
    return f"Closest: {reader.name}, which needs {_columns(missing)} too. " if share >= _LIKENESS and missing else ""


def headerless(name: str, table: Table, format_name: str | None) -> tuple[str, ...] | None:
    """The columns of OR-Bench's files of failed requests, which have no header; None for every other file."""
    if format_name not in (None, *_HEADERLESS) or (format_name is None and not file_names.is_failed(name)):
        return None
    first = [cell.strip() for cell in table.first[1]]
    if {"prompt", "response"} & set(first) or {"error", "error_message"} & set(first):
        return None
    moderated = file_names.moderator_in(name) is not None
    columns = _HEADERLESS[format_name or (orbench_votes.UNMODERATED.name if moderated else _FAILED)]
    return columns[: len(first)] if 2 <= len(first) <= len(columns) else None


def _named(name: str, format_name: str) -> Reader:
    by_name = {reader.name: reader for reader in readers()}
    if format_name not in by_name:
        raise file_fault(name, f"there is no format {format_name!r}. Choose one of: {', '.join(by_name)}.")
    return by_name[format_name]


def _columns(names: Sequence[str]) -> str:
    listed = ", ".join(names)
    return f"the column {listed}" if len(names) == 1 else f"the columns {listed}"

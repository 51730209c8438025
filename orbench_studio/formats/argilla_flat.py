"""Argilla's flat tables: `label.responses`, `label.responses.users` and `.status`, as `to_datasets` writes them."""

import json
from collections.abc import Iterator
from typing import Any

from orbench_studio.formats.annotation_choices import Choice, bind
from orbench_studio.formats.argilla import is_submitted, values_of
from orbench_studio.formats.class_words import shortened
from orbench_studio.formats.mapping import ColumnMapping
from orbench_studio.formats.proposals import propose
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet
from orbench_studio.formats.records import RowError
from orbench_studio.formats.row_guard import nested
from orbench_studio.formats.tables import Cells

_RESPONSES = ".responses"


class _Flat(Reader):
    """Recognised by a column that ends in `.responses` with its `.users` beside it."""

    def recognises(self, header: Any) -> bool:
        return any(f"{name}.users" in header for name in header if name.endswith(_RESPONSES))


def _bind(sheet: Sheet) -> Bound:
    header = sheet.header
    questions = [
        (name.removesuffix(_RESPONSES), sheet.column(name), sheet.optional(f"{name}.users"),
         sheet.optional(f"{name}.status"))
        for name in header
        if name.endswith(_RESPONSES)
    ]  # fmt: skip
    plain = [name for name in header if "." not in name and name not in ("id", "status", "_server_id")]
    base = propose(plain).mapping or ColumnMapping()

    def choices(cells: Cells) -> Iterator[Choice]:
        for question, values, users, statuses in questions:
            of_users, states = (_list(cells[at]) if at is not None else [] for at in (users, statuses))
            for place, value in enumerate(_list(cells[values])):
                user = str(of_users[place]) if place < len(of_users) else "argilla"
                if is_submitted(sheet.tally, states[place] if place < len(states) else None):
                    yield from values_of(value, user, question)

    identity = [header.index(name) for name in dict.fromkeys(base.columns.values())]
    return bind(sheet, base, choices, identity or [0])


def _list(cell: str) -> list[Any]:
    """The list in a cell: JSON, or as Python writes it into CSV."""
    text = cell.strip()
    if not text:
        return []
    try:
        found = nested(text)
    except json.JSONDecodeError:
        if text.startswith("["):
            raise RowError(f"the list {shortened(text)} cannot be read") from None
        found = text
    return found if isinstance(found, list) else [found]


ARGILLA_FLAT = _Flat("argilla-flat", "Argilla table", ("*.responses", "*.responses.users"), _bind, keeps=True)

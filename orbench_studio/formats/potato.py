"""Potato's annotations: `annotated_instances.jsonl`, or a user's `user_state.json` with the file of the items."""

from collections.abc import Iterator, Mapping
from typing import Any

from orbench_studio.formats.annotation_choices import Choice, bind
from orbench_studio.formats.column_names import USUAL_NAMES
from orbench_studio.formats.json_table import Value, Window
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet
from orbench_studio.formats.records import RowFault
from orbench_studio.formats.row_guard import nested
from orbench_studio.formats.tables import Cells

_TEXTS = ColumnMapping(
    {
        Field.PROMPT: "displayed_text|request.prompt|request.text|request.question|request.instruction",
        Field.RESPONSE: "request.response|request.answer|request.completion|request.output",
        Field.MODEL: "|".join(f"request.{name}" for name in USUAL_NAMES[Field.MODEL]),
        Field.CATEGORY: "request.category",
    }
)
STATE = "instance_id_to_label_to_value"  # the part of a user's state that has the annotated items
_TICKED = (True, "true", "1", 1, "on")


def rows_of_state(window: Window, user: str) -> Iterator[Value | RowFault]:
    """The annotated items of a state that Potato saves for each user."""
    for part in window.names():
        if part != STATE:
            window.leave_out()
            continue
        for item in window.names():
            found = window.value()
            if isinstance(found, tuple):
                labels = {"instance_id": item, "user_id": user, "label_annotations": found[1]}
                found = (found[0], labels, *found[2:])
            yield found


def _bind(sheet: Sheet) -> Bound:
    instance, user, labels = map(sheet.column, ("instance_id", "user_id", "label_annotations"))

    def choices(cells: Cells) -> Iterator[Choice]:
        return _choices(nested(cells[labels]), cells[user])

    return bind(sheet, _TEXTS, choices, [instance, user])


def _choices(labels: Any, user: str) -> Iterator[Choice]:
    """The choices in `{schema: {name: value}}`, or in pairs of `{schema, name}` and value."""
    if isinstance(labels, Mapping):
        pairs = [(schema, name, value) for schema, of in labels.items() for name, value in _named(of)]
    else:
        pairs = [(pair[0].get("schema"), pair[0].get("name"), pair[1]) for pair in labels or ()]
    for schema, name, value in pairs:
        is_text = str(name).startswith("text") or str(name) == "free_response"
        if is_text or value in _TICKED:
            yield Choice(user, str(value if is_text else name), str(schema), is_text=is_text)
        elif value not in (False, "false", "", None):
            yield Choice(user, str(value), str(schema))


def _named(of: Any) -> list[tuple[str, Any]]:
    return list(of.items()) if isinstance(of, Mapping) else [("value", of)]


POTATO = Reader(
    "potato", "Potato annotations", ("instance_id", "user_id", "label_annotations"), _bind,
    joins="instance_id", joined="displayed_text", keeps=True,
)  # fmt: skip

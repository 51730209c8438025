"""The types of the rich form's columns in Parquet."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

_NUMBERS = ("source", "line", "part", "evidence_start", "evidence_end", "input_tokens", "output_tokens", "guideline")
_TRUTHS = ("simulated", "in_force")


def schema(columns: Sequence[str]) -> Any:
    """The schema of a file with these columns."""
    return pa.schema([(name, _NESTED[name] if name in _NESTED else _type(name)) for name in columns])


def _type(name: str) -> Any:
    if name in _NUMBERS:
        return pa.int64()
    return pa.bool_() if name in _TRUTHS else pa.string()


def _structs(names: str, **more: Any) -> Any:
    fields = [(name, _type(name)) for name in names.split()]
    return pa.list_(pa.struct([*fields, *more.items()]))


_VOTES = _structs("moderator verdict category explanation raw source line")
_JUDGEMENTS = _structs(
    "judge kind answer_class explanation evidence_start evidence_end raw template_hash source line id"
)
_ANNOTATIONS = _structs(
    "deed kind at annotator told guideline aspect value reason raw source line in_force",
    visible=pa.list_(pa.string()),
    undone=_structs("deed kind at annotator told"),
)
_RESPONSES = _structs(
    "model text stop_reason answer_class basis simulated error asked reference_class input_tokens output_tokens source "
    "line id",
    judgements=_JUDGEMENTS,
    votes=_VOTES,
    annotations=_ANNOTATIONS,
)
_NESTED = {"votes": _VOTES, "responses": _RESPONSES, "annotations": _ANNOTATIONS}

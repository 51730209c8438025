"""Read the tables of a workspace as Arrow tables, for data frames in notebooks."""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from orbench_studio.errors import StudioError
from orbench_studio.services.data.record_import import gc_paused
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.data import frames
from orbench_studio.store.data.frames import FRAMES, Kind

__all__ = ["FRAMES", "frame_columns", "read_frame"]

_TYPES: dict[Kind, Callable[[], Any]] = {
    Kind.TEXT: pa.string,
    Kind.CATEGORY: lambda: pa.dictionary(pa.int32(), pa.string()),
    Kind.INTEGER: pa.int64,
    Kind.FLOAT: pa.float64,
    Kind.BOOLEAN: pa.bool_,
    Kind.TIME: lambda: pa.timestamp("us", tz="UTC"),
}


def frame_columns(name: str) -> dict[str, str]:
    """The columns of a frame with the kind of their values: text, category, integer, float, boolean or time."""
    return {column: str(spec.kind) for column, spec in FRAMES[name].columns.items()}


def read_frame(workspace: Workspace, name: str, query: str = "", columns: Sequence[str] | None = None) -> Any:
    """Read one of the frames `prompts`, `votes`, `responses`, `judgements`, `annotations`, `journal` and `batches`.

    `query` selects prompts; a QueryError if it is invalid, a StudioError for an unknown column. Returns a pyarrow
    Table, in the order in which the rows were added.
    """
    spec = FRAMES[name].columns
    chosen = list(spec) if columns is None else list(dict.fromkeys(columns))
    unknown = [column for column in chosen if column not in spec]
    if unknown:
        raise StudioError(f"{name} has no column {', '.join(map(repr, unknown))}. Columns: {', '.join(spec)}.")
    schema = pa.schema([(column, _TYPES[spec[column].kind]()) for column in chosen])
    with gc_paused(), workspace.reading() as db:
        parts = [_batch(schema, values) for values in frames.batches(db, name, chosen, query)]
    return pa.Table.from_batches(parts, schema).unify_dictionaries()


def _batch(schema: Any, values: Sequence[Sequence[Any]]) -> Any:
    arrays = [_array(field.type, of) for field, of in zip(schema, values, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(kind: Any, values: Sequence[Any]) -> Any:
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind)

"""Read the tables of a workspace as Arrow tables, for data frames in notebooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from orbench_studio.errors import StudioError
from orbench_studio.services.data.record_import import gc_paused
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.data import frames
from orbench_studio.store.data.frame_blocks import Block
from orbench_studio.store.data.frames import FRAMES, Column, Kind

if TYPE_CHECKING:
    from sqlalchemy import Connection

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

    `query` selects prompts. Raises a StudioError if it is invalid, and for an unknown column. Returns a pyarrow Table,
    in the order in which the rows were added.
    """
    known = FRAMES[name].columns
    chosen = list(known) if columns is None else [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
    if not chosen:
        raise StudioError(f"Name at least one column. Columns: {', '.join(known)}.")
    unknown = [column for column in chosen if column not in known]
    if unknown:
        raise StudioError(f"{name} has no column {', '.join(map(repr, unknown))}. Columns: {', '.join(known)}.")
    schema = pa.schema([(column, _TYPES[known[column].kind]()) for column in chosen])
    with gc_paused(), workspace.reading() as db:
        reads = [_reader(db, known[column], field.type) for column, field in zip(chosen, schema, strict=True)]
        parts = []
        for batch in frames.batches(db, name, chosen, query):
            values = {source: _of_block(part) if isinstance(part, Block) else part for source, part in batch.items()}
            parts.append(pa.RecordBatch.from_arrays([read(values) for read in reads], schema=schema))
    return pa.Table.from_batches(parts, schema).unify_dictionaries()


def _reader(db: Connection, column: Column, kind: Any) -> Callable[[Mapping[Any, Any]], Any]:
    """A function that makes the array of a column from the values of a batch of rows, by their sources."""
    if column.lookup is None:
        return lambda values: _array(kind, values[column.source])
    table = frames.lookup(db, column.lookup)
    return lambda values: _look_up(kind, table, _array(pa.int64(), values[column.source]))


def _look_up(kind: Any, table: Mapping[int, Any], ids: Any) -> Any:
    """The values of these ids, with only those in the dictionary that occur."""
    encoded = ids.dictionary_encode()
    return _array(kind, [table[row_id] for row_id in encoded.dictionary.to_pylist()]).take(encoded.indices)


def _array(kind: Any, values: Any) -> Any:
    if pa.types.is_dictionary(kind):
        return _array(pa.string(), values).dictionary_encode()
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def _of_block(block: Block) -> Any:
    """The texts or the numbers of a block."""
    if block.numbers is None:
        return pa.nulls(block.rows)
    numbers = _numbers(block.rows, block.numbers)
    return numbers if block.texts is None else _texts(block.rows, numbers, block.texts)


def _numbers(rows: int, lines: bytes) -> Any:
    lines += b"\n"
    whole = csv.ReadOptions(column_names=["number"], use_threads=False, block_size=len(lines))
    parsing, types = csv.ParseOptions(ignore_empty_lines=False), csv.ConvertOptions(column_types={"number": pa.int64()})
    numbers = csv.read_csv(pa.py_buffer(lines), whole, parsing, types).column(0).combine_chunks()
    if len(numbers) != rows:
        raise ValueError("a value of a column of integers is not an integer")
    return numbers


def _texts(rows: int, sizes: Any, texts: bytes) -> Any:
    """The texts of these sizes in bytes, without copying them."""
    offsets = np.zeros(rows + 1, np.int32)
    np.cumsum(sizes.fill_null(0).to_numpy(), out=offsets[1:])
    valid = sizes.is_valid().buffers()[1] if sizes.null_count else None
    array = pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(texts), valid)
    array.validate(full=True)  # others may have written bytes that are no text
    return array

"""Parquet, batch by batch. There are no lines in it: a row's line is its number."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orbench_studio.errors import DAMAGE, explained, reason_of
from orbench_studio.formats.byte_source import CHUNK, MAX_FIELD, empty_file, field_too_large, file_fault, require_ratio
from orbench_studio.formats.json_table import as_text
from orbench_studio.formats.records import RowFault
from orbench_studio.formats.tables import Cells, NestedCell, Row, Table, unstorable

_MOST_ROWS = 2048  # read together,
_TOGETHER = 8_000_000  # and bytes of them on the average


def open_parquet(path: Path) -> Table:
    """A table of every column's values as texts."""
    import pyarrow.parquet

    with _explained(path.name, "it is not a readable Parquet file ({}). Copy or create it again."):
        file = pyarrow.parquet.ParquetFile(path)
        of, names = file.metadata, list(file.schema_arrow.names)
        texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        size = sum(of.row_group(group).total_byte_size for group in range(of.num_row_groups))
        file.close()
    if not names or of.num_rows == 0:
        raise empty_file(path.name)
    require_ratio(path.name, path.stat().st_size, size)
    # What is said once in the file, and a million times in its rows, is once in memory.
    file = pyarrow.parquet.ParquetFile(path, read_dictionary=texts, buffer_size=CHUNK)
    together = max(1, min(_MOST_ROWS, _TOGETHER * of.num_rows // max(size, 1)))
    bound: set[int] = set()
    return Table((1, names), _parts(file, path, names, bound, together), bound)


def open_arrow(path: Path, *, is_file: bool) -> Table:
    """A table of an Arrow stream, as Hugging Face's `save_to_disk` writes it, or of an Arrow (Feather) file."""
    import pyarrow

    with _explained(path.name, "it is not a readable Arrow file ({}). Copy or create it again."):
        source = pyarrow.memory_map(str(path))
        reader = pyarrow.ipc.open_file(source) if is_file else pyarrow.ipc.open_stream(source)
        names = list(reader.schema.names)
        batches = map(reader.get_batch, range(reader.num_record_batches)) if is_file else iter(reader)
        parts = (batch.slice(at, _MOST_ROWS) for batch in batches for at in range(0, batch.num_rows, _MOST_ROWS))
    if not names:
        raise empty_file(path.name)
    bound: set[int] = set()
    return Table((1, names), _rows(parts, path, names, bound), bound)


@contextmanager
def _explained(name: str, message: str, line: Callable[[], int | None] = lambda: None) -> Iterator[None]:
    """The guard around the library, which has errors of its own; `message` has a place for the reason."""
    import pyarrow

    def fault(reason: str) -> Exception:
        return file_fault(name, message.format(reason.splitlines()[0]), line())

    with explained(fault):
        try:
            yield
        except (pyarrow.ArrowException, OSError) as error:
            raise fault(reason_of(error)) from None


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind))


def _parts(file: Any, path: Path, columns: Cells, bound: AbstractSet[int], together: int) -> Iterator[Row | RowFault]:
    with file:
        yield from _rows(file.iter_batches(batch_size=together), path, columns, bound)


def _rows(batches: Iterable[Any], path: Path, columns: Cells, bound: AbstractSet[int]) -> Iterator[Row | RowFault]:
    number = size = 0
    packed = path.stat().st_size
    with _explained(path.name, "the file is damaged ({}). Write it again.", lambda: number + 1):
        for batch in batches:
            features = _features(batch.schema.metadata or {})
            named = [_texts(column, features.get(name)) for name, column in zip(columns, batch.columns, strict=True)]
            for texts in zip(*named, strict=True):
                number += 1
                lengths = [len(text) for text in texts if text]
                size += sum(lengths)
                if max(lengths, default=0) > MAX_FIELD:
                    raise field_too_large(path.name, number)
                require_ratio(path.name, packed, size)
                yield _row(number, texts, columns, bound)


def _row(number: int, texts: Sequence[str | None], columns: Cells, bound: AbstractSet[int]) -> Row | RowFault:
    cells = []
    for at, text in enumerate(texts):
        reason = f"the value of {columns[at]} is not text" if text is None else unstorable([text])
        if reason and at in bound:
            return RowFault(number, reason)
        cells.append("" if text is None or reason else text)
    return number, cells


def _features(metadata: Mapping[bytes, bytes]) -> Mapping[str, Any]:
    """The columns whose numbers have names, as Hugging Face's `datasets` describes them in the schema."""
    try:
        found = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {name: feature for name, feature in found.items() if '"ClassLabel"' in json.dumps(feature)}
    except DAMAGE:
        return {}


def _named(value: Any, feature: Any) -> Any:
    """The value with names in the place of numbers; -1 is no value."""
    if isinstance(value, list):
        of = feature[0] if isinstance(feature, list) else feature.get("feature", feature)
        return [_named(one, of) for one in value]
    if isinstance(value, dict):
        return {name: _named(inner, feature.get(name, {})) for name, inner in value.items()}
    names = feature.get("names", ()) if feature.get("_type") == "ClassLabel" else ()
    return names[value] if names and value in range(len(names)) else None if names and value == -1 else value


def _texts(column: Any, feature: Any = None) -> list[str | None]:
    """The values of a column as texts; None for what cannot be one. `feature` has the names of its numbers."""
    import pyarrow
    from pyarrow import types

    try:
        if types.is_dictionary(column.type):
            used = column.indices.drop_null().unique()
            values = dict(zip(used.to_pylist(), _texts(column.dictionary.take(used)), strict=True))
            return [values.get(at, "") for at in column.indices.to_pylist()]
        if types.is_timestamp(column.type) and column.type.tz is not None:
            # The same moment in UTC, whether or not this computer knows the zone.
            column = column.cast(pyarrow.timestamp(column.type.unit, "UTC"))
        if types.is_temporal(column.type) or types.is_decimal(column.type):
            column = column.cast(pyarrow.string())
        found = column.to_pylist()
        if types.is_map(column.type):  # pairs of a name and a value
            found = [dict(pairs) if pairs and len(dict(pairs)) == len(pairs) else pairs for pairs in found]
        return [_text(value if feature is None else _named(value, feature)) for value in found]
    except (pyarrow.ArrowException, *DAMAGE):
        return [_told(value, feature) for value in column]


def _told(scalar: Any, feature: Any) -> str | None:
    """One value of a column in which Python cannot hold every one."""
    import pyarrow

    try:
        return _text(scalar.as_py() if feature is None else _named(scalar.as_py(), feature))
    except (pyarrow.ArrowException, *DAMAGE):
        return None


def _text(value: object) -> str | None:
    try:
        if isinstance(value, bytes):
            return value.decode()
        if isinstance(value, dict | list):
            return NestedCell(json.dumps(value, ensure_ascii=False, default=_nested))
    except UnicodeDecodeError:
        return None
    return as_text(value)


def _nested(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)

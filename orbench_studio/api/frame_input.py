"""Check data frames and options that users pass in, before anything is read from them or written."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orbench_studio.api.audit_frames import one_of
from orbench_studio.errors import FileFaultError, StudioError, reason_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    import pandas as pd

    from orbench_studio.services.data.import_files import ColumnMapping, ReadOptions

_ADVICE = {
    "value": "Pass meanings={'VALUE': 'MEANING'}.",
    "header": "Pass header=LINE, or header=0 if it has none.",
    "rows": "Pass rows='PATH'.",
    "requests": "Pass requests='FILE'.",
    "joined_by": "Pass joined_by='COLUMN=COLUMN'.",
    "format": "Read it with pandas, and import the data frame with import_frame.",
}
_LONGEST_NAME = 100  # characters
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


def require_frame(frame: Any) -> pd.DataFrame:
    """The data frame; a StudioError for another object, for several levels of columns, and for equal names."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise StudioError(f"A pandas DataFrame is needed, not {type(frame).__name__}. Make one with pd.DataFrame(…).")
    if frame.columns.nlevels > 1:
        raise StudioError(
            "The columns of the data frame have several levels. Join them first: "
            "frame.columns = ['_'.join(map(str, name)) for name in frame.columns]."
        )
    return frame


def read_options(options: Mapping[str, Any]) -> ReadOptions:
    """The options of an import; a StudioError names an unknown one."""
    from orbench_studio.services.data.import_files import Fault, ReadOptions

    known = [field.name for field in fields(ReadOptions) if field.name != "mapping"]
    if unknown := [name for name in options if name not in known]:
        raise StudioError(f"Unknown option {', '.join(map(repr, unknown))}. Options: {', '.join(known)}.")
    read = ReadOptions(**options)
    mend = frozenset(one_of(Fault, fault, "mend") for fault in read.mend)
    return replace(read, mend=mend, requests=Path(read.requests) if read.requests else None)


@contextmanager
def import_advice() -> Iterator[None]:
    """Add to the error of an import the option that gives what the file lacks."""
    try:
        yield
    except FileFaultError as error:
        if not error.wants:
            raise
        advice = _ADVICE.get(error.wants) or f"Pass {error.wants}='NAME'."
        raise FileFaultError(f"{error} {advice}", error.wants) from error


def mapping_of(frame: pd.DataFrame, columns: Mapping[str, Hashable]) -> ColumnMapping:
    """The mapping of fields to columns of the frame; a StudioError names a field or a column that is not there."""
    from orbench_studio.services.data.import_files import ColumnMapping, Field

    known = list(Field)
    for field in columns:
        if field not in known:
            turned = " Write each field before its column." if {*map(str, columns.values())} & {*known} else ""
            raise StudioError(f"{field!r} is not a field.{turned} Fields: {', '.join(known)}.")
    if Field.PROMPT not in columns:
        raise StudioError("No column is matched to the field 'prompt'. Name it: columns={'prompt': …}.")
    require_different(frame, columns.values())
    for column in columns.values():
        _require_column(frame, _column_of(frame, column))
    return ColumnMapping({Field(field): str(column) for field, column in columns.items()})


def write_parquet(frame: pd.DataFrame, columns: Mapping[str, Hashable], folder: Path, name: str) -> Path:
    """Write the matched columns to a file of this name; a StudioError names a column that cannot be written."""
    if not name.strip() or len(name) > _LONGEST_NAME or _NOT_IN_NAMES.search(name):
        raise StudioError(
            f"{name[:_LONGEST_NAME]!r} cannot be the name of a source. Use 1 to {_LONGEST_NAME} characters, but none "
            'of < > : " / \\ | ? *.'
        )
    import pyarrow as pa
    from pyarrow import parquet

    if frame.empty:
        raise StudioError("The data frame has no rows. Nothing was imported.")
    arrays = {}
    for column in dict.fromkeys(_column_of(frame, path) for path in columns.values()):
        try:
            arrays[str(column)] = pa.Array.from_pandas(frame[column])
        except (pa.ArrowException, ValueError) as error:
            raise StudioError(
                f"The values of the column {column!r} cannot be read: {reason_of(error)}. Give them one type, for "
                f"example with frame[{column!r}].astype('str')."
            ) from error
    file = folder / f"{name}.parquet"
    parquet.write_table(pa.table(arrays), file)
    return file


def require_different(frame: pd.DataFrame, columns: Iterable[Hashable]) -> None:
    """Raise a StudioError if several columns of the frame have one of these names."""
    names: list[Any] = list(frame.columns)
    for column in columns:
        if names.count(column) > 1:
            raise StudioError(f"The data frame has {names.count(column)} columns named {column!r}. Rename one of them.")


def _column_of(frame: pd.DataFrame, path: Hashable) -> Hashable:
    """The column that a path such as `answer.text` begins with; the path itself if there is none."""
    steps = path.split(".") if isinstance(path, str) else []
    paths = (path, *(".".join(steps[:count]) for count in range(len(steps) - 1, 0, -1)))
    return next((column for column in paths if column in frame.columns), path)


def _require_column(frame: pd.DataFrame, column: Hashable) -> None:
    if column in frame.columns:
        return
    if column in frame.index.names:
        raise StudioError(f"{column!r} is in the index of the data frame. Make it a column: frame.reset_index().")
    known = ", ".join(map(repr, frame.columns))
    raise StudioError(f"The data frame has no column {column!r}. Columns: {known or 'none'}.")

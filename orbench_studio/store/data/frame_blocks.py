"""Read columns of a workspace's file in blocks: the values of a column in one piece, without an object for each."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    LargeBinary,
    Select,
    String,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)

ROWS = 10_000  # in one block: SQLite's texts have at most 1 GB, so those of a block 100 kB on average
_END_OF_LINE: ColumnElement[str] = literal_column("'\n'")
_NOTHING: ColumnElement[str] = literal_column("''")


@dataclass(frozen=True, slots=True)
class Block:
    """The values of a column in a block of rows.

    `numbers` has a line for each row: the number, or the size of the text in bytes; empty without a value. `texts` has
    the texts one after the other. Both are missing if no row has a value.
    """

    rows: int
    numbers: bytes | None = None
    texts: bytes | None = None


def read_blocks(
    db: Connection,
    tables: FromClause,
    row_id: ColumnElement[int],
    sources: Sequence[ColumnElement[Any]],
    matching: Select[Any] | None,
) -> Iterator[dict[ColumnElement[Any], Block]]:
    """Read these columns in the order of the rows' ids; with `matching`, only the rows whose ids it selects.

    `row_id` is the primary key of the first of the tables: SQLite looks the rows up by it, in its order. A column is
    read from the first block on in which it has a value; most columns of a table have none.
    """
    within = select(func.count()).select_from(tables).where(row_id.between(bindparam("first"), bindparam("last")))
    if matching is not None:
        chosen = func.json_each(bindparam("ids", type_=String)).table_valued("value")
        within = within.where(row_id.in_(select(chosen.c.value)))
    present: dict[ColumnElement[Any], int] = {}  # columns with the number of their pieces
    absent: list[ColumnElement[Any]] = list(sources)
    reading: Select[Any] = within
    for part in _parts(db, row_id, matching):
        counts = db.execute(within.add_columns(*map(func.count, absent)), part).one()[1:] if absent else ()
        if any(counts):
            new = [source for source, count in zip(absent, counts, strict=True) if count]
            present |= {source: len(_pieces(source)) for source in new}
            absent = [source for source in absent if source not in present]
            reading = within.add_columns(*(piece for source in present for piece in _pieces(source)))
        rows, *pieces = db.execute(reading, part).one()
        if rows:
            values = (piece or b"" for piece in pieces)
            read = {source: Block(rows, *islice(values, count)) for source, count in present.items()}
            yield {source: read.get(source, Block(rows)) for source in sources}


def is_text(source: ColumnElement[Any]) -> bool:
    """Whether the values of a column are texts; they are integers otherwise."""
    return not isinstance(source.type, Integer | Boolean)


def _parts(db: Connection, row_id: ColumnElement[int], matching: Select[Any] | None) -> Iterator[dict[str, Any]]:
    if matching is None:
        first, last = db.execute(select(func.min(row_id), func.max(row_id))).one()
        for start in range(first, last + 1, ROWS) if last is not None else ():
            yield {"first": start, "last": start + ROWS - 1}
        return
    ids = db.execute(matching).scalars().all()
    for start in range(0, len(ids), ROWS):
        some = ids[start : start + ROWS]
        yield {"first": some[0], "last": some[-1], "ids": json.dumps(list(some))}


def _pieces(source: ColumnElement[Any]) -> tuple[ColumnElement[bytes], ...]:
    if not is_text(source):
        return (_joined(func.coalesce(source, _NOTHING), _END_OF_LINE),)
    size = func.length(cast(source, LargeBinary))
    return _joined(func.coalesce(size, _NOTHING), _END_OF_LINE), _joined(source, _NOTHING)


def _joined(values: ColumnElement[Any], separator: ColumnElement[str]) -> ColumnElement[bytes]:
    return cast(func.group_concat(values, separator), LargeBinary)

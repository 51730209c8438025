"""What judges and moderators state again after something else: stored once more, because the latest counts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table

from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.services.data.row_merge import RecordPlace, RowMerge
from orbench_studio.store.core.tables import JUDGEMENTS
from orbench_studio.store.data import known_records
from orbench_studio.store.data.known_records import Key

Row = Mapping[str, Any]


def identity(table: Table, row: Row) -> bytes:
    """What distinguishes the statements in the rows of a table about one subject: those of one content are the same."""
    if table is JUDGEMENTS:
        return text_identity(row["answer_class"], row["raw"] or row["explanation"])
    return text_identity(row["verdict"], row["category"] or "", row["raw"], str(row["response_id"]))


def repeated(identity: bytes, number: int) -> bytes:
    """The identity of the n-th statement of one content about a subject."""
    return identity if number == 1 else text_identity(identity.hex(), str(number))


class Restatements:
    """The statements of a file that repeat one that is there, where a file has a later one about the same subject."""

    def __init__(self, merge: RowMerge, table: Table, columns: Sequence[str]) -> None:
        """`columns` are those of the key with the identity, which is the last."""
        self._merge, self._table, self._columns = merge, table, columns
        self._subject = known_records.subject_columns(table)
        self._pending: dict[Key, tuple[RecordPlace, dict[str, Any]]] = {}

    def add(self, places: Sequence[RecordPlace], ids: Sequence[int], first_new: int, row: Callable[[int], Row]) -> None:
        """Look at statements that were merged; `first_new` is the first id of those that are new."""
        there = set[int]()
        for at, (place, row_id) in enumerate(zip(places, ids, strict=True)):
            is_repeated = row_id < first_new or row_id in there
            there.add(row_id)
            if is_repeated or self._pending:
                values = dict(row(at))
                subject = tuple(values[name] for name in self._subject)
                if is_repeated or subject in self._pending:
                    self._pending[subject] = place, values
        latest = self._latest(self._merge.db)
        for subject in [
            of for of, (_, values) in self._pending.items() if latest.get(of) in (None, self._content(values))
        ]:
            del self._pending[subject]

    def finish(self) -> None:
        """Store those again that another one replaced."""
        db, pending = self._merge.db, list(self._pending.values())
        counts = known_records.stated(db, self._table, self._pending)
        for (_, values), subject in zip(pending, self._pending, strict=True):
            same = [row for row in counts.get(subject, ()) if self._content(row) == self._content(values)]
            values["identity"] = repeated(self._content(values), 1 + len(same))
        keys = [tuple(values[name] for name in self._columns) for _, values in pending]
        origins = [(place.record, place.line, None) for place, _ in pending]
        self._merge.merge(
            self._table, origins, keys, {}, lambda at: dict(pending[at][1]), [place for place, _ in pending]
        )
        self._pending.clear()

    def _latest(self, db: Connection) -> dict[Key, bytes]:
        found = known_records.stated(db, self._table, self._pending)
        return {subject: self._content(rows[-1]) for subject, rows in found.items()}

    def _content(self, row: Row) -> bytes:
        return identity(self._table, row)

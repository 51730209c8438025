"""The file of the requests that the rows of a file answer: its columns are read like those of the file itself."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.byte_source import file_fault
from orbench_studio.formats.class_words import shortened, word
from orbench_studio.formats.reader_interface import REQUEST, Reader, ReadOptions
from orbench_studio.formats.records import RowFault
from orbench_studio.formats.table_kind import opened
from orbench_studio.formats.tables import Cells, Row
from orbench_studio.formats.tally import Tally

_KEYS = ("custom_id", "question_id", "id", "key")  # columns by which results name their requests,
_KEY_ENDINGS = ("_id", "_key", "uid")  # and others


class Requests:
    """The rows of a file of requests by their keys.

    `columns` are its columns, whose names begin with `request.`; `key` is the one by which results name them.
    """

    def __init__(self, path: Path, header: Sequence[str], keys: Sequence[str]) -> None:
        """`keys` are the columns of the results that may name their requests.

        Raises FileFaultError for two requests with the same key.
        """
        self._by_key: dict[str, Cells] = {}
        self._unread = 0
        with opened(path, ReadOptions()) as (file, table):
            self.name = file.name
            names = table.header(file.name)
            by_name = {word(name): name for name in reversed(names)}
            by = next((name for name in (*keys, *_KEYS) if word(name) in by_name), None)
            if by is None:
                raise file_fault(file.name, f"it has no column {keys[0]}, by which the results name their requests.")
            key = by_name[word(by)]
            at = names.index(key)
            with file.explained():
                for row in table.rows:
                    if isinstance(row, RowFault):
                        self._unread += 1
                    elif self._by_key.setdefault(row[1][at], row[1]) != row[1]:
                        raise file_fault(file.name, f"two rows have the {key} {shortened(row[1][at])}.", row[0])
            self._doubts = [f"{file.name}: {doubt}" for doubt in (*table.doubts, *file.doubts)]
            self._notes = {f"{file.name}: {note}": count for note, count in (table.notes | file.notes).items()}
        self._at = header.index(by if by in keys else keys[0])
        self.columns = tuple(name and f"{REQUEST}.{name}" for name in names)
        self.key = f"{REQUEST}.{key}"

    def joined(self, rows: Iterator[Row | RowFault], tally: Tally) -> Iterator[Row | RowFault]:
        """The rows with the cells of their requests; `tally` gets what there is to say about the requests."""
        tally.doubts += self._doubts
        tally.notes.update(self._notes)
        if self._unread:
            tally.notes[f"requests in {self.name} that cannot be read"] = self._unread
        answered = set[str]()
        for row in rows:
            if isinstance(row, RowFault):
                yield row
            elif (request := self._by_key.get(key := row[1][self._at])) is None:
                yield RowFault(row[0], f"{self.name} has no request {shortened(key)}")
            else:
                answered.add(key)
                yield row[0], [*row[1], *request]
        if unanswered := len(self._by_key) - len(answered):
            tally.notes[f"requests in {self.name} that no row answers (they are not imported)"] = unanswered


def requests_of(name: str, reader: Reader, header: Sequence[str], path: Path | None) -> Requests | None:
    """The requests that the rows of a file with this header answer; None if the user names no file of requests."""
    if path is None:
        if reader.joins and reader.joined not in header:
            text = f"{name}: its prompts are in the requests file (joined by {reader.joins}). Name that file."
            raise FileFaultError(text, wants="requests")
        return None
    by_name = {word(column): column for column in reversed(header)}
    others = [column for of, column in by_name.items() if of not in _KEYS and of.endswith(_KEY_ENDINGS)]
    keys = [reader.joins] if reader.joins else [by_name[of] for of in _KEYS if of in by_name] + others
    if not keys:
        raise file_fault(name, f"it has none of the columns {', '.join(_KEYS)}, so it cannot be joined to requests.")
    return Requests(path, header, keys)

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

_KEYS = ("custom_id", "question_id")  # columns by which results name their requests,
_KEY_ENDINGS = ("_id", "_key", "uid")  # and others,
_OWN_KEYS = ("id", "key")  # unless these are the same in both files
_NAMING = frozenset({"prompt_id", "request_id", "question_id", "prompt_key", "request_key", "prompt_uid"})
"""Columns of results that name the `id` of a request, though the results have an `id` of their own."""


class Requests:
    """The rows of a file of requests by their keys.

    `columns` are its columns, whose names begin with `request.`; `key` is the one by which results name them.
    """

    def __init__(self, path: Path, header: Sequence[str], joins: str) -> None:
        """`joins` is the column of the results that names their requests, if their format says so.

        Raises FileFaultError for two requests with the same key.
        """
        self._unread = 0
        found: list[Row] = []
        with opened(path, ReadOptions()) as (file, table):
            self.name = file.name
            names = table.header(file.name)
            pairs = _pairs(header, names, joins)
            if not pairs:
                own = joins or next((of for of in header if word(of) in (*_KEYS, *_OWN_KEYS) or _is_key(of)), "id")
                raise file_fault(file.name, f"it has no column {own}, by which the results name their requests.")
            with file.explained():
                for row in table.rows:
                    self._unread += isinstance(row, RowFault)
                    found += [] if isinstance(row, RowFault) else [row]
            self._doubts = [f"{file.name}: {doubt}" for doubt in (*table.doubts, *file.doubts)]
            self._notes = {f"{file.name}: {note}": count for note, count in (table.notes | file.notes).items()}
        by, key = next((pair for pair in pairs if _twice(found, names.index(pair[1])) is None), pairs[0])
        if (twice := _twice(found, names.index(key))) is not None:
            raise file_fault(self.name, f"two rows have the {key} {shortened(twice[1][names.index(key)])}.", twice[0])
        self._by_key = {row[1][names.index(key)].strip(): row[1] for row in found}
        self._at = header.index(by)
        self.columns = tuple(name and f"{REQUEST}.{name}" for name in names)
        self.key = f"{REQUEST}.{key}"
        self._joined = f"rows joined to {self.name} by {by}" + (f" = {self.key}" if by != key else "")

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
            elif (request := self._by_key.get(key := row[1][self._at].strip())) is None:
                yield RowFault(row[0], f"{self.name} has no request {shortened(key)}")
            else:
                answered.add(key)
                tally.notes[self._joined] += 1
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
    if not reader.joins and not any(word(column) in _OWN_KEYS or _is_key(column) for column in header):
        names = ", ".join((*_KEYS, *_OWN_KEYS))
        raise file_fault(name, f"it has none of the columns {names}, so it cannot be joined to requests.")
    return Requests(path, header, reader.joins)


def _is_key(column: str) -> bool:
    return word(column).endswith(_KEY_ENDINGS)


def _pairs(header: Sequence[str], names: Sequence[str], joins: str) -> list[tuple[str, str]]:
    """The columns of results that may name their requests, each with that of the requests, the likeliest first."""
    of, there = ({word(name): name for name in reversed(each) if name} for each in (header, names))
    first = [word(joins)] if joins else []
    same = [*first, *_KEYS, *(name for name in of if name not in _OWN_KEYS and _is_key(name))]
    pairs = [(of[name], there[name]) for name in same if name in of and name in there]
    naming = [name for name in of if name in {*first, *_NAMING}]
    own = [name for name in _OWN_KEYS if name in there]
    pairs += [(of[name], there[key]) for name in naming for key in own if name not in there]
    pairs += [(of[name], there[name]) for name in own if name in of]
    others = [name for name in of if _is_key(name) or name in _OWN_KEYS]
    pairs += [(of[name], there[key]) for name in others for key in (*_KEYS, *own) if key in there]
    return list(dict.fromkeys(pairs))


def _twice(rows: Sequence[Row], at: int) -> Row | None:
    """The first row with the key of an earlier one that is another."""
    seen: dict[str, Cells] = {}
    return next((row for row in rows if seen.setdefault(row[1][at].strip(), row[1]) != row[1]), None)

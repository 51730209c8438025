"""The file of the requests that the rows of a file answer: its columns are read like those of the file itself."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.byte_source import Progress, file_fault
from orbench_studio.formats.class_words import shortened, word
from orbench_studio.formats.reader_interface import REQUEST, Reader, ReadOptions
from orbench_studio.formats.records import RowFault
from orbench_studio.formats.table_kind import opened
from orbench_studio.formats.tables import Row, listing, within_names
from orbench_studio.formats.tally import Tally

_KEYS = ("custom_id", "question_id", "id", "key", "index", "idx")  # columns by which results name their requests,
_KEY_ENDINGS = ("_id", "_key", "uid", "_index", "_idx")  # and others
_CAMEL_ENDING = re.compile("[a-z](?:I[Dd]|Key|Index)$")
_ABLE = 0.9  # the share of the rows that the best pair of columns joins, from which another may be the right one
_WANTS = "joined_by"
_Places = tuple[dict[str, int], int, dict[str, int]]
AllCells = Callable[[], Iterable[Sequence[str]]]


@dataclass(slots=True)
class _Pair:
    """A column of the results and one of the requests that may have the same keys.

    `places` are those of the requests, by key, and `unnamed` are without one; `repeated` has the first line of each key
    that several requests have. Requests that differ only in such columns are the same.
    """

    column: str
    key: str
    at: int
    places: dict[str, int]
    unnamed: int
    repeated: dict[str, int]
    joined: int = 0

    @property
    def is_key(self) -> bool:
        """Whether half of the keys, or more, name one request."""
        return 2 * len(self.repeated) <= len(self.places)

    @property
    def is_of_one_name(self) -> bool:
        return word(self.column) == word(self.key)

    def __str__(self) -> str:
        return self.column if self.is_of_one_name else f"{self.column}={self.key}"


class Requests:
    """The rows of a file of requests by their keys.

    `columns` are its columns, whose names begin with `request.`; `key` is the one by which results name them.
    """

    def __init__(
        self,
        path: Path,
        header: Sequence[str],
        joins: str,
        rows: AllCells,
        joined_by: str | None,
        on_progress: Progress | None = None,
    ) -> None:
        """`header` and `rows` are those of the results; `joins` is the column by which their format names requests.

        Raises FileFaultError where no columns, or several pairs of columns, may join the two files.
        """
        self._requests: list[Row] = []
        self._by_key: dict[str, _Places] = {}
        self._unread = 0
        with opened(path, ReadOptions(), on_progress) as (file, table):
            self.name = file.name
            self._names = table.header(file.name)
            with file.explained():
                for row in within_names(table, self._names):
                    if isinstance(row, RowFault):
                        self._unread += 1
                    else:
                        self._requests.append(row)
            self._doubts = [f"{file.name}: {doubt}" for doubt in (*table.doubts, *file.doubts)]
            self._notes = {
                f"{file.name}: {note}": count for note, count in (table.notes | file.notes | table.passed).items()
            }
        self._pair = self._chosen(self._pairs(header, joins, joined_by), rows, joins)
        self.columns = tuple(name and f"{REQUEST}.{name}" for name in self._names)
        self.key = f"{REQUEST}.{self._pair.key}"

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
                continue
            key = _key(row[1][self._pair.at])
            if key not in self._pair.places:
                yield RowFault(row[0], f"{self.name} has no request {shortened(key)} ({self._pair})")
            else:
                answered.add(key)
                tally.notes[f"rows joined to {self.name} by {self._pair}"] += 1
                yield row[0], [*row[1], *self._requests[self._pair.places[key]][1]]
        if unanswered := len(self._pair.places) - len(answered) + self._pair.unnamed:
            tally.notes[f"requests in {self.name} that no row answers (they are not imported)"] = unanswered

    def joined_cells(self, rows: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
        """The cells of the rows that have a request, with those of the request."""
        joined = self.joined(((0, list(row)) for row in rows), Tally())
        return [tuple(row[1]) for row in joined if not isinstance(row, RowFault)]

    def _pairs(self, header: Sequence[str], joins: str, joined_by: str | None) -> list[_Pair]:
        """The pairs of columns that may join the files: those of one name first."""
        of_results = {word(name): name for name in reversed(header) if name}
        of_requests = {word(name): name for name in reversed(self._names) if name}
        if joined_by is not None:
            column, _, key = joined_by.partition("=")
            return [self._pair_of(header, self._column(column, header), self._column(key or column, self._names))]
        columns = list(dict.fromkeys([joins, *_keys(of_results)] if joins else _keys(of_results)))
        keys = _keys(of_requests)
        if not columns or not (keys or joins in self._names):
            which = f"{self.name} has" if columns else "The results have"
            text = f"{which} no column that names the requests, such as {', '.join(_KEYS)}"
            raise FileFaultError(f"{self.name}: it cannot be joined to the results. {text}.", wants=_WANTS)
        pairs = []
        for column in columns:
            same = of_requests.get(word(column))
            others = [key for key in keys if key != same]
            pairs += [self._pair_of(header, column, key) for key in ([same] if same else []) + others]
        return sorted(pairs, key=lambda pair: (pair.column != joins, not pair.is_of_one_name))

    def _column(self, name: str, header: Sequence[str]) -> str:
        if name not in header:
            raise file_fault(self.name, f"no column {name} joins it. The columns are {listing(header)}.")
        return name

    def _pair_of(self, header: Sequence[str], column: str, key: str) -> _Pair:
        if key not in self._by_key:
            at = self._names.index(key)
            places: dict[str, int] = {}
            unnamed, repeated = 0, dict[str, int]()
            keys = {"", key, *_keys({word(name): name for name in self._names})}
            content = [place for place, name in enumerate(self._names) if name not in keys]
            for place, (line, cells) in enumerate(self._requests):
                value = _key(cells[at])
                unnamed += not value
                first = self._requests[places.setdefault(value, place)][1] if value else cells
                if first is not cells and any(first[part] != cells[part] for part in content):
                    repeated.setdefault(value, line)
            self._by_key[key] = places, unnamed, repeated
        return _Pair(column, key, header.index(column), *self._by_key[key])

    def _chosen(self, pairs: Sequence[_Pair], rows: AllCells, joins: str) -> _Pair:
        """The pair of columns whose values are the same, of which each names one request: that of the format first."""
        if len(pairs) == 1:
            return self._unique(pairs[0])
        differing = set[tuple[str, str]]()
        for cells in rows():
            places = [pair.places.get(_key(cells[pair.at])) for pair in pairs]
            for pair, place in zip(pairs, places, strict=True):
                pair.joined += place is not None
            if len({*places} - {None}) > 1:
                both = combinations(zip(pairs, places, strict=True), 2)
                differing |= {(str(a), str(b)) for (a, x), (b, y) in both if None not in (x, y) and x != y}
        able = [pair for pair in pairs if pair.is_key and pair.joined]
        best = max((pair.joined for pair in able), default=0)
        able = [pair for pair in able if pair.joined >= _ABLE * best]
        top = max(pairs, key=lambda pair: pair.joined)
        if not able or top.joined > 2 * best:
            return self._unique(top)
        able = [pair for pair in able if pair.column == joins] or able
        certain = {pair.column for pair in able if pair.is_of_one_name}
        able = [pair for pair in able if pair.is_of_one_name or pair.column not in certain]
        if others := [pair for pair in able[1:] if (str(able[0]), str(pair)) in differing]:
            listed = " or ".join(map(str, (able[0], *others)))
            text = f"{self.name}: it may be joined by {listed}, which give the rows different requests. Say which one"
            raise FileFaultError(f"{text}.", wants=_WANTS, columns=[str(able[0]), *map(str, others)])
        return self._unique(able[0])

    def _unique(self, pair: _Pair) -> _Pair:
        for value, line in pair.repeated.items():
            raise file_fault(self.name, f"two rows have the {pair.key} {shortened(value)}.", line)
        return pair


def _key(cell: str) -> str:
    """The key in a cell: 1.0 is 1, as pandas writes a column with gaps."""
    text = cell.strip()
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def _keys(by_word: dict[str, str]) -> list[str]:
    """The columns, by their words, that may name requests."""
    ends = ((of, name) for of, name in by_word.items() if of not in _KEYS)
    others = [name for of, name in ends if of.endswith(_KEY_ENDINGS) or _CAMEL_ENDING.search(name)]
    return [by_word[of] for of in _KEYS if of in by_word] + others


def requests_of(
    name: str,
    reader: Reader,
    header: Sequence[str],
    options: ReadOptions,
    rows: AllCells,
    on_progress: Progress | None,
) -> Requests | None:
    """The requests that the rows of a file with this header answer; None if the user names no file of requests."""
    if options.requests is None:
        if reader.joins and reader.joined not in header:
            text = f"{name}: its prompts are in the requests file (joined by {reader.joins}). Name that file."
            raise FileFaultError(text, wants="requests")
        return None
    return Requests(options.requests, header, reader.joins, rows, options.joined_by, on_progress)

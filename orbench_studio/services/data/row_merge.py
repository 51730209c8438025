"""Rows that an import adds: each knows its source and line, and what it changes is remembered."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table

from orbench_studio.domain.core.model_family import family
from orbench_studio.domain.core.response import StopReason
from orbench_studio.formats.records import AnnotationDraft, JudgementDraft, OriginalSource
from orbench_studio.services.data.journal_merge import Restored
from orbench_studio.store.core.bulk_insert import add, id_of, next_id
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JUDGEMENTS, JUDGES, MODELS, RESPONSES, VOTES
from orbench_studio.store.data import known_records
from orbench_studio.store.data.known_records import Key


class RecordPlace(NamedTuple):
    """The record of a draft by its number in the call, its line, its prompt, and its response if it is about one."""

    record: int
    line: int
    prompt_id: int
    response_id: int | None = None


COMPARED = {
    RESPONSES: {
        "reference_class": "answer class",
        "stop_reason": "stop reason",
        "error": "error",
        "reasoning": "reasoning",
    },
    VOTES: {"explanation": "explanation"},
    JUDGEMENTS: {"explanation": "explanation"},
    ANNOTATIONS: {"reason": "reason"},
}
"""What a repeated record may state in another way, with its name: the first stays."""
_NAMES = {RESPONSES: "response", VOTES: "vote", JUDGEMENTS: "judgement", ANNOTATIONS: "decision"}
_NOT_STATED = (None, "", StopReason.UNKNOWN)
OTHER = "rows with another {} than their {} has (the first stays)"
OTHER_HERE = "rows with another {} than their {} has (the workspace keeps its own)"
Origins = Sequence[tuple[int, int, OriginalSource | None]]  # of each draft: the number of its record, its line


class RowMerge:
    """Adds rows that are not there, and collects which prompts and responses changed.

    `source` returns the id of the source's row. It is called only for the first new record, so that a file of
    duplicates adds no source. With `restored` (source ids by their numbers in an export), records keep the source that
    they had in the exporting workspace.
    """

    def __init__(
        self, db: Connection, source: Callable[[], int], *, simulated: bool = False, restored: Restored | None = None
    ) -> None:
        self.db = db
        self.source = source
        self.restored = restored
        self.names = Names(db, simulated=simulated)
        self.touched_prompts: set[int] = set()
        self.touched_responses: set[int] = set()
        self.answered_prompts: set[int] = set()
        self.changed_records: set[int] = set()  # by their numbers in the file
        self.added: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.differing: Counter[tuple[str, str]] = Counter()  # what, and of which table, another row of the file states
        self._first_new = {table: next_id(db, table) for table in COMPARED}

    def attributed(self, line: int, original: OriginalSource | None, *, of_file: bool = True) -> dict[str, int | None]:
        if self.restored is not None:
            source, line = original or (None, 0)
            known = self.restored.sources.get(source) if source is not None else None
            return {"source_id": known, "source_line": line if known is not None else None}
        return {"source_id": self.source() if of_file else None, "source_line": line if of_file else None}

    def merge(
        self,
        table: Table,
        origins: Origins,
        keys: Sequence[Key],
        found: dict[Key, int],
        row: Callable[[int], dict[str, Any]],
        places: Sequence[RecordPlace] = (),
    ) -> list[int]:
        """The ids of the rows with these keys; missing ones are added, each key once."""
        new: list[dict[str, Any]] = []
        free = next_id(self.db, table)
        touched = self.answered_prompts if table in (RESPONSES, JUDGEMENTS) else self.touched_prompts
        ids: list[int] = []
        repeated: list[int] = []
        for index, key in enumerate(keys):
            row_id = found.get(key)
            if row_id is not None and table in COMPARED:
                repeated.append(index)
            if row_id is None:
                row_id = found[key] = free + len(new)
                values = row(index)
                values["id"] = row_id
                record, line, original = origins[index]
                new.append(values | self.attributed(line, original))
                self.changed_records.add(record)
                prompt_id, response_id = places[index][2:] if places else (key[0], row_id)
                touched.add(prompt_id)
                if response_id is not None:
                    self.touched_responses.add(response_id)
            ids.append(row_id)
        add(self.db, table, new)
        self.added[table.name] += len(new)
        if repeated:
            self._compare(table, [(ids[index], row(index)) for index in repeated])
        return ids

    def _compare(self, table: Table, repeated: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Count what records that are there already state in another way."""
        there = known_records.details(self.db, table, list(COMPARED[table]), [row_id for row_id, _ in repeated])
        for row_id, values in repeated:
            for column, what in COMPARED[table].items():
                stated, stored = values[column], there[row_id][column]
                is_first = column == "reference_class" and stored is None
                if stated not in _NOT_STATED and stated != stored and not is_first:
                    self.count_other(what, _NAMES[table], is_of_file=row_id >= self._first_new[table])

    def count_other(self, what: str, of: str, *, is_of_file: bool) -> None:
        """Count a row that states something else about a record than an earlier one of the file, or the workspace."""
        self.differing[what, of] += is_of_file
        self.notes[(OTHER if is_of_file else OTHER_HERE).format(what, of)] += 1


class Names:
    """Looks each name up once. `simulated` holds for every model that is added."""

    def __init__(self, db: Connection, *, simulated: bool) -> None:
        self._db = db
        self._simulated = simulated
        self._ids: dict[tuple[str, ...], int] = {}

    def model(self, name: str, simulated: bool = False) -> int:
        return self._id(MODELS, {"name": name}, simulated=simulated or self._simulated, family=family(name))

    def judge(self, draft: JudgementDraft) -> int:
        return self._id(JUDGES, {"name": draft.judge, "kind": str(draft.kind)})

    def annotator(self, draft: AnnotationDraft) -> int:
        return self._id(ANNOTATORS, {"name": draft.annotator})

    def _id(self, table: Table, named: dict[str, str], **defaults: Any) -> int:
        key = (table.name, *named.values())
        if key not in self._ids:
            self._ids[key] = id_of(self._db, table, named, **defaults)
        return self._ids[key]

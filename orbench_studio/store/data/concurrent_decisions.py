"""Decisions of one person about the same thing that two journals made without knowing of each other.

Of two journals, each has everything that its own entries followed. So what only one has and what only the other has are
concurrent, and a merge can find them without further records.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.data.merge_conflict import ConflictSide, MergeConflict
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core.bulk_insert import rows_of
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JOURNAL, MODELS, RESPONSES
from orbench_studio.store.review.journal import DECIDING, IN_ORDER

A, J = ANNOTATIONS.c, JOURNAL.c
_NOT_REPEATED = Aspect.RECHECK  # a label that is meant to be repeated contradicts nothing
_Reversals = dict[int, list[Any]]
_Includes = Callable[[Any], bool]


def conflicts(
    db: Connection, file: str, uuids: Collection[str], first_annotation: int, first_entry: int
) -> list[MergeConflict]:
    """Find the conflicts of a merge; `uuids` has the file's entries, those with the first ids and higher are new."""
    decisions = _decisions(db, first_annotation, first_entry)
    reversals: _Reversals = defaultdict(list)
    statement = select(J.id, J.target_id, J.uuid, J.kind, J.counter, J.at).order_by(*IN_ORDER)
    for row in rows_of(db, statement, J.target_id, sorted({row.journal_id for row in decisions})):
        reversals[row.target_id].append(row)

    def is_here(row: Any) -> bool:
        return bool(row.id < (first_entry if "target_id" in row._mapping else first_annotation))

    def is_there(row: Any) -> bool:
        return row.uuid in uuids

    return list(_contradictions(decisions, reversals, is_here, is_there, file))


def _contradictions(
    decisions: Sequence[Any], reversals: _Reversals, is_here: _Includes, is_there: _Includes, file: str
) -> Iterator[MergeConflict]:
    for _, rows in groupby(decisions, key=_thing):
        same = list(rows)
        history = [*same, *(reversal for row in same for reversal in reversals[row.journal_id])]
        if all(is_here(row) for row in history):
            continue
        is_concurrent = any(not is_there(row) for row in history)
        here, there, result = (
            _current(same, reversals, includes) for includes in (is_here, is_there, lambda _row: True)
        )
        if result.value != there.value or (is_concurrent and here.value != there.value):
            row = same[0]
            yield MergeConflict(row.name, row.prompt_id, row.model, row.aspect, here, file, there, result)


def _current(same: Sequence[Any], reversals: _Reversals, includes: _Includes) -> ConflictSide:
    """The last of the decisions, oldest first, that counts by the included rows alone."""
    for row in reversed(same):
        reversing = [reversal for reversal in reversals[row.journal_id] if includes(reversal)]
        if includes(row) and not (reversing and reversing[-1].kind == EntryKind.UNDO):
            return ConflictSide(row.value, row.counter, row.at)
    return ConflictSide(None)


def _decisions(db: Connection, first_annotation: int, first_entry: int) -> list[Any]:
    """The decisions, by what they are about, of people and prompts with new entries and older ones."""
    new, old, reversal = ANNOTATIONS.alias("new"), ANNOTATIONS.alias("old"), JOURNAL.alias("reversal")
    pair = (new.c.annotator_id, new.c.prompt_id)
    both = (old.c.prompt_id == new.c.prompt_id, old.c.annotator_id == new.c.annotator_id, old.c.id < first_annotation)
    decided = select(*pair).join(old, both[0]).where(*both[1:], new.c.id >= first_annotation)
    reversed_ = select(*pair).join(reversal, reversal.c.target_id == new.c.journal_id)
    reversed_ = reversed_.where(reversal.c.id >= first_entry, new.c.id < first_annotation)
    pairs = {tuple(row) for statement in (decided, reversed_) for row in db.execute(statement.distinct())}
    columns = (A.id, A.journal_id, A.annotator_id, A.prompt_id, A.response_id, A.aspect, A.value)
    statement = (
        select(*columns, J.uuid, J.kind, J.counter, J.at, ANNOTATORS.c.name, MODELS.c.name.label("model"))
        .join(JOURNAL, J.id == A.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == A.annotator_id)
        .outerjoin(RESPONSES, RESPONSES.c.id == A.response_id)
        .outerjoin(MODELS, MODELS.c.id == RESPONSES.c.model_id)
        .where(J.kind.in_(DECIDING), A.aspect != _NOT_REPEATED)
        .order_by(*IN_ORDER, A.id)
    )
    concerned = rows_of(db, statement, A.prompt_id, sorted({prompt_id for _, prompt_id in pairs}))
    return sorted((row for row in concerned if (row.annotator_id, row.prompt_id) in pairs), key=_thing)


def _thing(row: Any) -> tuple[Any, ...]:
    """What a decision is about, by whom, and whether it settled a dispute."""
    return row.prompt_id, row.response_id or 0, row.name, row.aspect, row.kind == EntryKind.ADJUDICATION

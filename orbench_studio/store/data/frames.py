"""Read the tables of a workspace by columns, in batches of rows, for data frames."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, case, select

from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.domain.review.query import parse
from orbench_studio.store.core.batch_tables import BATCH_MODELS, BATCHES
from orbench_studio.store.core.engine import is_server
from orbench_studio.store.core.reviewer_views import SUMMARY
from orbench_studio.store.core.tables import (
    ANNOTATIONS,
    ANNOTATORS,
    JOURNAL,
    JUDGEMENTS,
    JUDGES,
    MODELS,
    PROMPT_STATES,
    PROMPTS,
    RESPONSE_STATES,
    RESPONSES,
    SEEDS,
    SOURCES,
    VOTES,
)
from orbench_studio.store.data.frame_blocks import Block, read_blocks
from orbench_studio.store.review import guidelines
from orbench_studio.store.review.journal import IN_FORCE
from orbench_studio.store.review.query_sql import conditions
from orbench_studio.store.review.superseded import DECISION_IN_FORCE

ROWS = 50_000  # in one batch


class Kind(StrEnum):
    """The kind of the values of a column. A category is a text with few different values."""

    TEXT = "text"
    CATEGORY = "category"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a frame: where it comes from, and the kind of its values.

    With `lookup`, `source` is the id of a row of a small table and `lookup` the column that users see. A join would
    make the database write each of these texts again for every row.
    """

    source: ColumnElement[Any]
    kind: Kind = Kind.TEXT
    lookup: ColumnElement[Any] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A table as users see it. `prompt_id` is the column that a filter applies to; None if filters do not apply.

    A large one is ordered by the primary key of its first table, and has columns of texts and integers only.
    """

    columns: Mapping[str, Column]
    tables: FromClause
    order: tuple[ColumnElement[Any], ...]
    prompt_id: ColumnElement[int] | None = None
    is_large: bool = False


P, R, V, J, A, D, M = PROMPTS.c, RESPONSES.c, VOTES.c, JUDGEMENTS.c, ANNOTATIONS.c, JOURNAL.c, MODELS.c
_PS, _RS, _B, _BM = PROMPT_STATES.c, RESPONSE_STATES.c, BATCHES.c, BATCH_MODELS.c


def _integer(source: ColumnElement[Any]) -> Column:
    return Column(source, Kind.INTEGER)


def _category(source: ColumnElement[Any], lookup: ColumnElement[Any] | None = None) -> Column:
    return Column(source, Kind.CATEGORY, lookup)


def _boolean(source: ColumnElement[Any], lookup: ColumnElement[Any] | None = None) -> Column:
    return Column(source, Kind.BOOLEAN, lookup)


def _source(table: Any) -> dict[str, Column]:
    return {"source": _category(table.source_id, SOURCES.c.name), "source_line": _integer(table.source_line)}


_PROMPTS = Frame(
    {
        "prompt_id": _integer(P.id),
        "prompt": Column(P.text),
        "category": _category(_PS.category),
        "label": _category(_PS.final_label),
        "label_basis": _category(_PS.basis),
        "status": _category(_PS.status),
        "consensus": _category(_PS.consensus),
        "reference_label": _category(P.reference_label),
        "origin": _category(P.origin),
        "seed_id": _integer(P.seed_id),
        "seed": Column(SEEDS.c.text),
        "responses": _integer(_PS.responses),
        "judged": _integer(_PS.judged),
        "refusals": _integer(_PS.refusals),
        "refusing_models": _integer(_PS.refusing_models),
        "refusing_families": _integer(_PS.refusing_families),
        "moderators_disagree": _boolean(_PS.disagreement),
        "flagged": _boolean(_PS.flagged),
        "external_key": Column(P.external_key),
        "attributes": Column(P.attributes),
        **_source(P),
    },
    PROMPTS.outerjoin(PROMPT_STATES, _PS.prompt_id == P.id).outerjoin(SEEDS, SEEDS.c.id == P.seed_id),
    (P.id,),
    P.id,
    is_large=True,
)
_VOTES = Frame(
    {
        "vote_id": _integer(V.id),
        "prompt_id": _integer(V.prompt_id),
        "response_id": _integer(V.response_id),
        "moderator": _category(V.moderator_id, M.name),
        "verdict": _category(V.verdict),
        "category": _category(V.category),
        "explanation": Column(V.explanation),
        "raw": Column(V.raw),
        **_source(V),
    },
    VOTES,
    (V.id,),
    V.prompt_id,
    is_large=True,
)
_RESPONSES = Frame(
    {
        "response_id": _integer(R.id),
        "prompt_id": _integer(R.prompt_id),
        "model": _category(R.model_id, M.name),
        "family": _category(R.model_id, M.family),
        "simulated": _boolean(R.model_id, M.simulated),
        "response": Column(R.text),
        "stop_reason": _category(R.stop_reason),
        "answer_class": _category(_RS.answer_class),
        "answer_class_basis": _category(_RS.basis),
        "error": Column(R.error),
        "sent_prompt": Column(R.asked),
        "reference_class": _category(R.reference_class),
        "input_tokens": _integer(R.input_tokens),
        "output_tokens": _integer(R.output_tokens),
        "reasoning": Column(R.reasoning),
        "reasoning_tokens": _integer(R.reasoning_tokens),
        "stop_details": Column(R.stop_details),
        **_source(R),
    },
    RESPONSES.outerjoin(RESPONSE_STATES, _RS.response_id == R.id),
    (R.id,),
    R.prompt_id,
    is_large=True,
)
_JUDGEMENTS = Frame(
    {
        "judgement_id": _integer(J.id),
        "response_id": _integer(J.response_id),
        "prompt_id": _integer(R.prompt_id),
        "model": _category(R.model_id, M.name),
        "judge": _category(J.judge_id, JUDGES.c.name),
        "judge_kind": _category(J.judge_id, JUDGES.c.kind),
        "answer_class": _category(J.answer_class),
        "explanation": Column(J.explanation),
        "evidence_start": _integer(J.evidence_start),
        "evidence_end": _integer(J.evidence_end),
        "raw": Column(J.raw),
        **_source(J),
    },
    JUDGEMENTS.outerjoin(RESPONSES, R.id == J.response_id),
    (J.id,),
    R.prompt_id,
    is_large=True,
)
_ANNOTATIONS = Frame(
    {
        "annotation_id": _integer(A.id),
        "entry_id": _integer(A.journal_id),
        "prompt_id": _integer(A.prompt_id),
        "response_id": _integer(A.response_id),
        "annotator": _category(A.annotator_id, ANNOTATORS.c.name),
        "aspect": _category(A.aspect),
        "value": Column(A.value),
        "reason": Column(A.reason),
        "visible": Column(A.visible),
        "at": Column(D.at, Kind.TIME),
        "in_force": _boolean(DECISION_IN_FORCE),
        "guideline": _integer(guidelines.version_of(D.guideline_id)),
        **_source(A),
    },
    ANNOTATIONS.outerjoin(JOURNAL, D.id == A.journal_id),
    (A.id,),
    A.prompt_id,
)
_JOURNAL = Frame(
    {
        "entry_id": _integer(D.id),
        "uuid": Column(D.uuid),
        "kind": _category(D.kind),
        "at": Column(D.at, Kind.TIME),
        "counter": _integer(D.counter),
        "annotator": _category(D.annotator_id, ANNOTATORS.c.name),
        "summary": Column(SUMMARY),
        "target_entry_id": _integer(D.target_id),
        "in_force": _boolean(IN_FORCE),
        "guideline": _integer(guidelines.version_of(D.guideline_id)),
    },
    JOURNAL,
    (D.id,),
)
_BATCHES = Frame(
    {
        "batch_id": _integer(_B.id),
        "name": Column(_B.name),
        "kind": _category(_B.kind),
        "state": _category(case({str(state): state.label for state in BatchState}, value=_B.state, else_=_B.state)),
        "created_at": Column(_B.created_at, Kind.TIME),
        "model": _category(_BM.model_id, M.name),
        "items": _integer(_BM.total),
        "completed": _integer(_BM.done),
        "failed": _integer(_BM.failed),
        "cancelled": _integer(_BM.cancelled),
        "input_tokens": _integer(_BM.input_tokens),
        "output_tokens": _integer(_BM.output_tokens),
        "cost_usd": Column(_BM.cost, Kind.FLOAT),
        "unpriced": _integer(_BM.unpriced),
    },
    BATCHES.outerjoin(BATCH_MODELS, _BM.batch_id == _B.id),
    (_B.id, _BM.model_id),
)
FRAMES: Mapping[str, Frame] = {
    "prompts": _PROMPTS,
    "votes": _VOTES,
    "responses": _RESPONSES,
    "judgements": _JUDGEMENTS,
    "annotations": _ANNOTATIONS,
    "journal": _JOURNAL,
    "batches": _BATCHES,
}


def batches(
    db: Connection, name: str, columns: Sequence[str], query: str
) -> Iterator[Mapping[ColumnElement[Any], Block | tuple[Any, ...]]]:
    """Read the values of each source of these columns, a batch of rows at a time, in the order of the rows' ids.

    The large tables of a file are read in blocks. On a server, and where values are computed, rows are read.
    """
    frame = FRAMES[name]
    sources = list(dict.fromkeys(frame.columns[column].source for column in columns))
    if frame.is_large and not is_server(db):
        [row_id] = frame.order
        matching = _matching(db, frame, select(row_id), query) if parse(query).terms else None
        yield from read_blocks(db, frame.tables, row_id, sources, matching)
        return
    statement = _matching(db, frame, select(*sources), query)
    for part in db.execution_options(yield_per=ROWS).execute(statement).partitions():
        yield dict(zip(sources, zip(*part, strict=True), strict=True))


def lookup(db: Connection, column: ColumnElement[Any]) -> dict[int, Any]:
    """Read all values of a column of a small table, by the ids of their rows."""
    return {row.id: row.value for row in db.execute(select(column.table.c.id, column.label("value")))}


def _matching(db: Connection, frame: Frame, statement: Select[Any], query: str) -> Select[Any]:
    statement = statement.select_from(frame.tables).order_by(*frame.order)
    terms = parse(query).terms
    if not terms:
        return statement
    assert frame.prompt_id is not None  # the caller rejects a filter otherwise
    matching = select(_PS.prompt_id).where(*conditions(db, terms))
    return statement.where(frame.prompt_id.in_(matching))

"""Responses to judge, judgements of built-in judges, and human answer classes."""

import json
from array import array
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, func, or_, select

from orbench_studio.domain.core.annotation import Aspect, Basis
from orbench_studio.domain.core.judgement import ANSWERS, AnswerClass, JudgeKind
from orbench_studio.domain.core.response import UNJUDGEABLE
from orbench_studio.domain.evaluation.states import ItemState
from orbench_studio.domain.review.queue import Term
from orbench_studio.store.core.batch_tables import BATCH_ITEMS
from orbench_studio.store.core.bulk_insert import add, chunks, in_list, next_id, rows_of
from orbench_studio.store.core.tables import (
    ANNOTATIONS,
    JOURNAL,
    JUDGEMENTS,
    JUDGES,
    MODELS,
    PROMPT_STATES,
    PROMPTS,
    RESPONSE_STATES,
    RESPONSES,
)
from orbench_studio.store.review import derived_states, query_sql
from orbench_studio.store.review.journal import IN_FORCE

_BY_ANNOTATOR = (
    exists(ANNOTATIONS.c.id)
    .where(ANNOTATIONS.c.response_id == RESPONSE_STATES.c.response_id, ANNOTATIONS.c.aspect == Aspect.ANSWER_CLASS)
    .where(JOURNAL.c.id == ANNOTATIONS.c.journal_id, IN_FORCE)
)

# A class in a source file is human only if it settles the classes of named annotators.
BY_PEOPLE = or_(RESPONSE_STATES.c.basis == Basis.HUMAN, and_(RESPONSE_STATES.c.basis == Basis.REFERENCE, _BY_ANNOTATOR))


J, R, S = JUDGEMENTS.c, RESPONSES.c, RESPONSE_STATES.c
NO_TEXT, NO_RESPONSE = "without a text", "requests without a response"
JUDGED, BY_A_PERSON = "judged before", "classified by people"
_DECIDED = or_(BY_PEOPLE, S.basis == Basis.DISPUTED)


class ResponseToJudge(NamedTuple):
    """A response that an instrument has not judged in its current version."""

    id: int
    prompt_id: int
    prompt: str
    text: str
    model: str


class Labelled(NamedTuple):
    """A response with its human answer class and the active annotations that it is based on."""

    id: int
    prompt_id: int
    prompt: str
    text: str
    model: str
    category: str | None
    type: str | None
    answer_class: AnswerClass
    annotation_ids: tuple[int, ...]


class StoredJudgement(NamedTuple):
    """The latest judgement of a judge on a response. `raw` is None if only the class is stored."""

    kind: JudgeKind
    answer_class: str
    raw: str | None


class UnjudgedResponse(NamedTuple):
    """A response without a human answer class, with the latest judgement of each judge."""

    id: int
    prompt_id: int
    model: str
    label: str | None
    judgements: tuple[StoredJudgement, ...]


class Pending(NamedTuple):
    """The responses that a version of a built-in judge has not judged: all, or those of a batch or of a filter."""

    judge_id: int
    identity: bytes
    kind: JudgeKind
    batch_id: int | None = None
    terms: tuple[Term, ...] = ()  # conditions on the prompts


def ids_to_judge(db: Connection, pending: Pending) -> "array[int]":
    """The responses to judge, by id. A local judge skips responses with a human answer class."""
    statement = select(R.id).where(*(~why for why in _left_out(pending).values()), *_scope(db, pending))
    return array("q", db.execute(statement.order_by(R.id)).scalars())


def to_judge(db: Connection, pending: Pending, ids: "array[int]") -> list[ResponseToJudge]:
    """Those of these responses that are still to be judged. Their judgements may have changed what the filter has."""
    statement = (
        select(R.id, R.prompt_id, func.coalesce(R.asked, PROMPTS.c.text), R.text, MODELS.c.name)
        .join(PROMPTS, PROMPTS.c.id == R.prompt_id)
        .join(MODELS, MODELS.c.id == R.model_id)
        .where(in_list(R.id, ids), *(~why for why in _left_out(pending).values()))
        .order_by(R.id)
    )
    return [ResponseToJudge(*row) for row in db.execute(statement)]


def count_to_judge(db: Connection, pending: Pending) -> tuple[int, dict[str, int]]:
    """Number of responses to judge, and of what is left out by its reason."""
    reason = case(*((condition, why) for why, condition in _left_out(pending).items()), else_="").label("reason")
    found = select(reason).select_from(RESPONSES).where(*_scope(db, pending)).subquery()
    rows = db.execute(select(found.c.reason, func.count()).group_by(found.c.reason))
    counts = {reason: int(count) for reason, count in rows}
    to_judge = counts.pop("", 0)
    if pending.batch_id is not None:
        items = select(func.count()).where(BATCH_ITEMS.c.batch_id == pending.batch_id)
        counts[NO_RESPONSE] = int(db.execute(items).scalar_one()) - to_judge - sum(counts.values())
    return to_judge, {reason: count for reason, count in counts.items() if count}


def judged_by_others(db: Connection, pending: Pending) -> int:
    """Number of responses to judge that another judge has judged."""
    other = exists().where(J.response_id == R.id, J.judge_id != pending.judge_id)
    conditions = (other, *(~why for why in _left_out(pending).values()), *_scope(db, pending))
    return int(db.execute(select(func.count()).select_from(RESPONSES).where(*conditions)).scalar_one())


def replace(db: Connection, judge_id: int, judged: Sequence[tuple[ResponseToJudge, dict[str, Any]]]) -> tuple[int, ...]:
    """Replace an instrument's judgements of these responses and update the final answer classes.

    Returns the prompt of every response whose final answer class changed.
    """
    ids = [response.id for response, _ in judged]
    before = _final_classes(db, ids)
    for chunk in chunks(ids):
        db.execute(delete(JUDGEMENTS).where(J.judge_id == judge_id, in_list(J.response_id, chunk)))
    first_id = next_id(db, JUDGEMENTS)
    common = {"judge_id": judge_id, "source_id": None, "source_line": None}
    add(
        db,
        JUDGEMENTS,
        [{"id": first_id + n, "response_id": r.id, **common, **row} for n, (r, row) in enumerate(judged)],
    )
    derived_states.refresh_responses(db, ids)
    derived_states.recount_answers(db, sorted({response.prompt_id for response, _ in judged}))
    now = _final_classes(db, ids)
    return tuple(response.prompt_id for response, _ in judged if before[response.id] != now[response.id])


def labelled(db: Connection) -> list[Labelled]:
    """All responses with a human answer class, by id."""
    statement = (
        select(
            R.id,
            R.prompt_id,
            func.coalesce(R.asked, PROMPTS.c.text),
            R.text,
            MODELS.c.name,
            PROMPT_STATES.c.category,
            PROMPTS.c.attributes,
            S.answer_class,
        )
        .join(RESPONSE_STATES, S.response_id == R.id)
        .join(PROMPTS, PROMPTS.c.id == R.prompt_id)
        .join(PROMPT_STATES, PROMPT_STATES.c.prompt_id == R.prompt_id)
        .join(MODELS, MODELS.c.id == R.model_id)
        .where(BY_PEOPLE, S.answer_class.in_(list(ANSWERS)))
        .order_by(R.id)
    )
    rows = db.execute(statement).all()
    decisions = _decisions(db, [row[0] for row in rows])
    return [Labelled(*row[:6], _type(row[6]), AnswerClass(row[7]), tuple(decisions.get(row[0], ()))) for row in rows]


def open_responses(db: Connection) -> list[UnjudgedResponse]:
    """All responses without a human answer class that a person could classify, by id, with the latest judgements."""
    columns = (S.response_id, S.prompt_id, MODELS.c.name, PROMPT_STATES.c.final_label)
    statement = (
        select(*columns)
        .join(MODELS, MODELS.c.id == S.model_id)
        .join(PROMPT_STATES, PROMPT_STATES.c.prompt_id == S.prompt_id)
        .where(~_DECIDED, S.basis != Basis.PROVIDER)
        .order_by(S.response_id)
    )
    rows = db.execute(statement).all()
    found: dict[int, dict[int, StoredJudgement]] = defaultdict(dict)
    kinds = {row.id: JudgeKind(row.kind) for row in db.execute(select(JUDGES))}
    latest = select(J.response_id, J.judge_id, J.answer_class, J.raw).order_by(J.id)
    for response_id, judge_id, *judged in rows_of(db, latest, J.response_id, [row[0] for row in rows]):
        found[response_id][judge_id] = StoredJudgement(kinds[judge_id], *judged)
    return [UnjudgedResponse(*row, tuple(found[row[0]].values())) for row in rows]


def decided_ids(db: Connection) -> set[int]:
    """Responses with human answer classes, also conflicting ones."""
    return set(db.execute(select(S.response_id).where(_DECIDED)).scalars())


def by_model(db: Connection, judge: str) -> dict[str, str]:
    """The latest class by this judge of each model's response, by the name of the model."""
    statement = (
        select(MODELS.c.name, J.answer_class)
        .join(RESPONSES, R.model_id == MODELS.c.id)
        .join(JUDGEMENTS, J.response_id == R.id)
        .join(JUDGES, JUDGES.c.id == J.judge_id)
        .where(JUDGES.c.name == judge)
        .order_by(J.id)
    )
    return {row.name: row.answer_class for row in db.execute(statement)}


def unanswered(db: Connection, batch_id: int) -> int:
    """Number of items of a batch without a result."""
    items = BATCH_ITEMS.c
    statement = select(func.count(items.id)).where(items.batch_id == batch_id, items.state != ItemState.DONE)
    return int(db.execute(statement).scalar_one())


def _final_classes(db: Connection, response_ids: Sequence[int]) -> dict[int, str | None]:
    rows = rows_of(db, select(S.response_id, S.answer_class), S.response_id, response_ids)
    return {row.response_id: row.answer_class for row in rows}


def _left_out(pending: Pending) -> dict[str, ColumnElement[bool]]:
    """Why a response is not judged."""
    done = exists().where(J.response_id == R.id, J.judge_id == pending.judge_id, J.identity == pending.identity)
    conditions: dict[str, ColumnElement[bool]] = {NO_TEXT: R.stop_reason.in_(UNJUDGEABLE), JUDGED: done}
    if pending.kind is JudgeKind.LOCAL:
        conditions[BY_A_PERSON] = exists().where(S.response_id == R.id, _DECIDED)
    return conditions


def _scope(db: Connection, pending: Pending) -> list[ColumnElement[bool]]:
    scope: list[ColumnElement[bool]] = []
    if pending.batch_id is not None:
        scope.append(R.batch_item_id.in_(select(BATCH_ITEMS.c.id).where(BATCH_ITEMS.c.batch_id == pending.batch_id)))
    if pending.terms:
        prompts = select(PROMPT_STATES.c.prompt_id).where(*query_sql.conditions(db, pending.terms))
        scope.append(R.prompt_id.in_(prompts))
    return scope


def _decisions(db: Connection, response_ids: Sequence[int]) -> dict[int, list[int]]:
    a = ANNOTATIONS.c
    found: dict[int, list[int]] = defaultdict(list)
    statement = select(a.response_id, a.id).join(JOURNAL, JOURNAL.c.id == a.journal_id)
    statement = statement.where(a.aspect == Aspect.ANSWER_CLASS, IN_FORCE).order_by(a.id)
    for response_id, annotation_id in rows_of(db, statement, a.response_id, response_ids):
        found[response_id].append(annotation_id)
    return found


def _type(attributes: str | None) -> str | None:
    found = json.loads(attributes).get("type") if attributes else None
    return str(found) if found else None

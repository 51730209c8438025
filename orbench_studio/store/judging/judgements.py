"""What the studio's own instruments judge: responses that wait for them, what they say, and what people have said."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select

from orbench_studio.domain.core.annotation import Aspect, Basis
from orbench_studio.domain.core.judgement import ANSWERS, AnswerClass, JudgeKind
from orbench_studio.domain.core.response import StopReason
from orbench_studio.store.core.bulk_sql import add, chunks, in_list, next_id
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
from orbench_studio.store.review import derived_states
from orbench_studio.store.review.journal import IN_FORCE

_BY_PEOPLE = (Basis.HUMAN, Basis.REFERENCE)
_DECIDED = (*_BY_PEOPLE, Basis.DISPUTED)
_STOPPED = (StopReason.BLOCKED, StopReason.ERROR)
J, R, S = JUDGEMENTS.c, RESPONSES.c, RESPONSE_STATES.c


class ResponseToJudge(NamedTuple):
    """A response that an instrument has not judged in its present version."""

    id: int
    prompt_id: int
    prompt: str
    text: str
    model: str


class Labelled(NamedTuple):
    """A response with the answer class that people gave it, and the decisions in force behind it."""

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
    """What a judge said last of a response; `raw` is None where nothing is kept besides the class."""

    kind: JudgeKind
    answer_class: str
    raw: str | None


class UnjudgedResponse(NamedTuple):
    """A response that no person has judged, and what each judge said last of it."""

    id: int
    prompt_id: int
    model: str
    label: str | None
    said: tuple[StoredJudgement, ...]


def waiting(
    db: Connection, judge_id: int, identity: bytes, kind: JudgeKind, after: int, limit: int
) -> list[ResponseToJudge]:
    """The next responses in order of id; a local judge leaves alone what people have judged."""
    statement = (
        select(R.id, R.prompt_id, func.coalesce(R.asked, PROMPTS.c.text), R.text, MODELS.c.name)
        .join(PROMPTS, PROMPTS.c.id == R.prompt_id)
        .join(MODELS, MODELS.c.id == R.model_id)
        .where(R.id > after, *_waits(judge_id, identity, kind))
        .order_by(R.id)
        .limit(limit)
    )
    return [ResponseToJudge(*row) for row in db.execute(statement)]


def count_waiting(db: Connection, judge_id: int, identity: bytes, kind: JudgeKind) -> int:
    """How many responses wait."""
    statement = select(func.count()).select_from(RESPONSES).where(*_waits(judge_id, identity, kind))
    return int(db.execute(statement).scalar_one())


def replace(db: Connection, judge_id: int, judged: Sequence[tuple[ResponseToJudge, dict[str, Any]]]) -> tuple[int, ...]:
    """Write an instrument's judgements in the place of those it gave these responses before, and weigh them anew.

    Gives the prompt of every response that has another answer class in force now.
    """
    ids = [response.id for response, _ in judged]
    before = _in_force(db, ids)
    for some in chunks(ids):
        db.execute(delete(JUDGEMENTS).where(J.judge_id == judge_id, in_list(J.response_id, some)))
    free = next_id(db, JUDGEMENTS)
    own = {"judge_id": judge_id, "source_id": None, "source_line": None}
    add(
        db,
        JUDGEMENTS,
        [{"id": free + n, "response_id": r.id, **own, **said} for n, (r, said) in enumerate(judged)],
    )
    derived_states.refresh_responses(db, ids)
    derived_states.recount_answers(db, sorted({response.prompt_id for response, _ in judged}))
    now = _in_force(db, ids)
    return tuple(response.prompt_id for response, _ in judged if before[response.id] != now[response.id])


def labelled(db: Connection) -> list[Labelled]:
    """Every response of which people, or the source in their name, have settled the answer class; by id."""
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
        .where(S.basis.in_(_BY_PEOPLE), S.answer_class.in_(list(ANSWERS)))
        .order_by(R.id)
    )
    rows = db.execute(statement).all()
    decisions = _decisions(db, [row[0] for row in rows])
    return [Labelled(*row[:6], _type(row[6]), AnswerClass(row[7]), tuple(decisions.get(row[0], ()))) for row in rows]


def open_responses(db: Connection) -> list[UnjudgedResponse]:
    """Every response that a person could judge and none has, in order of id, with what the judges said last."""
    columns = (S.response_id, S.prompt_id, MODELS.c.name, PROMPT_STATES.c.final_label)
    statement = (
        select(*columns)
        .join(MODELS, MODELS.c.id == S.model_id)
        .join(PROMPT_STATES, PROMPT_STATES.c.prompt_id == S.prompt_id)
        .where(S.basis.not_in((*_DECIDED, Basis.PROVIDER)))
        .order_by(S.response_id)
    )
    rows = db.execute(statement).all()
    said: dict[int, dict[int, StoredJudgement]] = defaultdict(dict)
    kinds = {row.id: JudgeKind(row.kind) for row in db.execute(select(JUDGES))}
    for some in chunks([row[0] for row in rows]):
        latest = select(J.response_id, J.judge_id, J.answer_class, J.raw).where(in_list(J.response_id, some))
        for response_id, judge_id, answer_class, raw in db.execute(latest.order_by(J.id)):
            said[response_id][judge_id] = StoredJudgement(kinds[judge_id], answer_class, raw)
    return [UnjudgedResponse(*row, tuple(said[row[0]].values())) for row in rows]


def decided_ids(db: Connection) -> set[int]:
    """The responses whose answer class people have judged, also where they disagree."""
    return set(db.execute(select(S.response_id).where(S.basis.in_(_DECIDED))).scalars())


def overrides(db: Connection) -> frozenset[int]:
    """The annotations in force that give an answer class and did not come with a file."""
    a = ANNOTATIONS.c
    statement = select(a.id).join(JOURNAL, JOURNAL.c.id == a.journal_id)
    return frozenset(
        db.execute(statement.where(a.aspect == Aspect.ANSWER_CLASS, a.source_id.is_(None), IN_FORCE)).scalars()
    )


def _in_force(db: Connection, response_ids: Sequence[int]) -> dict[int, str | None]:
    found: dict[int, str | None] = {}
    for some in chunks(response_ids):
        rows = db.execute(select(S.response_id, S.answer_class).where(in_list(S.response_id, some)))
        found |= {row.response_id: row.answer_class for row in rows}
    return found


def _waits(judge_id: int, identity: bytes, kind: JudgeKind) -> list[ColumnElement[bool]]:
    done = exists().where(J.response_id == R.id, J.judge_id == judge_id, J.identity == identity)
    conditions = [~done, R.stop_reason.not_in(_STOPPED)]
    if kind is JudgeKind.LOCAL:
        conditions.append(~exists().where(S.response_id == R.id, S.basis.in_(_DECIDED)))
    return conditions


def _decisions(db: Connection, response_ids: Sequence[int]) -> dict[int, list[int]]:
    a = ANNOTATIONS.c
    found: dict[int, list[int]] = defaultdict(list)
    for some in chunks(response_ids):
        statement = select(a.response_id, a.id).join(JOURNAL, JOURNAL.c.id == a.journal_id)
        wanted = (in_list(a.response_id, some), a.aspect == Aspect.ANSWER_CLASS, IN_FORCE)
        for response_id, annotation_id in db.execute(statement.where(*wanted).order_by(a.id)):
            found[response_id].append(annotation_id)
    return found


def _type(attributes: str | None) -> str | None:
    found = json.loads(attributes).get("type") if attributes else None
    return str(found) if found else None

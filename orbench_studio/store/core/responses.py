"""Load responses with their judgements as domain objects."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, not_, select

from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind, Judgement
from orbench_studio.domain.core.response import UNJUDGEABLE, WHITE_SPACE, Response, StopReason
from orbench_studio.store.core.batch_tables import BATCH_ITEMS
from orbench_studio.store.core.bulk_insert import ForIds, Ids, rows_of
from orbench_studio.store.core.pipeline import Read, Steps
from orbench_studio.store.core.tables import JUDGEMENTS, JUDGES, MODELS, RESPONSE_STATES, RESPONSES

_J = JUDGEMENTS.c
_JUDGED = (_J.response_id, _J.id, _J.judge_id, _J.answer_class, _J.explanation, _J.evidence_start, _J.evidence_end,
           _J.raw, _J.refusal)  # fmt: skip
_RESPONSES = (
    select(RESPONSES, MODELS.c.name, MODELS.c.simulated)
    .join(MODELS, MODELS.c.id == RESPONSES.c.model_id)
    .where(RESPONSES.c.prompt_id == bindparam("prompt_id"))
    .order_by(MODELS.c.name, RESPONSES.c.id)
)
_JUDGEMENTS = (
    select(*_JUDGED, JUDGES.c.name, JUDGES.c.kind)
    .join(JUDGES, JUDGES.c.id == _J.judge_id)
    .join(RESPONSES, RESPONSES.c.id == _J.response_id)
    .where(RESPONSES.c.prompt_id == bindparam("prompt_id"))
    .order_by(_J.response_id, _J.id)
)
_CLASSES = ForIds(
    select(_J.response_id, JUDGES.c.name, JUDGES.c.kind, _J.answer_class)
    .join(JUDGES, JUDGES.c.id == _J.judge_id)
    .order_by(_J.response_id, _J.id),
    _J.response_id,
)
Said = tuple[str, JudgeKind, str]  # a judgement stripped to what the rules look at: judge, its kind, answer class


@Read
def of_prompt(prompt_id: int) -> Steps[list[Response]]:
    """All responses to one prompt without judgements, by model name, then in order of arrival."""
    return [_response(row) for row in (yield _RESPONSES, {"prompt_id": prompt_id})]


@Read
def judgements_of_prompt(prompt_id: int) -> Steps[dict[int, list[Judgement]]]:
    """The judgements of the responses to a prompt, oldest first, by response."""
    found: dict[int, list[Judgement]] = defaultdict(list)
    for response_id, *values, name, kind in (yield _JUDGEMENTS, {"prompt_id": prompt_id}):
        found[response_id].append(_judgement(values, (name, JudgeKind(kind))))
    return found


@Read
def standing(response_id: int) -> Steps[tuple[str, str | None]]:
    """The model's name and the final answer class."""
    s = RESPONSE_STATES.c
    statement = select(MODELS.c.name, s.answer_class).join(MODELS, MODELS.c.id == s.model_id)
    model, answer_class = (yield statement.where(s.response_id == response_id)).one()
    return model, answer_class


def judgements(db: Connection, response_ids: Sequence[int]) -> dict[int, list[Judgement]]:
    """The judgements of the responses, oldest first, by response."""
    found: dict[int, list[Judgement]] = defaultdict(list)
    judges = {row.id: (row.name, JudgeKind(row.kind)) for row in db.execute(select(JUDGES))}
    statement = select(*_JUDGED).order_by(_J.response_id, _J.id)
    for response_id, *values in rows_of(db, statement, _J.response_id, response_ids):
        found[response_id].append(_judgement(values, judges[values[1]]))
    return found


@Read
def said(response_ids: Ids, **parameters: Any) -> Steps[dict[int, tuple[Said, ...]]]:
    """The answer classes of the responses by judges alone, oldest first, by response."""
    found: dict[int, tuple[Said, ...]] = {}
    for response_id, judge, kind, answer_class in (yield from _CLASSES.rows(response_ids, **parameters)):
        found[response_id] = (*found.get(response_id, ()), (judge, JudgeKind(kind), answer_class))
    return found


def prompts_of(db: Connection, response_ids: Sequence[int]) -> dict[int, int]:
    """The id of the prompt of each of these responses, without responses that do not exist."""
    columns = (RESPONSES.c.id, RESPONSES.c.prompt_id)
    return {row.id: row.prompt_id for row in rows_of(db, select(*columns), columns[0], response_ids)}


def _judgement(values: Sequence[Any], judge: tuple[str, JudgeKind]) -> Judgement:
    judgement_id, _, answer_class, explanation, start, end, raw, refusal = values
    evidence = (start, end) if start is not None and end is not None else None
    return Judgement(judgement_id, *judge, AnswerClass(answer_class), explanation, evidence, raw, refusal)


def _response(row: Row[tuple[object, ...]]) -> Response:
    return Response(
        row.id,
        row.name,
        row.text,
        StopReason(row.stop_reason),
        row.simulated,
        row.error,
        row.asked,
        AnswerClass(row.reference_class) if row.reference_class else None,
        (),
        row.reasoning or "",
        row.reasoning_tokens,
        row.stop_details or "",
    )


def to_judge(
    db: Connection,
    *,
    models: Sequence[str] = (),
    prompt_ids: Sequence[int] | None = None,
    batch_id: int | None = None,
    judges: Sequence[str] = (),
    template_hash: str = "",
) -> list[tuple[int, int]]:
    """(Response id, prompt id) of responses with a text: not refused by stop reason, blocked, failed or empty.

    Only those of these models, prompts and batch, where any are named, and without those that all of these judges have
    judged with this template.
    """
    r = RESPONSES.c
    statement = select(r.id, r.prompt_id).order_by(r.prompt_id, r.id)
    statement = statement.where(r.stop_reason.not_in(UNJUDGEABLE))
    statement = statement.where(func.ltrim(r.text, WHITE_SPACE) != "")
    if models:
        statement = statement.where(r.model_id.in_(select(MODELS.c.id).where(MODELS.c.name.in_(models))))
    if batch_id is not None:
        statement = statement.where(
            r.batch_item_id.in_(select(BATCH_ITEMS.c.id).where(BATCH_ITEMS.c.batch_id == batch_id))
        )
    judged = [r.id.in_(_judged_by(judge, template_hash)) for judge in judges]
    if judged:
        statement = statement.where(not_(and_(*judged)))
    wanted = None if prompt_ids is None else set(prompt_ids)
    rows = db.execute(statement)
    return [(response_id, prompt_id) for response_id, prompt_id in rows if wanted is None or prompt_id in wanted]


def _judged_by(judge: str, template_hash: str) -> Select[Any]:
    done = select(JUDGEMENTS.c.response_id).join(JUDGES, JUDGES.c.id == JUDGEMENTS.c.judge_id)
    return done.where(JUDGES.c.name == judge, JUDGEMENTS.c.template_hash == template_hash)

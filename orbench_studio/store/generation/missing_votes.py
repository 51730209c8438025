"""Votes that exist, and prompts and responses that still need a vote or an answer."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, select

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.response import UNJUDGEABLE, WHITE_SPACE
from orbench_studio.domain.evaluation.batch import BatchKind
from orbench_studio.domain.evaluation.states import ItemState
from orbench_studio.store.core.batch_tables import BATCH_ITEMS, BATCHES, JUDGE_ITEMS
from orbench_studio.store.core.tables import MODELS, PROMPT_STATES, RESPONSES, VOTES
from orbench_studio.store.review.query_sql import counting_vote

_V, _R, _S = VOTES.c, RESPONSES.c, PROMPT_STATES.c


def answers(db: Connection, responder: str) -> list[tuple[int, int]]:
    """(Prompt id, response id) of a responder's responses that are not blocked, failed or empty."""
    statement = select(_R.prompt_id, _R.id).where(_R.model_id.in_(_named(responder)))
    statement = statement.where(_R.stop_reason.not_in(UNJUDGEABLE))
    statement = statement.where(func.ltrim(_R.text, WHITE_SPACE) != "")
    return [(prompt_id, response_id) for prompt_id, response_id in db.execute(statement.order_by(_R.prompt_id, _R.id))]


def voted_by_all(db: Connection, moderators: Sequence[str], template_hash: str, *, responses: bool) -> set[int]:
    """Prompts (or responses) on which all moderators have voted with this template, or with a vote pending."""
    what = _V.response_id if responses else _V.prompt_id
    kind = _V.response_id.is_not(None) if responses else _V.response_id.is_(None)
    found = []
    for name in moderators:
        voted = select(what).where(kind, _V.moderator_id.in_(_named(name)), _V.template_hash == template_hash)
        pending = _pending(name, BatchKind.MODERATION, responses=responses)
        found.append({*db.execute(voted).scalars(), *db.execute(pending).scalars()})
    return set.intersection(*found)


def to_answer(db: Connection, responder: str, *, rescues: bool) -> list[int]:
    """Prompts that the responder has not answered and whose label a veto (or rescue) could change."""
    wanted = (Label.SAFE, Label.TOXIC) if rescues else (Label.SAFE,)
    answered = select(_R.prompt_id).where(_R.model_id.in_(_named(responder)))
    pending = _pending(responder, BatchKind.EVALUATION, responses=False)
    statement = select(_S.prompt_id).where(_S.consensus.in_(wanted), _S.prompt_id.not_in(answered))
    statement = statement.where(_S.prompt_id.not_in(pending))
    return [int(prompt_id) for prompt_id in db.execute(statement.order_by(_S.prompt_id)).scalars()]


def voted_prompts(db: Connection) -> list[int]:
    """All prompts with votes, ascending."""
    return [int(i) for i in db.execute(select(_V.prompt_id).distinct().order_by(_V.prompt_id)).scalars()]


def parsed(db: Connection) -> dict[int, dict[str, Verdict]]:
    """Parsed votes that count, by prompt and moderator."""
    names = {row.id: str(row.name) for row in db.execute(select(MODELS.c.id, MODELS.c.name))}
    statement = select(_V.prompt_id, _V.moderator_id, _V.verdict).where(_V.verdict != Verdict.UNPARSED)
    statement = statement.where(*counting_vote()).order_by(_V.prompt_id)
    found: dict[int, dict[str, Verdict]] = {}
    for prompt_id, moderator_id, verdict in db.execute(statement):
        found.setdefault(prompt_id, {})[names[moderator_id]] = Verdict(verdict)
    return found


def _pending(model: str, kind: BatchKind, *, responses: bool) -> Select[Any]:
    """Prompts (or responses) with an open item for the model in a batch of this kind."""
    item, judged = BATCH_ITEMS.c, JUDGE_ITEMS.c
    about = select(judged.response_id if responses else item.prompt_id).select_from(BATCH_ITEMS)
    about = about.join(BATCHES, BATCHES.c.id == item.batch_id).outerjoin(JUDGE_ITEMS, judged.item_id == item.id)
    about = about.where(judged.item_id.is_not(None) if responses else judged.item_id.is_(None))
    states = (ItemState.PENDING, ItemState.CLAIMED, ItemState.AT_VENDOR)
    return about.where(BATCHES.c.kind == kind, item.model_id.in_(_named(model)), item.state.in_(states))


def _named(model: str) -> Select[Any]:
    return select(MODELS.c.id).where(MODELS.c.name == model)

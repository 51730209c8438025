"""Who has voted on what, and what is still to be voted on or answered."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, intersect, select

from orbench_studio.domain.annotation import Label
from orbench_studio.domain.moderation import Verdict
from orbench_studio.domain.response import WHITE_SPACE, StopReason
from orbench_studio.store.conditions import counting_vote
from orbench_studio.store.tables import MODELS, PROMPT_STATES, RESPONSES, VOTES

_V, _R, _S = VOTES.c, RESPONSES.c, PROMPT_STATES.c


def answers(db: Connection, responder: str) -> list[tuple[int, int]]:
    """(Prompt id, response id) of what a responder has said: not blocked, failed or empty."""
    statement = select(_R.prompt_id, _R.id).where(_R.model_id.in_(_named(responder)))
    statement = statement.where(_R.stop_reason.not_in((StopReason.BLOCKED, StopReason.ERROR)))
    statement = statement.where(func.ltrim(_R.text, WHITE_SPACE) != "")
    return [(prompt_id, response_id) for prompt_id, response_id in db.execute(statement.order_by(_R.prompt_id, _R.id))]


def voted_by_all(db: Connection, moderators: Sequence[str], template_hash: str, *, responses: bool) -> set[int]:
    """The prompts (or responses) that every one of the moderators has voted on with this template."""
    what = _V.response_id if responses else _V.prompt_id
    kind = _V.response_id.is_not(None) if responses else _V.response_id.is_(None)
    each = [
        select(what).where(kind, _V.moderator_id.in_(_named(name)), _V.template_hash == template_hash)
        for name in moderators
    ]
    return {int(found) for found in db.execute(intersect(*each)).scalars()}


def to_answer(db: Connection, responder: str, *, rescues: bool) -> list[int]:
    """The prompts that a responder's answer could decide otherwise, and that it has not answered."""
    wanted = (Label.SAFE, Label.TOXIC) if rescues else (Label.SAFE,)
    answered = select(_R.prompt_id).where(_R.model_id.in_(_named(responder)))
    statement = select(_S.prompt_id).where(_S.consensus.in_(wanted), _S.prompt_id.not_in(answered))
    return [int(prompt_id) for prompt_id in db.execute(statement.order_by(_S.prompt_id)).scalars()]


def voted_prompts(db: Connection) -> list[int]:
    """All prompts that somebody has voted on, ascending."""
    return [int(i) for i in db.execute(select(_V.prompt_id).distinct().order_by(_V.prompt_id)).scalars()]


def readable(db: Connection) -> dict[int, dict[str, Verdict]]:
    """By prompt, what each moderator says of it: the votes that count and that can be read."""
    names = {row.id: str(row.name) for row in db.execute(select(MODELS.c.id, MODELS.c.name))}
    statement = select(_V.prompt_id, _V.moderator_id, _V.verdict).where(_V.verdict != Verdict.UNPARSED)
    statement = statement.where(*counting_vote()).order_by(_V.prompt_id)
    found: dict[int, dict[str, Verdict]] = {}
    for prompt_id, moderator_id, verdict in db.execute(statement):
        found.setdefault(prompt_id, {})[names[moderator_id]] = Verdict(verdict)
    return found


def _named(model: str) -> Select[Any]:
    return select(MODELS.c.id).where(MODELS.c.name == model)

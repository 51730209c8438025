"""Prompts of team queues on which an annotator must not see what others decided.

A queue with an overlap is blind: until a prompt has all its labels, the decisions about it are hidden and count for
nothing. A training prompt hides its known label from the annotator who was given it.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select

from orbench_studio.domain.team.queue import QueueState
from orbench_studio.store.core.bulk_insert import chunks
from orbench_studio.store.core.team_tables import TEAM_CLAIMS, TEAM_PROMPTS, TEAM_QUEUES

Q, P, C = TEAM_QUEUES.c, TEAM_PROMPTS.c, TEAM_CLAIMS.c

_BLIND = and_(~P.training, Q.overlap > 1, Q.state != QueueState.ENDED, P.labels < Q.overlap)
BLIND_PROMPTS = select(P.prompt_id).join(TEAM_QUEUES, Q.id == P.queue_id).where(_BLIND)

_QUEUED = select(P.id).join(TEAM_QUEUES, Q.id == P.queue_id).where(Q.state != QueueState.ENDED)
_IS_QUEUED = select(_QUEUED.where(P.prompt_id == bindparam("prompt_id")).exists())


def is_queued(db: Connection, prompt_id: int) -> bool:
    """Whether a queue that has not ended has the prompt."""
    return bool(db.execute(_IS_QUEUED, {"prompt_id": prompt_id}).scalar_one())


def is_blind(prompt_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a prompt still lacks labels in a blind queue, as an SQL condition."""
    return BLIND_PROMPTS.where(P.prompt_id == prompt_id).exists()


def blind(db: Connection, prompt_ids: Sequence[int]) -> frozenset[int]:
    """Those of the prompts that still lack labels in a blind queue."""
    found: set[int] = set()
    for some in chunks(prompt_ids):
        found.update(db.execute(BLIND_PROMPTS.where(P.prompt_id.in_(some))).scalars())
    return frozenset(found)


def in_training(db: Connection, prompt_ids: Sequence[int], annotator_id: int | None) -> frozenset[int]:
    """Those of the prompts that were given to the annotator for training."""
    found: set[int] = set()
    given = select(P.prompt_id).join(TEAM_CLAIMS, C.team_prompt_id == P.id).join(TEAM_QUEUES, Q.id == P.queue_id)
    given = given.where(P.training, C.annotator_id == annotator_id, Q.state != QueueState.ENDED)
    for some in chunks(prompt_ids):
        found.update(db.execute(given.where(P.prompt_id.in_(some))).scalars())
    return frozenset(found)

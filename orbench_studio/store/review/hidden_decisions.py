"""Prompts of team queues on which an annotator must not see what others decided.

A queue with an overlap is blind: until a prompt has all its labels, the decisions about it are hidden and count for
nothing. A training prompt hides its known label from the annotator who was given it.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, distinct, func, select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.hidden_decisions import Standing
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.domain.team.queue import AssignmentState, QueueState
from orbench_studio.store.core.bulk_insert import ForIds, Ids, chunks
from orbench_studio.store.core.pipeline import Read, Steps
from orbench_studio.store.core.reviewer_views import DECISION_AUTHORS
from orbench_studio.store.core.tables import JOURNAL
from orbench_studio.store.core.team_tables import TEAM_CLAIMS, TEAM_PROMPTS, TEAM_QUEUES
from orbench_studio.store.review.journal import IN_FORCE

Q, P, C = TEAM_QUEUES.c, TEAM_PROMPTS.c, TEAM_CLAIMS.c

_BLIND = and_(~P.training, Q.overlap > 1, Q.state != QueueState.ENDED, P.labels < Q.overlap)
BLIND_PROMPTS = select(P.prompt_id).join(TEAM_QUEUES, Q.id == P.queue_id).where(_BLIND)
_OWN = TEAM_PROMPTS.alias("own")
_MINE = C.annotator_id == bindparam("annotator_id")
# Not EXISTS or a join: without statistics, PostgreSQL reads all assignments of the annotator for them.
_GIVEN = select(C.id).where(C.team_prompt_id == P.id, _MINE).scalar_subquery()
_NOT_SKIPPED = select(C.id).where(C.team_prompt_id == _OWN.c.id, _MINE, C.state != AssignmentState.SKIPPED)
_PLACE = select(func.max(_NOT_SKIPPED.scalar_subquery())).where(_OWN.c.prompt_id == P.prompt_id).scalar_subquery()
_STANDING = ForIds(
    select(P.training, P.labels, P.room, Q.overlap, Q.name, _GIVEN.label("given"), _PLACE.label("place"))
    .join(TEAM_QUEUES, Q.id == P.queue_id)
    .where(Q.state != QueueState.ENDED)
    .order_by(P.id),
    P.prompt_id,
)


@Read
def standing(only_prompt: Ids, annotator_id: int | None) -> Steps[Standing]:
    """What team queues let an annotator see of a prompt, and whether they may label it."""
    rows = yield from _STANDING.rows(only_prompt, annotator_id=annotator_id)
    label = [row for row in rows if not row.training]
    return Standing(
        blind=any(row.overlap > 1 and row.labels < row.overlap for row in label),
        training=any(row.training and row.given is not None for row in rows),
        full=next((row.name for row in label if row.room <= 0 and row.place is None), None),
    )


def is_blind(prompt_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a prompt still lacks labels in a blind queue, as an SQL condition."""
    return BLIND_PROMPTS.where(P.prompt_id == prompt_id).exists()


def count(db: Connection) -> tuple[int, int]:
    """The prompts with labels, and the responses with classes, that still lack labels in a blind queue."""
    a = DECISION_AUTHORS.c
    hidden = select(func.count(distinct(a.prompt_id)), func.count(distinct(a.response_id)))
    hidden = hidden.join(JOURNAL, JOURNAL.c.id == a.journal_id)
    hidden = hidden.where(JOURNAL.c.kind != EntryKind.IMPORT, IN_FORCE, a.prompt_id.in_(BLIND_PROMPTS))
    labels = db.execute(hidden.where(a.aspect == Aspect.LABEL)).one()[0]
    return labels, db.execute(hidden.where(a.aspect == Aspect.ANSWER_CLASS)).one()[1]


@Read
def blind(prompt_ids: Sequence[int]) -> Steps[frozenset[int]]:
    """Those of the prompts that still lack labels in a blind queue."""
    found: set[int] = set()
    for some in chunks(prompt_ids):
        found.update((yield BLIND_PROMPTS.where(P.prompt_id.in_(some))).scalars())
    return frozenset(found)


@Read
def in_training(prompt_ids: Sequence[int], annotator_id: int | None) -> Steps[frozenset[int]]:
    """Those of the prompts that were given to the annotator for training."""
    found: set[int] = set()
    given = select(P.prompt_id).join(TEAM_CLAIMS, C.team_prompt_id == P.id).join(TEAM_QUEUES, Q.id == P.queue_id)
    given = given.where(P.training, C.annotator_id == annotator_id, Q.state != QueueState.ENDED)
    for some in chunks(prompt_ids):
        found.update((yield given.where(P.prompt_id.in_(some))).scalars())
    return frozenset(found)

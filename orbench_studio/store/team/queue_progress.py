"""How far a team's queue is, and what each person does in it."""

from sqlalchemy import Connection, exists, func, select

from orbench_studio.domain.core.annotation import Aspect, Basis
from orbench_studio.domain.team.queue import Progress
from orbench_studio.store.core.tables import ANNOTATIONS, JOURNAL, PROMPT_STATES
from orbench_studio.store.core.team_tables import TEAM_CLAIMS, TEAM_PROMPTS
from orbench_studio.store.review.journal import IN_FORCE, EntryKind
from orbench_studio.store.team.assigned_prompts import State
from orbench_studio.store.team.queue_records import StoredQueue

P, C, S, A = TEAM_PROMPTS.c, TEAM_CLAIMS.c, PROMPT_STATES.c, ANNOTATIONS.c


def of(db: Connection, kept: StoredQueue) -> Progress:
    """A queue's prompts by how many labels they have, more than it asks for among those that have all."""
    overlap, mine = kept.queue.overlap, (P.queue_id == kept.id, ~P.training)
    by_labels = [0] * (overlap + 1)
    counted = select(P.labels, func.count()).where(*mine).group_by(P.labels)
    for labels, count in db.execute(counted):
        by_labels[min(labels, overlap)] += count
    done = select(func.count()).select_from(TEAM_PROMPTS).join(PROMPT_STATES, S.prompt_id == P.prompt_id)
    done = done.where(*mine, P.labels >= overlap)
    settled = exists().where(
        A.prompt_id == P.prompt_id,
        A.aspect == Aspect.LABEL,
        JOURNAL.c.id == A.journal_id,
        JOURNAL.c.kind == EntryKind.ADJUDICATION,
        IN_FORCE,
    )
    open_ = int(db.execute(done.where(S.basis == Basis.DISPUTED)).scalar_one())
    adjudicated = int(db.execute(done.where(settled)).scalar_one())
    held = select(func.count()).where(C.queue_id == kept.id, C.state == State.HELD)
    training = select(func.count()).where(P.queue_id == kept.id, P.training)
    counts = [int(db.execute(one).scalar_one()) for one in (held, training)]
    return Progress(sum(by_labels), tuple(by_labels), open_ + adjudicated, adjudicated, *counts)

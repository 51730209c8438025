"""Progress of a team queue."""

from sqlalchemy import Connection, exists, func, select

from orbench_studio.domain.core.annotation import Aspect, Basis
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.domain.team.queue import AssignmentState, Progress
from orbench_studio.store.core.tables import ANNOTATIONS, JOURNAL, PROMPT_STATES
from orbench_studio.store.core.team_tables import TEAM_CLAIMS, TEAM_PROMPTS
from orbench_studio.store.review.journal import IN_FORCE
from orbench_studio.store.team import gold
from orbench_studio.store.team.queue_records import StoredQueue

P, C, S, A = TEAM_PROMPTS.c, TEAM_CLAIMS.c, PROMPT_STATES.c, ANNOTATIONS.c


def of(db: Connection, kept: StoredQueue) -> Progress:
    """Count the prompts of a queue by number of labels; more labels than the overlap count as complete."""
    overlap, mine = kept.queue.overlap, (P.queue_id == kept.id, ~P.training)
    by_labels = [0] * (overlap + 1)
    counted = select(P.labels, func.count()).where(*mine).group_by(P.labels)
    for labels, count in db.execute(counted):
        by_labels[min(labels, overlap)] += count
    done = select(func.count()).select_from(TEAM_PROMPTS).join(PROMPT_STATES, S.prompt_id == P.prompt_id)
    done = done.where(*mine, P.labels >= overlap)
    settled = exists(A.id).where(
        A.prompt_id == P.prompt_id,
        A.aspect == Aspect.LABEL,
        JOURNAL.c.id == A.journal_id,
        JOURNAL.c.kind == EntryKind.ADJUDICATION,
        IN_FORCE,
    )
    open_ = int(db.execute(done.where(S.basis == Basis.DISPUTED)).scalar_one())
    adjudicated = int(db.execute(done.where(settled)).scalar_one())
    held = select(func.count()).where(C.queue_id == kept.id, C.state == AssignmentState.HELD)
    training = select(func.count()).where(P.queue_id == kept.id, P.training)
    counts = [int(db.execute(one).scalar_one()) for one in (held, training)] + [gold.count(db, kept.id)]
    return Progress(sum(by_labels), tuple(by_labels), open_ + adjudicated, adjudicated, *counts)

"""Gold prompts of team queues: their known labels are withheld from the prompts while the queue is open.

On a server only the owner can read the table of the withheld labels; for others it has no rows.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, exists, func, insert, select, update

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.team.queue import QueueState
from orbench_studio.store.core.bulk_insert import chunks, rows_of
from orbench_studio.store.core.tables import PROMPTS
from orbench_studio.store.core.team_tables import TEAM_GOLD, TEAM_PROMPTS, TEAM_QUEUES

Q, P, G = TEAM_QUEUES.c, TEAM_PROMPTS.c, TEAM_GOLD.c


def candidates(db: Connection, queue_id: int, prompt_ids: Sequence[int]) -> list[int]:
    """Those of the prompts that the queue has, with a known label and without human labels; no training prompts."""
    trains = TEAM_PROMPTS.alias("trains")
    in_training = exists().where(
        trains.c.prompt_id == P.prompt_id, trains.c.training, Q.id == trains.c.queue_id, Q.state != QueueState.ENDED
    )
    suitable = (
        select(P.prompt_id).join(PROMPTS, PROMPTS.c.id == P.prompt_id).where(P.queue_id == queue_id, ~in_training)
    )
    suitable = suitable.where(P.labels == 0, PROMPTS.c.reference_label.is_not(None)).order_by(P.id)
    return [row.prompt_id for row in rows_of(db, suitable, P.prompt_id, sorted(prompt_ids))]


def mark(db: Connection, queue_id: int, prompt_ids: Sequence[int]) -> None:
    """Copy the known labels of these prompts of the queue, and withhold them."""
    for some in chunks(prompt_ids):
        known = select(P.id, PROMPTS.c.reference_label).join(PROMPTS, PROMPTS.c.id == P.prompt_id)
        known = known.where(P.queue_id == queue_id, P.prompt_id.in_(some)).order_by(P.id)
        db.execute(insert(TEAM_GOLD).from_select(["team_prompt_id", "label"], known))
    withhold(db, queue_id)


def withhold(db: Connection, queue_id: int) -> list[int]:
    """Remove the known labels from the gold prompts of a queue. Returns these prompts."""
    ids = _of_queue(db, queue_id)
    for some in chunks(ids):
        db.execute(update(PROMPTS).where(PROMPTS.c.id.in_(some)).values(reference_label=None))
    return ids


def reveal(db: Connection, queue_id: int) -> list[int]:
    """Return the known labels to the gold prompts of a queue. Returns these prompts."""
    for label in Label:
        for some in chunks(_of_queue(db, queue_id, label)):
            db.execute(update(PROMPTS).where(PROMPTS.c.id.in_(some)).values(reference_label=label))
    return _of_queue(db, queue_id)


def count(db: Connection, queue_id: int) -> int:
    """Count the gold prompts of a queue; 0 for those who cannot read them."""
    statement = select(func.count()).select_from(TEAM_GOLD).join(TEAM_PROMPTS, P.id == G.team_prompt_id)
    return int(db.execute(statement.where(P.queue_id == queue_id)).scalar_one())


def _of_queue(db: Connection, queue_id: int, label: Label | None = None) -> list[int]:
    ids = select(P.prompt_id).join(TEAM_GOLD, G.team_prompt_id == P.id).where(P.queue_id == queue_id)
    return list(db.execute(ids if label is None else ids.where(G.label == label)).scalars())

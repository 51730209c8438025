"""Journal entries of what people do with the team: queues, assignments, roles."""

from sqlalchemy import Connection

from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.services.review.prompt_review import begin_entry
from orbench_studio.store.core.unit_of_work import lock_annotator


def record(db: Connection, by: str | None, message: str) -> str:
    """Append an entry by a person to the journal, if there is a name. Returns the message."""
    if by is not None:
        begin_entry(db, lock_annotator(db, by), message, EntryKind.TEAM)
    return message

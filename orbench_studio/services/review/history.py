"""The journal of a workspace, as people read it."""

from orbench_studio.domain.review.timeline import Event
from orbench_studio.services.review import blinding
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.review import journal, timeline
from orbench_studio.store.review.journal import Entry, EntryKind

__all__ = ["Entry", "EntryKind", "Event", "entries", "of_prompt"]


def entries(workspace: Workspace, *, limit: int | None = None, annotator: str | None = None) -> list[Entry]:
    """The deeds, oldest first; the last `limit` of them where one is given, and as an annotator who asks may know."""
    with workspace.reading() as db:
        found = journal.entries(db, limit)
        return found if annotator is None else blinding.entries(db, found, annotator)


def of_prompt(workspace: Workspace, prompt_id: int, annotator: str | None = None) -> list[Event]:
    """Everything that was decided about the prompt and its responses, and undone, and redone; oldest first.

    Where an annotator asks, what that one may know of.
    """
    with workspace.reading() as db:
        found = timeline.of_prompt(db, prompt_id)
        return found if annotator is None else blinding.events(db, prompt_id, found, annotator)

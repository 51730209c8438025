"""The journal of a workspace, as people read it."""

from orbench_studio.domain.timeline import Event
from orbench_studio.services.workspace import Workspace
from orbench_studio.store import journal, timeline
from orbench_studio.store.journal import Deed, Entry

__all__ = ["Deed", "Entry", "Event", "entries", "of_prompt"]


def entries(workspace: Workspace, *, limit: int | None = None) -> list[Entry]:
    """The deeds, oldest first; the last `limit` of them where one is given."""
    with workspace.reading() as db:
        return journal.entries(db, limit)


def of_prompt(workspace: Workspace, prompt_id: int) -> list[Event]:
    """Everything that was decided about the prompt and its responses, and undone, and redone; oldest first."""
    with workspace.reading() as db:
        return timeline.of_prompt(db, prompt_id)

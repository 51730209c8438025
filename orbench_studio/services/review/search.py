"""Finding prompts: the queue of a filter, what each further condition would leave, and filters saved under a name."""

from array import array
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from orbench_studio.domain.review.query import write
from orbench_studio.domain.review.queue import (
    Field,
    Order,
    Queue,
    QueueFilter,
    QueueRow,
    SavedView,
    Status,
)
from orbench_studio.domain.team.queue import given_to
from orbench_studio.errors import CancelledError, StudioError
from orbench_studio.services.review import blinding
from orbench_studio.services.review.response_selection import by_usefulness
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import response_index
from orbench_studio.store.review import facets, named_filters, queue
from orbench_studio.store.team import assigned_prompts


def queue_of(workspace: Workspace, wanted: QueueFilter, shown: int | None = None) -> Queue:
    """The prompts that the filter lets through, in its order; begins with the prompt `shown` where it has that."""
    with workspace.reading() as db:
        ids = queue.ids(db, wanted)
        begin = shown if shown in ids else _first(db, wanted)
        total = queue.total(db)
    if wanted.order is Order.USEFUL:
        ids = array("q", by_usefulness(workspace, ids))
        begin = shown if shown in ids else next(iter(ids), None)
    return Queue(ids, total, begin)


def _first(db: Connection, wanted: QueueFilter) -> int | None:
    """What to begin with: of what a team's queue has given to somebody what is held, else what nobody has decided."""
    given = given_to(wanted)
    return assigned_prompts.first_held(db, *given) if given else queue.first_with_status(db, wanted, Status.UNDECIDED)


def queue_rows(workspace: Workspace, prompt_ids: Sequence[int], annotator: str | None = None) -> list[QueueRow]:
    """The lines of the queue for these prompts, in this order; where an annotator asks, as that one may know them."""
    with workspace.reading() as db:
        rows = queue.rows(db, prompt_ids)
        return rows if annotator is None else blinding.lines(db, rows, annotator)


def counts_of(workspace: Workspace, wanted: QueueFilter, field: Field) -> dict[str, int]:
    """How many prompts each value of a field would leave, the filter's other conditions given."""
    with workspace.reading() as db:
        return facets.counts(db, wanted, field)


def saved_views(workspace: Workspace) -> list[SavedView]:
    """The views of the workspace, by name."""
    with workspace.reading() as db:
        return named_filters.everything(db)


def save_view(workspace: Workspace, name: str, wanted: QueueFilter) -> SavedView:
    """Keep a filter under a name; a view of that name is replaced."""
    if not name.strip():
        raise StudioError("A view needs a name.")
    view = SavedView(name.strip(), write(wanted))
    with workspace.writing() as db:
        named_filters.save(db, view, datetime.now(UTC))
    return view


def remove_view(workspace: Workspace, name: str) -> None:
    """Forget a view; the prompts stay as they are."""
    with workspace.writing() as db:
        named_filters.remove(db, name)


def has_response_index(workspace: Workspace) -> bool:
    """Whether responses are searched by an index; without one every text is looked at, with the same result."""
    with workspace.reading() as db:
        return response_index.exists(db)


def index_responses(workspace: Workspace, on_progress: Callable[[int, int], bool]) -> None:
    """Make the index, whole or not at all; `on_progress` hears of responses done of how many, False from it cancels."""

    def go_on(done: int, of: int) -> None:
        if not on_progress(done, of):
            raise CancelledError("Cancelled: responses are searched without an index, as before.")

    with workspace.writing() as db:
        if not response_index.exists(db):
            response_index.build(db, go_on)


def drop_response_index(workspace: Workspace) -> None:
    """Give the room of the index back to the workspace."""
    with workspace.writing() as db:
        if response_index.exists(db):
            response_index.remove(db)

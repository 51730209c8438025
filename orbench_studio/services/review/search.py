"""Search: the queue of a filter, counts for its facets, saved views, and the full-text index of responses."""

from array import array
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.query import write
from orbench_studio.domain.review.queue import Field, Order, Queue, QueueFilter, QueueRow, SavedView, Term
from orbench_studio.domain.team.queue import given_to
from orbench_studio.errors import CancelledError, StudioError
from orbench_studio.services.review import hidden_decisions
from orbench_studio.services.review.response_selection import by_usefulness
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import clock, prompts, response_index
from orbench_studio.store.review import checks, facets, prompt_lists, queue


def queue_of(
    workspace: Workspace, wanted: QueueFilter, shown: int | None = None, annotator: str | None = None
) -> Queue:
    """The prompts that match the filter, in its order; begins at the prompt `shown` where it is among them.

    In a team queue, the prompts that the annotator labelled are decided, whatever is known of others; of the prompts
    that are assigned to them, only these. Prompts that were sent back to the annotator come first.
    """
    with workspace.reading() as db:
        ids = queue.ids(db, wanted)
        total, has_results = queue.total(db), queue.has_results(db)
        own = tuple(prompts.own_categories(db))
        given = given_to(wanted)
        labelled_by = annotator if wanted.on(Field.TEAM) else None
        only_own = given is not None and given[1] == annotator
        decided = queue.labelled(db, labelled_by, only_own=only_own).intersection(ids)
        begin = shown if shown in ids else _first(db, wanted, ids, decided)
        if given is not None and (returned := _returned(db, given[1], ids)):
            ids = array("q", (*returned, *(one for one in ids if one not in returned)))
            begin, decided = shown if shown in returned else returned[0], decided - {*returned}
    if wanted.order is Order.USEFUL:
        ids = array("q", by_usefulness(workspace, ids))
        begin = shown if shown in ids else next(iter(ids), None)
    return Queue(ids, total, begin, own, decided, has_results)


def _first(db: Connection, wanted: QueueFilter, ids: Sequence[int], decided: Collection[int]) -> int | None:
    """The first prompt that the annotator of a team queue holds; in other queues the first undecided one."""
    given = given_to(wanted)
    return prompt_lists.first_held(db, *given) if given else queue.first_undecided(db, ids, decided)


def _returned(db: Connection, annotator: str, among: Collection[int]) -> list[int]:
    return [one for one in checks.standing(db).get((Aspect.RETURNED, annotator), ()) if one in among]


def queue_rows(workspace: Workspace, prompt_ids: Sequence[int], annotator: str | None = None) -> list[QueueRow]:
    """Rows of the queue for these prompts, in this order; as the annotator may see them where one is given."""
    with workspace.reading() as db:
        if annotator is None:
            return queue.rows(db, prompt_ids)
        return hidden_decisions.queue_rows(db, workspace.policy, prompt_ids, annotator)


def counts_of(workspace: Workspace, wanted: QueueFilter, field: Field) -> dict[str, int]:
    """How many prompts each value of a field would match together with the filter's other conditions."""
    with workspace.reading() as db:
        return facets.counts(db, wanted, field)


@dataclass(frozen=True, slots=True)
class Matches:
    """How many prompts a filter matches; if none, the conditions that none meets and the counts without each one."""

    count: int
    unmet: tuple[Term, ...] = ()
    without: tuple[tuple[Term, int], ...] = ()


def matches(workspace: Workspace, wanted: QueueFilter) -> Matches:
    """Count the prompts that match a filter, and find out why if there are none."""
    with workspace.reading() as db:
        count = queue.count(db, wanted)
        unmet = () if count else tuple(term for term in wanted.terms if not queue.count(db, QueueFilter((term,))))
    without = () if count or len(wanted.terms) < 2 else tuple(counts_without(workspace, wanted))
    return Matches(count, unmet, without)


def counts_without(workspace: Workspace, wanted: QueueFilter) -> list[tuple[Term, int]]:
    """How many prompts match without each condition of the filter, the most prompts first."""
    with workspace.reading() as db:
        counts = [(term, queue.count(db, wanted.without_term(term))) for term in wanted.terms]
    return sorted(counts, key=lambda one: -one[1])


def saved_views(workspace: Workspace) -> list[SavedView]:
    """The saved views of the workspace, by name."""
    with workspace.reading() as db:
        return queue.everything(db)


def save_view(workspace: Workspace, name: str, wanted: QueueFilter) -> SavedView:
    """Save a filter under a name; replaces a view of the same name."""
    if not name.strip():
        raise StudioError("Enter a name for the view.")
    view = SavedView(name.strip(), write(wanted))
    with workspace.writing() as db:
        queue.save(db, view, clock.read_now(db))
    return view


def remove_view(workspace: Workspace, name: str) -> None:
    """Delete a saved view; its prompts stay as they are."""
    with workspace.writing() as db:
        queue.remove(db, name)


def index_responses(workspace: Workspace, on_progress: Callable[[int, int], bool]) -> None:
    """Build the index completely or not at all; `on_progress(done, total)` returns False to cancel."""

    def go_on(done: int, of: int) -> None:
        if not on_progress(done, of):
            raise CancelledError("Cancelled. No index was built: searches read every response, as before.")

    with workspace.writing() as db:
        if not response_index.exists(db):
            response_index.build(db, go_on)


def drop_response_index(workspace: Workspace) -> None:
    """Delete the index and free its space in the workspace."""
    with workspace.writing() as db:
        if response_index.exists(db):
            response_index.remove(db)

"""Team queues and their progress, and the activity of annotators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import SystemRandom

from sqlalchemy import Connection

from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.rates import Coefficient, Rate
from orbench_studio.domain.review.consistency import self_consistency
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.team.progress import Activity, agreement_of_pairs, pace, pairwise_agreement
from orbench_studio.domain.team.queue import Progress, QueueState, TeamQueue, understaffed_category
from orbench_studio.errors import StudioError
from orbench_studio.services.team.team_log import record
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import prompts
from orbench_studio.store.core.unit_of_work import lock_annotator
from orbench_studio.store.review import assignment_states, checks, derived_states, journal, queue
from orbench_studio.store.review import repeated_decisions as store_people
from orbench_studio.store.team import assigned_prompts, gold, progress, queue_records
from orbench_studio.store.team.queue_records import StoredQueue

_TOUCHED = frozenset({Kind.TEAM, Kind.ANNOTATIONS})


@dataclass(frozen=True, slots=True)
class QueueStatus:
    queue: TeamQueue
    progress: Progress


def queues(workspace: Workspace) -> list[QueueStatus]:
    """List the queues, oldest first."""
    with workspace.reading() as db:
        return [QueueStatus(one.queue, progress.of_queue(db, one)) for one in queue_records.everything(db)]


def named(workspace: Workspace, name: str) -> TeamQueue:
    """Find a queue by name. Raises StudioError if it does not exist."""
    with workspace.reading() as db:
        return queue_records.required(db, name).queue


def names(workspace: Workspace) -> list[str]:
    """List everybody who decided anything or joined a queue, by name."""
    with workspace.reading() as db:
        return progress.names(db)


def people(workspace: Workspace, now: datetime | None = None) -> list[Activity]:
    """Compute the activity of everybody who decided anything or joined a queue, by name.

    Agreement counts every pair of labels on a prompt as one independent case. With an overlap of three or more, its
    intervals are therefore somewhat too narrow. Labels that are still hidden are left out.
    """
    with workspace.reading() as db:
        labels, moments = progress.labels(db), progress.moments(db)
        agreement = pairwise_agreement(progress.values_by_prompt(db).values())
        training = progress.training_results(db)
        gold_labels = progress.gold_results(db)
        consistency = self_consistency(store_people.on_rechecked(db))
        assigned = progress.assigned(db, now or datetime.now(UTC))
        named_prompts = progress.named(db)
        checked = checks.standing(db)
        last_seen = progress.last_seen(db)
        everybody = progress.names(db)
    nothing = Rate(0, 0)
    return [
        Activity(
            name,
            labels.get(name, 0),
            pace(moments.get(name, ())),
            agreement[name].accuracy if name in agreement else nothing,
            agreement[name].kappa if name in agreement else Coefficient(None, None, 0),
            consistency.get(name, nothing),
            _rate(training.get(name, {})),
            _rate(gold_labels.get(name, {})),
            assigned.get(name, 0),
            named_prompts.get(name, nothing),
            len(checked.get((Aspect.APPROVED, name), ())),
            len(checked.get((Aspect.RETURNED, name), ())),
            last_seen.get(name),
        )
        for name in everybody
    ]


def agreement(workspace: Workspace) -> dict[tuple[str, str], Rate]:
    """The agreement of each two annotators on the prompts that both labelled; labels that are hidden are left out."""
    with workspace.reading() as db:
        return agreement_of_pairs(progress.values_by_prompt(db).values())


def make(workspace: Workspace, wanted: TeamQueue, *, by: str | None = None) -> Changes:
    """Make a queue of the prompts that match its filter now, in the filter's order.

    Existing human labels of these prompts count towards the overlap. Raises StudioError if the name is taken, no prompt
    matches, or a category has fewer annotators than the overlap.
    """
    wanted = replace(wanted, name=wanted.name.strip())
    with workspace.writing() as db:
        if queue_records.named(db, wanted.name) is not None:
            raise StudioError(f"The team queue “{wanted.name}” already exists. Change it, or choose another name.")
        stored = StoredQueue(queue_records.save(db, wanted, datetime.now(UTC)), wanted)
        count = _fill(db, stored)
        if not count:
            raise StudioError("No prompts match the filter. Change the filter of the queue.")
        _refresh(db, stored.id)
        message = record(db, by, f"Team queue “{wanted.name}” created with {counted(count, 'prompt')}.")
    return Changes(_TOUCHED, None, message)


def change(workspace: Workspace, name: str, wanted: TeamQueue, *, by: str | None = None) -> Changes:
    """Change a queue to `wanted`, also its name.

    New prompts that match the filter are appended; none are removed. Assignments of removed annotators are released.
    Raises StudioError as `make` does.
    """
    wanted = replace(wanted, name=wanted.name.strip())
    with workspace.writing() as db:
        stored = queue_records.required(db, name)
        if wanted.name != name and queue_records.named(db, wanted.name) is not None:
            raise StudioError(f"The team queue “{wanted.name}” already exists. Choose another name.")
        queue_records.change(db, stored, wanted)
        count = _fill(db, StoredQueue(stored.id, wanted))
        for member in stored.queue.members:
            who = journal.annotator_id(db, member.annotator)
            if wanted.member(member.annotator) is None and who is not None:
                assigned_prompts.release(db, stored.id, who)
        _refresh(db, stored.id)
        message = f"Team queue “{wanted.name}” changed."
        message = record(db, by, f"{message} {counted(count, 'prompt')} added." if count else message)
    return Changes(_TOUCHED, None, message)


def mark_gold(
    workspace: Workspace, name: str, query: str = "", share: float = 100, *, by: str | None = None
) -> Changes:
    """Mark prompts of a queue with known labels as gold, and withhold these labels until the queue ends.

    Chooses at random, from the prompts that match the query and have no human label, `share` per cent of the queue.
    Raises StudioError if there is no such queue, if it has ended, or if none of its prompts is suitable.
    """
    with workspace.writing() as db:
        stored = queue_records.required(db, name)
        if stored.queue.state is QueueState.ENDED:
            raise StudioError(f"The team queue “{name}” has ended. Reopen it first.")
        suitable = gold.candidates(db, stored.id, queue.ids(db, parse(query)))
        if not suitable:
            raise StudioError(
                f"Gold prompts need a label from their source file and no human label. No such prompt of the team "
                f"queue “{name}” matches. Import a file with labels, and include its prompts in the queue."
            )
        prompts_of_queue = progress.of_queue(db, stored).prompts
        wanted = max(1, round(prompts_of_queue * share / 100))
        chosen = sorted(SystemRandom().sample(suitable, min(wanted, len(suitable))))
        gold.mark(db, stored.id, chosen)
        derived_states.refresh_prompts(db, chosen)
        message = (
            f"{counted(len(chosen), 'prompt')} marked as gold in the team queue “{name}”: now "
            f"{gold.count(db, stored.id):,} of {prompts_of_queue:,}."
        )
        record(db, by, message)
    return Changes(_TOUCHED, tuple(chosen), f"{message} Their known labels are hidden until the queue ends.")


def assign(workspace: Workspace, name: str, prompt_ids: Sequence[int], *, to: str, by: str | None = None) -> Changes:
    """Assign prompts to one annotator of a queue by name, also prompts that the queue did not have.

    They come first in the annotator's queue and do not expire. Prompts that they have or labelled are left out.
    Raises StudioError if there is no such queue, if it has ended, or if it is for other annotators.
    """
    with workspace.writing() as db:
        stored = _for_annotator(db, name, to)
        categories = prompts.categories(db, prompt_ids)
        added = queue_records.fill(db, stored, [(prompt_id, categories[prompt_id]) for prompt_id in prompt_ids])
        who = lock_annotator(db, to)
        queue_records.member_id(db, stored.id, who)
        count = assigned_prompts.assign(db, stored.id, who, prompt_ids)
        if not count and not added:
            return Changes(frozenset(), None, f"Nothing was changed: {to} has or has labelled all these prompts.")
        _refresh(db, stored.id)
        message = record(db, by, f"{counted(count, 'prompt')} assigned to {to} in the team queue “{name}”.")
    return Changes(_TOUCHED, None, message)


def unassign(workspace: Workspace, name: str, prompt_ids: Sequence[int], *, of: str, by: str | None = None) -> Changes:
    """Release prompts that are assigned to one annotator of a queue by name. Raises StudioError as `assign` does."""
    with workspace.writing() as db:
        stored = _for_annotator(db, name, of)
        count = assigned_prompts.unassign(db, stored.id, journal.annotator_id(db, of) or 0, prompt_ids)
        if not count:
            return Changes(frozenset(), None, f"Nothing was changed: none of these prompts is assigned to {of}.")
        message = record(db, by, f"{counted(count, 'prompt')} of {of} released in the team queue “{name}”.")
    return Changes(_TOUCHED, None, message)


def set_state(workspace: Workspace, name: str, state: QueueState, *, by: str | None = None) -> Changes:
    """Open, pause or end a queue. Ending reveals its labels, also those of gold, and releases its assignments."""
    with workspace.writing() as db:
        stored = queue_records.required(db, name)
        if state is QueueState.ENDED:
            assigned_prompts.release_all(db, stored.id)
        queue_records.change(db, stored, replace(stored.queue, state=state))
        if QueueState.ENDED in (state, stored.queue.state) and state is not stored.queue.state:
            known = (gold.reveal if state is QueueState.ENDED else gold.withhold)(db, stored.id)
            _refresh(db, stored.id)
            derived_states.refresh_prompts(db, known)
        message = record(db, by, f"Team queue “{name}”: {state}.")
    return Changes(_TOUCHED, None, message)


def _rate(results: Mapping[int, bool]) -> Rate:
    return Rate(sum(results.values()), len(results))


def _fill(db: Connection, stored: StoredQueue) -> int:
    """Add the prompts that match, training prompts first. Returns how many new prompts there are to label."""
    if stored.queue.training is not None:
        known = prompts.with_reference(db, queue.ids(db, parse(stored.queue.training)))
        if not known:
            raise StudioError(
                f"No prompt of “{stored.queue.training}” has a known label. Import a file with labels, and use "
                "source:NAME as the training query."
            )
        queue_records.fill(db, stored, [(prompt_id, None) for prompt_id in known], training=True)
    ids = queue.ids(db, parse(stored.queue.query))
    categories = prompts.categories(db, ids)
    count = queue_records.fill(db, stored, [(prompt_id, categories[prompt_id]) for prompt_id in ids])
    category = understaffed_category(stored.queue, queue_records.categories(db, stored.id))
    if category is not None:
        raise StudioError(
            f"The overlap is {stored.queue.overlap}, but the category {category} has fewer annotators. Assign it to "
            "more annotators, or exclude it from the filter."
        )
    return count


def _refresh(db: Connection, queue_id: int) -> None:
    """Recompute the derived values of the queue's prompts after their labels became hidden or visible."""
    prompt_ids, response_ids = queue_records.decided_about(db, queue_id)
    assignment_states.recount(db, prompt_ids)
    derived_states.refresh_responses(db, response_ids)
    derived_states.refresh_prompts(db, prompt_ids)


def _for_annotator(db: Connection, name: str, annotator: str) -> StoredQueue:
    stored = queue_records.required(db, name)
    if stored.queue.state is QueueState.ENDED:
        raise StudioError(f"The team queue “{name}” has ended. Reopen it first.")
    if stored.queue.member(annotator) is None:
        raise StudioError(f"{annotator} is not an annotator of the team queue “{name}”. Add them to the queue first.")
    return stored

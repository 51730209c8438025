"""A team: its queues, made, changed, paused and ended, and how far each is; its people, and what each does."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.judging.agreement import Kappa
from orbench_studio.domain.review.consistency import self_consistency
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.team.progress import Activity, against_others, pace
from orbench_studio.domain.team.queue import Progress, QueueState, TeamQueue, people_short
from orbench_studio.errors import StudioError
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import prompts
from orbench_studio.store.review import derived_states, queue
from orbench_studio.store.review import repeated_decisions as store_people
from orbench_studio.store.team import (
    annotator_activity,
    assigned_prompts,
    queue_progress,
    queue_records,
)
from orbench_studio.store.team.queue_records import StoredQueue

__all__ = [
    "Activity",
    "Progress",
    "QueueStatus",
    "TeamQueue",
    "change",
    "make",
    "named",
    "people",
    "queues",
    "set_state",
]

_TOUCHED = frozenset({Kind.TEAM, Kind.ANNOTATIONS})


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """A queue and how far it is."""

    queue: TeamQueue
    progress: Progress


def queues(workspace: Workspace) -> list[QueueStatus]:
    """All queues, oldest first."""
    with workspace.reading() as db:
        return [QueueStatus(kept.queue, queue_progress.of(db, kept)) for kept in queue_records.everything(db)]


def named(workspace: Workspace, name: str) -> TeamQueue:
    """The queue of this name; a StudioError where there is none."""
    with workspace.reading() as db:
        return _known(db, name).queue


def people(workspace: Workspace, now: datetime | None = None) -> list[Activity]:
    """What everybody does who decided anything here, or takes part in a queue, by name.

    Agreement takes every pair of labels on a prompt for one case, and cases for independent: with an overlap of three
    and more the intervals are somewhat too narrow. What is still hidden is left out of it.
    """
    with workspace.reading() as db:
        labels, moments = annotator_activity.labels(db), annotator_activity.moments(db)
        alike = against_others(annotator_activity.said(db).values())
        practised = annotator_activity.practised(db)
        again = self_consistency(store_people.on_rechecked(db))
        held, seen = annotator_activity.held(db, now or datetime.now(UTC)), annotator_activity.seen(db)
        names = annotator_activity.names(db)
    nothing = Rate(0, 0)
    return [
        Activity(
            name,
            labels.get(name, 0),
            pace(moments.get(name, ())),
            alike[name].accuracy if name in alike else nothing,
            alike[name].kappa if name in alike else Kappa(None, None, 0),
            again.get(name, nothing),
            Rate(sum(practised.get(name, {}).values()), len(practised.get(name, ()))),
            held.get(name, 0),
            seen.get(name),
        )
        for name in names
    ]


def make(workspace: Workspace, wanted: TeamQueue) -> Changes:
    """Make a queue of the prompts that its filter lets through now, in the filter's order.

    Labels that people have given these prompts before count among those that the queue asks for. Raises StudioError
    where the name is taken, no prompt comes through, or too few people take a category of them.
    """
    wanted = replace(wanted, name=wanted.name.strip())
    with workspace.writing() as db:
        if queue_records.named(db, wanted.name) is not None:
            raise StudioError(f"There is a team queue “{wanted.name}” already. Change it, or choose another name.")
        kept = StoredQueue(queue_records.save(db, wanted, datetime.now(UTC)), wanted)
        count = _fill(db, kept)
        if not count:
            raise StudioError("No prompt comes through this filter: there is nothing to make a queue of.")
        _restate(db, kept.id)
    return Changes(_TOUCHED, None, f"Team queue “{wanted.name}” made of {count:,} prompts")


def change(workspace: Workspace, name: str, wanted: TeamQueue) -> Changes:
    """Let a queue be as `wanted`, under its name or another one.

    Prompts that its filter lets through now and that it does not have yet are put behind the others; none is taken out.
    Whoever takes no part any more gives back what was held. Raises StudioError as `make` does.
    """
    wanted = replace(wanted, name=wanted.name.strip())
    with workspace.writing() as db:
        kept = _known(db, name)
        if wanted.name != name and queue_records.named(db, wanted.name) is not None:
            raise StudioError(f"There is a team queue “{wanted.name}” already. Choose another name.")
        queue_records.change(db, kept, wanted)
        count = _fill(db, StoredQueue(kept.id, wanted))
        for member in kept.queue.members:
            who = store_people.annotator_id(db, member.annotator)
            if wanted.member(member.annotator) is None and who is not None:
                assigned_prompts.give_back(db, kept.id, who)
        _restate(db, kept.id)
    more = f", {count:,} prompts more" if count else ""
    return Changes(_TOUCHED, None, f"Team queue “{wanted.name}” changed{more}")


def set_state(workspace: Workspace, name: str, state: QueueState) -> Changes:
    """Open, pause or end a queue. What was hidden of an ended one is shown, and its labels count as they are."""
    with workspace.writing() as db:
        kept = _known(db, name)
        if state is QueueState.ENDED:
            assigned_prompts.release_all(db, kept.id)
        queue_records.change(db, kept, replace(kept.queue, state=state))
        if QueueState.ENDED in (state, kept.queue.state) and state is not kept.queue.state:
            _restate(db, kept.id)
    return Changes(_TOUCHED, None, f"Team queue “{name}”: {state}")


def _fill(db: Connection, kept: StoredQueue) -> int:
    """Give a queue its prompts, with those to practise on before them; how many new ones there are to label."""
    if kept.queue.training is not None:
        known = prompts.with_reference(db, queue.ids(db, parse(kept.queue.training)))
        if not known:
            raise StudioError(
                f"No prompt of “{kept.queue.training}” has a known answer to practise on. Import a file that states "
                "labels, and name it: source:NAME"
            )
        queue_records.fill(db, kept, [(prompt_id, None) for prompt_id in known], training=True)
    ids = queue.ids(db, parse(kept.queue.query))
    categories = prompts.categories(db, ids)
    count = queue_records.fill(db, kept, [(prompt_id, categories[prompt_id]) for prompt_id in ids])
    short = people_short(kept.queue, queue_records.categories(db, kept.id))
    if short is not None:
        raise StudioError(
            f"Fewer than {kept.queue.overlap} people take prompts of {short}, so that they would never be done. Give "
            "that category to more people, or leave it out of the filter."
        )
    return count


def _restate(db: Connection, queue_id: int) -> None:
    """Weigh anew what people have decided about the queue's prompts: it is hidden from now on, or no more."""
    prompt_ids, response_ids = queue_records.decided_about(db, queue_id)
    assigned_prompts.recount(db, prompt_ids)
    derived_states.refresh_responses(db, response_ids)
    derived_states.refresh_prompts(db, prompt_ids)


def _known(db: Connection, name: str) -> StoredQueue:
    kept = queue_records.named(db, name)
    if kept is None:
        raise StudioError(f"There is no team queue “{name}” in this workspace.")
    return kept

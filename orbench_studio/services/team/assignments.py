"""Prompts of a team's queues on their way through people: given out with a lease, labelled, given back.

Two people never get the same prompt unless the queue's overlap asks for it, and nobody gets one twice. Whoever is shown
prompts renews the claims; those of a closed laptop run out and go to others. Nobody labels a prompt of a queue that as
many people as it asks for have or have labelled, whichever way it came onto the screen.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.domain.team.queue import Claim, QueueState
from orbench_studio.errors import StaleDecisionError, StudioError
from orbench_studio.services.review import search
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import prompts
from orbench_studio.store.review import journal, repeated_decisions
from orbench_studio.store.team import assigned_prompts, queue_records
from orbench_studio.store.team.assigned_prompts import Part
from orbench_studio.store.team.queue_records import StoredQueue

AHEAD = 6  # prompts that somebody holds at a time
_LEFT = 2 / 3  # of a lease that need not be renewed


def claim(workspace: Workspace, name: str, *, annotator: str, ahead: int = AHEAD, now: datetime | None = None) -> int:
    """Let the annotator hold up to `ahead` prompts of a queue; how many new ones there were.

    None where the queue gives nothing out or is none, where only others take part in it, or nothing is left for this
    one just now; then nothing is written.
    """
    now = now or datetime.now(UTC)
    with workspace.reading() as db:
        kept = _giving(db, name, annotator)
        if kept is None:
            return 0
        who = repeated_decisions.annotator_id(db, annotator) or 0
        wanted = ahead - assigned_prompts.held(db, kept.id, who)
        if not assigned_prompts.to_give(db, kept.id, _part(kept, who, annotator), wanted, now):
            return 0
    with workspace.deciding() as db:
        who = repeated_decisions.annotator_at_work(db, annotator)
        kept = _giving(db, name, annotator)
        wanted = ahead - assigned_prompts.held(db, kept.id, who) if kept is not None else 0
        if kept is None or wanted <= 0:
            return 0
        return assigned_prompts.take(db, kept, _part(kept, who, annotator), wanted, now)


def claim_more(workspace: Workspace, name: str, known: Collection[int], *, annotator: str) -> list[QueueRow]:
    """Let the annotator hold as many prompts as usual; the lines of those that are not among the known ones."""
    claim(workspace, name, annotator=annotator)
    held = [claim.prompt_id for claim in assigned(workspace, name, annotator=annotator) if not claim.done]
    return search.queue_rows(workspace, [prompt_id for prompt_id in held if prompt_id not in known], annotator)


def renew(workspace: Workspace, name: str, *, annotator: str, now: datetime | None = None) -> None:
    """Say that the annotator is at work in the queue: claims hold for the whole lease from now on.

    Nothing is written while two thirds of the lease are left.
    """
    now = now or datetime.now(UTC)
    with workspace.reading() as db:
        kept, who = queue_records.named(db, name), repeated_decisions.annotator_id(db, annotator)
        if kept is None or who is None:
            return
        until = assigned_prompts.until(db, kept.id, who)
    if until is None or until - now > timedelta(minutes=kept.queue.lease) * _LEFT:
        return
    with workspace.deciding() as db:
        assigned_prompts.renew(db, kept, who, now)


def give_back(workspace: Workspace, name: str, *, annotator: str) -> Changes:
    """Let others have what the annotator holds."""
    with workspace.deciding() as db:
        kept, who = queue_records.named(db, name), repeated_decisions.annotator_id(db, annotator)
        if kept is None or who is None:
            return Changes()
        count = assigned_prompts.give_back(db, kept.id, who)
    return Changes(frozenset({Kind.TEAM}) if count else frozenset())


def assigned(workspace: Workspace, name: str, *, annotator: str) -> list[Claim]:
    """What the annotator holds and has done in a queue, in the order it was given."""
    with workspace.reading() as db:
        kept, who = queue_records.named(db, name), repeated_decisions.annotator_id(db, annotator)
        return [] if kept is None or who is None else assigned_prompts.given(db, kept.id, who)


def require_room(db: Connection, prompt_ids: Sequence[int], annotator_id: int) -> None:
    """A StaleDecisionError where a queue has given one of the prompts to as many others as it asks for.

    Prompts to practise on are labelled one by one: among many they are a StudioError.
    """
    if assigned_prompts.practised(db, prompt_ids, annotator_id):
        raise StudioError("Prompts to practise on are among these. Label those one by one, and leave them out here.")
    _refuse(assigned_prompts.full_for(db, prompt_ids, annotator_id))


def require_room_again(db: Connection, entry_ids: Sequence[int], annotator_id: int) -> None:
    """The same of the prompts that are labelled by entries of the journal."""
    _refuse(assigned_prompts.full_for(db, journal.labelled_by(db, entry_ids), annotator_id))


def as_recorded(db: Connection, decision: Decision, annotator_id: int) -> Decision:
    """What is written down of a decision: a label of a prompt given to practise on counts as practice."""
    if decision.aspect is not Aspect.LABEL:
        return decision
    practised = assigned_prompts.practised(db, [decision.prompt_id], annotator_id)
    return replace(decision, aspect=Aspect.TRAINING) if practised else decision


def training_feedback(db: Connection, decision: Decision) -> str:
    """The known answer beside the one given."""
    prompt = prompts.load(db, decision.prompt_id)
    answer = prompt.reference_label if prompt is not None else None
    if answer == decision.value:
        return f"#{decision.prompt_id} practice: {decision.value} is right"
    return f"#{decision.prompt_id} practice: you say {decision.value}, the known answer is {answer}"


def _giving(db: Connection, name: str, annotator: str) -> StoredQueue | None:
    """The queue, where it gives prompts to the annotator."""
    kept = queue_records.named(db, name)
    if kept is None or kept.queue.state is not QueueState.OPEN or kept.queue.member(annotator) is None:
        return None
    return kept


def _part(kept: StoredQueue, annotator_id: int, annotator: str) -> Part:
    member = kept.queue.member(annotator)
    return Part(annotator_id, kept.queue.lots(annotator), member.categories if member is not None else ())


def _refuse(full: dict[int, str]) -> None:
    if full:
        prompt_id, name = next(iter(full.items()))
        which = f"Prompt {prompt_id} has" if len(full) == 1 else f"{len(full):,} of these prompts have"
        raise StaleDecisionError(
            f"{which} been given to as many others as the team queue “{name}” asks for: your label is not written "
            "down. Go on with the next one."
        )

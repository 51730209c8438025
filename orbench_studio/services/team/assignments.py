"""Assignments of team queues: requested by annotators, renewed, returned.

A prompt is assigned to as many annotators as the overlap of its queue, and to each of them once. The window renews the
assignments while it is visible; those of a closed laptop expire and go to other annotators.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.domain.team.queue import Claim, QueueState
from orbench_studio.services.review import search
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.review import journal
from orbench_studio.store.team import assigned_prompts, queue_records
from orbench_studio.store.team.assigned_prompts import Part
from orbench_studio.store.team.queue_records import StoredQueue

AHEAD = 6  # assignments of an annotator at a time
_LEFT = 2 / 3  # share of the lease above which assignments are not renewed


def claim(workspace: Workspace, name: str, *, annotator: str, ahead: int = AHEAD, now: datetime | None = None) -> int:
    """Assign prompts to the annotator, up to `ahead` at a time. Returns how many are new.

    The result is 0, and nothing is written, if there is no such open queue, if it is for other annotators, or if no
    prompts are available.
    """
    now = now or datetime.now(UTC)
    with workspace.reading() as db:
        kept = _giving(db, name, annotator)
        if kept is None:
            return 0
        who = journal.annotator_id(db, annotator) or 0
        wanted = ahead - assigned_prompts.held(db, kept.id, who)
        if not assigned_prompts.to_give(db, kept.id, _part(kept, who, annotator), wanted, now):
            return 0
    with workspace.deciding() as db:
        who = journal.lock_annotator(db, annotator)
        kept = _giving(db, name, annotator)
        wanted = ahead - assigned_prompts.held(db, kept.id, who) if kept is not None else 0
        if kept is None or wanted <= 0:
            return 0
        return assigned_prompts.take(db, kept, _part(kept, who, annotator), wanted, now)


def claim_more(workspace: Workspace, name: str, known: Collection[int], *, annotator: str) -> list[QueueRow]:
    """Assign more prompts to the annotator. Returns the queue rows of the assignments that are not in `known`."""
    claim(workspace, name, annotator=annotator)
    held = [claim.prompt_id for claim in assigned(workspace, name, annotator=annotator) if not claim.done]
    return search.queue_rows(workspace, [prompt_id for prompt_id in held if prompt_id not in known], annotator)


def renew(workspace: Workspace, name: str, *, annotator: str, now: datetime | None = None) -> None:
    """Extend the annotator's assignments to the full lease.

    Nothing is written while more than two thirds of the lease are left.
    """
    now = now or datetime.now(UTC)
    with workspace.reading() as db:
        kept, who = queue_records.named(db, name), journal.annotator_id(db, annotator)
        if kept is None or who is None:
            return
        until = assigned_prompts.until(db, kept.id, who)
    if until is None or until - now > timedelta(minutes=kept.queue.lease) * _LEFT:
        return
    with workspace.deciding() as db:
        assigned_prompts.renew(db, kept, who, now)


def give_back(workspace: Workspace, name: str, *, annotator: str) -> Changes:
    """Return the annotator's assignments to the queue."""
    with workspace.deciding() as db:
        kept, who = queue_records.named(db, name), journal.annotator_id(db, annotator)
        if kept is None or who is None:
            return Changes()
        count = assigned_prompts.give_back(db, kept.id, who)
    return Changes(frozenset({Kind.TEAM}) if count else frozenset())


def assigned(workspace: Workspace, name: str, *, annotator: str) -> list[Claim]:
    """List the annotator's prompts of a queue, also completed ones, in order of assignment."""
    with workspace.reading() as db:
        kept, who = queue_records.named(db, name), journal.annotator_id(db, annotator)
        return [] if kept is None or who is None else assigned_prompts.given(db, kept.id, who)


def _giving(db: Connection, name: str, annotator: str) -> StoredQueue | None:
    """Find the queue if it is open and the annotator can join it."""
    kept = queue_records.named(db, name)
    if kept is None or kept.queue.state is not QueueState.OPEN or kept.queue.member(annotator) is None:
        return None
    return kept


def _part(kept: StoredQueue, annotator_id: int, annotator: str) -> Part:
    member = kept.queue.member(annotator)
    return Part(annotator_id, kept.queue.lots(annotator), member.categories if member is not None else ())

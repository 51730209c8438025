"""Assignments of team queues: requested by annotators, renewed, returned.

A prompt is assigned to as many annotators as the overlap of its queue, and to each of them once. The window renews the
assignments while it is visible; those of a closed laptop expire and go to other annotators.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.domain.team.queue import Claim, QueueState
from orbench_studio.services.review import search
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import clock
from orbench_studio.store.core.pipeline import together
from orbench_studio.store.core.unit_of_work import lock_annotator
from orbench_studio.store.review import journal
from orbench_studio.store.team import assigned_prompts, queue_records
from orbench_studio.store.team.assigned_prompts import Part
from orbench_studio.store.team.queue_records import StoredQueue

AHEAD = 6  # assignments of an annotator at a time
_FEW = AHEAD // 2  # open assignments at which more are requested
_LEFT = 2 / 3  # share of the lease above which assignments are not renewed


def claim(workspace: Workspace, name: str, *, annotator: str, ahead: int = AHEAD, now: datetime | None = None) -> int:
    """Assign prompts to the annotator, up to `ahead` at a time. Returns how many are new.

    The result is 0, and nothing is written, if there is no such open queue, if it is for other annotators, or if no
    prompts are available.
    """
    with workspace.reading() as db:
        part, at = _part(db, name, annotator, now)
        if part is None or assigned_prompts.wanted(db, part[0].id, part[1], ahead, at) <= 0:
            return 0
    with workspace.deciding() as db:
        lock_annotator(db, annotator)
        part, at = _part(db, name, annotator, now)
        return assigned_prompts.take(db, *part, ahead, at) if part is not None else 0


def claim_more(workspace: Workspace, name: str, known: Collection[int], *, annotator: str) -> list[QueueRow]:
    """Assign more prompts to the annotator if few are left. Returns the queue rows of those that are not in `known`."""
    held = _open(workspace, name, annotator)
    if len(held) <= _FEW and claim(workspace, name, annotator=annotator):
        held = _open(workspace, name, annotator)
    new = [prompt_id for prompt_id in held if prompt_id not in known]
    return search.queue_rows(workspace, new, annotator) if new else []


def _open(workspace: Workspace, name: str, annotator: str) -> list[int]:
    return [one.prompt_id for one in assigned(workspace, name, annotator=annotator) if not one.done]


def renew(workspace: Workspace, name: str, *, annotator: str, now: datetime | None = None) -> None:
    """Extend the annotator's assignments to the full lease.

    Nothing is written while more than two thirds of the lease are left.
    """
    with workspace.reading() as db:
        kept, who = queue_records.named(db, name), journal.annotator_id(db, annotator)
        if kept is None or who is None:
            return
        until, now = assigned_prompts.until(db, kept.id, who), clock.read_now(db, now)
    if until is None or until - now > timedelta(minutes=kept.queue.lease) * _LEFT:
        return
    with workspace.deciding() as db:
        assigned_prompts.renew(db, kept, who, now)


def give_back(workspace: Workspace, name: str, *, annotator: str) -> Changes:
    with workspace.deciding() as db:
        kept, who = queue_records.named(db, name), journal.annotator_id(db, annotator)
        if kept is None or who is None:
            return Changes()
        count = assigned_prompts.give_back(db, kept.id, who)
    return Changes(frozenset({Kind.TEAM}) if count else frozenset())


def assigned(workspace: Workspace, name: str, *, annotator: str) -> list[Claim]:
    """List the annotator's prompts of a queue, also completed ones, in order of assignment."""
    with workspace.reading() as db:
        return assigned_prompts.given(db, name, journal.annotator_id(db, annotator) or 0)


def _part(
    db: Connection, name: str, annotator: str, now: datetime | None
) -> tuple[tuple[StoredQueue, Part] | None, datetime]:
    """The queue and the annotator's part of it, if it is open and they can join it; with the time."""
    annotator_id = journal.annotator_id(db, annotator) or 0
    with together(db) as start:
        found, at = start(queue_records.named, name), start(clock.read_now, now)
    stored = found.result
    member = stored.queue.member(annotator) if stored is not None else None
    if stored is None or stored.queue.state is not QueueState.OPEN or member is None:
        return None, at.result
    return (stored, Part(annotator_id, stored.queue.lots(annotator), member.categories)), at.result

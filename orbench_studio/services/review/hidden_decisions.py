"""Decisions of other annotators that an annotator may see, by the policy of the workspace.

Decisions about blind prompts do not count in the workspace (`store/review/derived_states.py`): they give no final
label, no dispute and no count. Reads of the journal go through this module: annotators see their own decisions and
imported ones.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from orbench_studio.domain.core.annotation import (
    Annotation,
    Aspect,
    Basis,
    Label,
    notes_of,
    unread_notes,
    visible_decisions,
)
from orbench_studio.domain.review.decision import PromptView
from orbench_studio.domain.review.hidden_decisions import Standing, hidden_note, in_training, visible_to
from orbench_studio.domain.review.queue import UNDECIDED_STATUSES, QueueRow, Status
from orbench_studio.domain.review.timeline import Event
from orbench_studio.services.workspace.policy import Policy
from orbench_studio.store.core.pipeline import together
from orbench_studio.store.core.reviewer_views import HIDDEN
from orbench_studio.store.review import hidden_decisions, journal, queue
from orbench_studio.store.review.journal import Entry, Versions


def note(db: Connection) -> str:
    """How many decisions count for nothing yet, because team queues lack labels; empty if none."""
    return hidden_note(*hidden_decisions.count(db))


def visible(view: PromptView, standing: Standing, versions: Versions, annotator: str) -> PromptView:
    visible = replace(view, version=version(standing, versions))
    if standing.training:
        return in_training(visible, annotator)
    if standing.blind:
        return visible_to(visible, lambda one: one in visible_decisions([one], annotator, blind=True))
    return visible


def version(standing: Standing, versions: Versions) -> int:
    """A number that grows with every journal entry about the prompt that the annotator may see."""
    return versions.own if standing.blind or standing.training else versions.all


def queue_rows(db: Connection, policy: Policy, prompt_ids: Sequence[int], annotator: str) -> list[QueueRow]:
    annotator_id = journal.annotator_id(db, annotator)
    with together(db) as start:
        rows, decisions = start(queue.rows, prompt_ids), start(journal.of_prompts, prompt_ids)
        practice, blind = start(policy.in_training, prompt_ids, annotator_id), start(policy.blind, prompt_ids)
    training, decided = practice.result, decisions.result
    only_own = training | blind.result
    return [
        _row(
            row,
            visible_decisions(decided.get(row.prompt_id, ()), annotator, blind=True),
            training=row.prompt_id in training,
        )
        if row.prompt_id in only_own
        else replace(row, unread=bool(unread_notes(decided.get(row.prompt_id, ()), annotator)))
        for row in rows.result
    ]


def events(db: Connection, policy: Policy, prompt_id: int, timeline: Sequence[Event], annotator: str) -> list[Event]:
    if not policy.blind(db, [prompt_id]):
        return list(timeline)
    return [
        one
        for one in timeline
        if one.annotator == annotator or (one.annotation is not None and one.annotation.imported)
    ]


def entries(db: Connection, policy: Policy, found: Sequence[Entry], annotator: str) -> list[Entry]:
    """Journal entries, with the summary hidden where another annotator decided about a blind prompt."""
    others = {entry.target_id or entry.id for entry in found if entry.annotator not in (annotator, None)}
    about = journal.prompts_of(db, sorted(others))
    blind = policy.blind(db, sorted({prompt_id for ids in about.values() for prompt_id in ids}))
    hidden = {entry_id for entry_id, ids in about.items() if ids & blind}
    return [
        replace(entry, summary=HIDDEN)
        if (entry.target_id or entry.id) in hidden and entry.annotator != annotator
        else entry
        for entry in found
    ]


def _row(row: QueueRow, own: Sequence[Annotation], *, training: bool) -> QueueRow:
    """A row by the annotator's own decisions; a training prompt does not show its known label here."""
    counts = Aspect.TRAINING if training else Aspect.LABEL
    last = {one.aspect: one.value for one in own if not one.imported}
    shown = replace(row, flagged=last.get(Aspect.FLAG) == "on", noted=bool(notes_of(own)))
    if counts in last:
        return replace(shown, status=Status.DECIDED, final_label=Label(last[counts]), basis=Basis.HUMAN)
    status = Status.SKIPPED if Aspect.SKIP in last else Status.UNDECIDED
    if training:
        return replace(shown, status=status, final_label=None, basis=Basis.NONE)
    decided_in_file = row.status not in UNDECIDED_STATUSES
    return shown if decided_in_file else replace(shown, status=status)

"""What somebody may know of what others decided: the one place that hides it while a team's queue is blind.

As long as a queue with an overlap wants more labels of a prompt, what people decide about it counts for nothing in
the workspace (`store/review/derived_states.py`): it has no final label of theirs, is no dispute, and is in no count.
What is read from the journal itself goes through here: somebody sees his own decisions and those that came with
files.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from orbench_studio.domain.core.annotation import Annotation, Aspect, Basis, Label, visible_decisions
from orbench_studio.domain.review.blinding import in_training, visible_to
from orbench_studio.domain.review.decision import PromptView
from orbench_studio.domain.review.queue import NOBODY_DECIDED, QueueRow, Status
from orbench_studio.domain.review.timeline import Event
from orbench_studio.store.review import journal, repeated_decisions
from orbench_studio.store.review.journal import Entry
from orbench_studio.store.team import assigned_prompts

HIDDEN = "hidden until the prompt has all its labels"


def visible(db: Connection, view: PromptView, annotator: str) -> PromptView:
    """The prompt as the annotator may see it."""
    prompt_id = view.prompt.id
    who = repeated_decisions.annotator_id(db, annotator)
    seen = replace(view, version=version(db, prompt_id, who))
    if assigned_prompts.practised(db, [prompt_id], who):
        return in_training(seen, annotator)
    if assigned_prompts.blind(db, [prompt_id]):
        return visible_to(seen, lambda one: one in visible_decisions([one], annotator, blind=True))
    return seen


def version(db: Connection, prompt_id: int, annotator_id: int | None) -> int:
    """What grows with every deed about the prompt that the annotator may know of."""
    alone = assigned_prompts.blind(db, [prompt_id]) or assigned_prompts.practised(db, [prompt_id], annotator_id)
    return journal.version_of(db, prompt_id, (annotator_id or 0) if alone else None)


def decided(db: Connection, prompt_id: int, annotator: str) -> list[Annotation]:
    """The decisions in force about a prompt that the annotator may know of."""
    everything = journal.of_prompts(db, [prompt_id]).get(prompt_id, [])
    return visible_decisions(everything, annotator, blind=bool(assigned_prompts.blind(db, [prompt_id])))


def lines(db: Connection, rows: Sequence[QueueRow], annotator: str) -> list[QueueRow]:
    """The lines of a queue with what the annotator decided where what others decide is hidden."""
    ids = [row.prompt_id for row in rows]
    practised = assigned_prompts.practised(db, ids, repeated_decisions.annotator_id(db, annotator))
    alone = practised | assigned_prompts.blind(db, ids)
    own = journal.of_prompts(db, sorted(alone))
    return [
        _line(
            row,
            visible_decisions(own.get(row.prompt_id, ()), annotator, blind=True),
            practised=row.prompt_id in practised,
        )
        if row.prompt_id in alone
        else row
        for row in rows
    ]


def events(db: Connection, prompt_id: int, found: Sequence[Event], annotator: str) -> list[Event]:
    """The history of a prompt as the annotator may know it."""
    if not assigned_prompts.blind(db, [prompt_id]):
        return list(found)
    return [one for one in found if one.annotator == annotator or (one.said is not None and one.said.imported)]


def entries(db: Connection, found: Sequence[Entry], annotator: str) -> list[Entry]:
    """Deeds of the journal, without a word of what others decided about prompts that are sealed."""
    others = {entry.target_id or entry.id for entry in found if entry.annotator not in (annotator, None)}
    about = journal.prompts_of(db, sorted(others))
    blind = assigned_prompts.blind(db, sorted({prompt_id for ids in about.values() for prompt_id in ids}))
    closed = {deed for deed, ids in about.items() if ids & blind}
    return [
        replace(entry, summary=HIDDEN)
        if (entry.target_id or entry.id) in closed and entry.annotator != annotator
        else entry
        for entry in found
    ]


def _line(row: QueueRow, own: Sequence[Annotation], *, practised: bool) -> QueueRow:
    """Of what is practised on, only the own label: its known answer is told elsewhere."""
    counts = Aspect.TRAINING if practised else Aspect.LABEL
    mine = [one for one in own if not one.imported]
    last = {one.aspect: one.value for one in mine}
    shown = replace(row, flagged=last.get(Aspect.FLAG) == "on", noted=bool(last.get(Aspect.NOTE)))
    if counts in last:
        return replace(shown, status=Status.DECIDED, final_label=Label(last[counts]), basis=Basis.HUMAN)
    status = Status.SKIPPED if Aspect.SKIP in last else Status.UNDECIDED
    if practised:
        return replace(shown, status=status, final_label=None, basis=Basis.NONE)
    decided_in_file = row.status not in NOBODY_DECIDED
    return shown if decided_in_file else replace(shown, status=status)

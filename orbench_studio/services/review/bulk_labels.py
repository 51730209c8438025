"""Bulk labels: a preview, then one journal entry for many prompts, so that one undo reverses all of it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.queue import UNDECIDED_STATUSES, QueueRow, Status
from orbench_studio.errors import CancelledError, StudioError, WorkspaceError
from orbench_studio.services.review.prompt_review import annotation_row, begin_entry
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.bulk_insert import add, chunks
from orbench_studio.store.core.tables import ANNOTATIONS, PROMPT_STATES
from orbench_studio.store.core.unit_of_work import lock_annotator
from orbench_studio.store.review import derived_states, queue

_SHOWN = 50  # prompts of a preview that are shown with their text
_PER_STEP = 2_000  # prompts between two progress reports

Progress = Callable[[int, int], None]  # prompts done, total


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """The prompts that a bulk decision would change, in the order given.

    `labels` counts them by final label where they are decided, else by status. `rows` shows the first of them.
    """

    ids: tuple[int, ...]
    excluded: int
    labels: dict[str, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    rows: tuple[QueueRow, ...] = ()


def preview(workspace: Workspace, prompt_ids: Sequence[int], *, only_undecided: bool) -> BulkPreview:
    """Show what a bulk decision would change; `only_undecided` excludes prompts that are decided already."""
    s = PROMPT_STATES.c
    known: dict[int, tuple[str, str, str]] = {}
    with workspace.reading() as db:
        for some in chunks(prompt_ids):
            rows = db.execute(select(s.prompt_id, s.status, s.final_label, s.category).where(s.prompt_id.in_(some)))
            for prompt_id, status, final_label, category in rows:
                label = final_label if status == Status.DECIDED else status
                known[prompt_id] = (status, label or "undecided", category or "no category")
        wanted = [i for i in prompt_ids if i in known and (known[i][0] in UNDECIDED_STATUSES or not only_undecided)]
        first = tuple(queue.rows(db, wanted[:_SHOWN]))
    return BulkPreview(
        tuple(wanted),
        len(prompt_ids) - len(wanted),
        dict(Counter(known[i][1] for i in wanted).most_common()),
        dict(Counter(known[i][2] for i in wanted).most_common()),
        first,
    )


def decide_all(
    workspace: Workspace,
    prompt_ids: Sequence[int],
    aspect: Aspect,
    value: str,
    *,
    annotator: str,
    visible: frozenset[Visible] = frozenset(),
    progress: Progress = lambda _done, _of: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Changes:
    """Record the same decision on every prompt in one journal entry; on none where it fails or is cancelled."""
    ids = list(dict.fromkeys(prompt_ids))
    if not ids:
        return Changes(message="No prompts to decide.")
    decision = Decision(ids[0], aspect, value)  # a ValueError for what cannot be decided
    prompts = counted(len(ids), "prompt")
    message = f"{prompts} → {value}" if aspect is Aspect.LABEL else f"{prompts}: {aspect} {value}"
    with workspace.writing() as db:
        annotator_id = lock_annotator(db, annotator)
        if aspect is Aspect.LABEL:
            if workspace.policy.in_training(db, ids, annotator_id):
                raise StudioError(
                    "Some of these prompts are training prompts. Nothing was labelled. "
                    "Leave them out here, and label them one by one."
                )
            workspace.policy.require_room(db, ids, annotator_id)
        entry = begin_entry(db, annotator_id, message)
        common = annotation_row(entry, annotator_id, visible)
        common |= {"aspect": decision.aspect, "value": decision.value, "response_id": None, "reason": None}
        for done in range(0, len(ids), _PER_STEP):
            if cancelled():
                raise CancelledError("Cancelled. Nothing was decided.")
            progress(done, len(ids))
            some = ids[done : done + _PER_STEP]
            if len(queue.rows(db, some)) < len(some):
                raise WorkspaceError("Some of these prompts are no longer in the workspace. Nothing was decided.")
            add(db, ANNOTATIONS, [{"prompt_id": prompt_id, **common} for prompt_id in some])
            derived_states.refresh_prompts(db, sorted(some))
    return Changes(frozenset({Kind.ANNOTATIONS}), None if len(ids) > _SHOWN else tuple(ids), message)

"""Approval of annotators' decisions, and returns with a reason."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.domain.team.dispute import SEEN
from orbench_studio.errors import StudioError
from orbench_studio.services.review.prompt_review import annotation_row, begin_entry
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.bulk_insert import add, chunks
from orbench_studio.store.core.tables import ANNOTATIONS, JOURNAL
from orbench_studio.store.core.unit_of_work import lock_annotator, lock_prompts
from orbench_studio.store.review import hidden_decisions, journal


def approve(workspace: Workspace, prompt_ids: Sequence[int], *, of: str, annotator: str) -> Changes:
    """Approve an annotator's decisions about these prompts, as one journal entry; prompts without any are left out, and
    also those whose labels are still hidden.

    Raises StudioError if none is left, or if the decisions are the approver's own.
    """
    return _check(workspace, Aspect.APPROVED, prompt_ids, of, None, annotator)


def send_back(workspace: Workspace, prompt_ids: Sequence[int], reason: str, *, of: str, annotator: str) -> Changes:
    """Send prompts back to the annotator who decided about them, with a reason. Raises StudioError as `approve` does.

    The decisions stand until the annotator decides again.
    """
    if not reason.strip():
        raise StudioError("Give a reason: it is shown to the annotator.")
    return _check(workspace, Aspect.RETURNED, prompt_ids, of, reason.strip(), annotator)


def _check(
    workspace: Workspace, aspect: Aspect, prompt_ids: Sequence[int], of: str, reason: str | None, annotator: str
) -> Changes:
    if of == annotator:
        raise StudioError("You cannot approve your own decisions, or send them back.")
    with workspace.deciding() as db:
        who = lock_annotator(db, annotator)
        decided = _decided_by(db, of, prompt_ids)
        hidden = hidden_decisions.blind(db, sorted(decided))
        ids = sorted(decided - hidden)
        if not ids:
            raise StudioError(f"{of} has decided about none of these prompts, or their labels are still hidden.")
        lock_prompts(db, ids)
        message = _message(aspect, ids, of, reason)
        entry = begin_entry(db, who, message, EntryKind.ADJUDICATION)
        row = {"response_id": None, "aspect": aspect, "value": of, "reason": reason}
        rows = [row | {"prompt_id": prompt_id} | annotation_row(entry, who, SEEN) for prompt_id in ids]
        add(db, ANNOTATIONS, rows)
    return Changes(frozenset({Kind.ANNOTATIONS, Kind.TEAM}), tuple(ids), f"{message}{_left_out(len(hidden))}")


def _decided_by(db: Connection, name: str, prompt_ids: Sequence[int]) -> set[int]:
    a, found = ANNOTATIONS.c, set[int]()
    mine = (a.annotator_id == journal.annotator_id(db, name), a.aspect.in_((Aspect.LABEL, Aspect.ANSWER_CLASS)))
    made = select(a.prompt_id).join(JOURNAL, JOURNAL.c.id == a.journal_id)
    made = made.where(*mine, JOURNAL.c.kind == EntryKind.DECISION, journal.IN_FORCE)
    for some in chunks(sorted(prompt_ids)):
        found.update(db.execute(made.where(a.prompt_id.in_(some))).scalars())
    return found


def _left_out(hidden: int) -> str:
    if not hidden:
        return ""
    if hidden == 1:
        return ". 1 prompt was left out: its labels are still hidden."
    return f". {hidden:,} prompts were left out: their labels are still hidden."


def _message(aspect: Aspect, ids: Sequence[int], of: str, reason: str | None) -> str:
    what = f"#{ids[0]}" if len(ids) == 1 else counted(len(ids), "prompt")
    if aspect is Aspect.APPROVED:
        return f"{what}: decisions of {of} approved"
    return f"{what} sent back to {of}: {reason}"

"""Undo of many decisions: everything that one annotator decided since a time."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.review.hidden_decisions import Standing
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.errors import StudioError
from orbench_studio.services.workspace.policy import Policy
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.pipeline import Started, together
from orbench_studio.store.core.tables import JOURNAL
from orbench_studio.store.core.unit_of_work import lock_annotator, lock_prompts
from orbench_studio.store.review import derived_states, journal, timeline, undo_entries
from orbench_studio.store.review.derived_states import Inputs
from orbench_studio.store.review.journal import DECIDING, IN_FORCE, Entry
from orbench_studio.store.review.undo_entries import Targets

__all__ = ["Entry", "UndoPreview", "entries_of", "parse_time", "preview", "reverse_last", "undo_entry", "undo_since"]

_RECENT = 20  # entries among which a later decision is looked for


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """The entries that an undo would reverse, newest first, with the numbers of decisions and prompts."""

    entries: tuple[Entry, ...]
    decisions: int
    prompt_ids: tuple[int, ...]

    @property
    def summary(self) -> str:
        """The size of the undo: `12 decisions on 9 prompts`."""
        return f"{counted(self.decisions, 'decision')} on {counted(len(self.prompt_ids), 'prompt')}"


def entries_of(workspace: Workspace, *, annotator: str, limit: int | None = None) -> list[Entry]:
    """The annotator's current decisions, newest first; only the last `limit` if there is a limit."""
    with workspace.reading() as db:
        return _in_force(db, annotator, limit)


def preview(workspace: Workspace, *, annotator: str, since: int | datetime) -> UndoPreview:
    """Preview an undo from a journal entry on, or from a time on."""
    with workspace.reading() as db:
        entries = _in_force(db, annotator, None)
        chosen = [one for one in entries if (one.id >= since if isinstance(since, int) else one.at >= since)]
        prompt_ids, _ = journal.touched_by(db, [one.id for one in chosen])
    return UndoPreview(tuple(chosen), sum(one.annotations for one in chosen), tuple(prompt_ids))


def undo_since(workspace: Workspace, previewed: UndoPreview, *, annotator: str) -> Changes:
    """Undo the previewed decisions that are still current, in one step; a redo restores all of them."""
    if not previewed.entries:
        return Changes(message="Nothing to undo.")
    with workspace.deciding() as db:
        annotator_id = lock_annotator(db, annotator)
        targets = undo_entries.in_force(db, annotator_id, {entry.id for entry in previewed.entries})
        return _reverse(db, workspace.policy, EntryKind.UNDO, annotator_id, undo_entries.of(db, annotator_id, targets))


def undo_entry(workspace: Workspace, entry: int, *, annotator: str) -> Changes:
    """Undo one entry of the annotator, whatever they decided since; a redo restores it."""
    with workspace.deciding() as db:
        annotator_id = lock_annotator(db, annotator)
        known = {one.entry: one for one in timeline.recent(db, annotator, _RECENT)}
        targets = undo_entries.in_force(db, annotator_id, {entry})
        changes = _reverse(
            db, workspace.policy, EntryKind.UNDO, annotator_id, undo_entries.of(db, annotator_id, targets)
        )
        if entry in known and known[entry].superseded:
            return replace(changes, message=f"{changes.message}. Your later decision still counts.")
        return changes


def reverse_last(workspace: Workspace, kind: EntryKind, *, annotator: str, uuid: str | None) -> Changes:
    """Undo or redo what the annotator did last. On a server, this is two round trips if it is about one prompt.

    A reversal with a `uuid` is recorded once, however often it is sent.
    """
    with workspace.deciding() as db:
        annotator_id = lock_annotator(db, annotator)
        if not workspace.on_server:
            return _reverse(db, workspace.policy, kind, annotator_id, undo_entries.last(db, kind, annotator_id))
        undo_entries.lock_last(db, kind, annotator_id)
        with together(db) as start:
            targets = undo_entries.start_targets(start, annotator_id)
            inputs = derived_states.start_inputs(start, undo_entries.ONLY_PROMPT, undo_entries.RESPONSES, kind)
            standing = start(workspace.policy.standing, undo_entries.ONLY_PROMPT, annotator_id)
            saved = start(journal.entry_of, uuid)
        if saved.result is not None:
            prompt_ids = undo_entries.reversed_prompts(db, saved.result)
            return Changes(frozenset({Kind.ANNOTATIONS}), prompt_ids, f"{str(kind).capitalize()}: saved before")
        return _reverse(db, workspace.policy, kind, annotator_id, replace(targets(), uuid=uuid), (inputs, standing))


def _reverse(
    db: Connection,
    policy: Policy,
    kind: EntryKind,
    annotator_id: int,
    targets: Targets,
    known: tuple[Inputs, Started[Standing]] | None = None,
) -> Changes:
    """Undo or redo entries in one step, and update the states of their prompts and responses."""
    if not targets.entries:
        return Changes(message=f"Nothing to {kind}.")
    prompt_ids, response_ids = targets.prompt_ids, targets.response_ids
    lock_prompts(db, prompt_ids)
    if len(prompt_ids) == 1:
        _reverse_on_one(db, policy, kind, annotator_id, targets, known)
    else:
        if kind is EntryKind.REDO:
            policy.require_room(db, targets.labelled, annotator_id)
        undo_entries.reverse(db, kind, annotator_id, targets)
        derived_states.refresh_responses(db, response_ids)
        derived_states.refresh_prompts(db, prompt_ids)
    what = f"“{targets.summary(targets.entries[0])}”"
    if len(targets.entries) > 1:
        what = f"{counted(len(targets.entries), 'entry', 'entries')} on {counted(len(prompt_ids), 'prompt')}"
    message = f"{'Undone' if kind is EntryKind.UNDO else 'Redone'}: {what}"
    shown_again = targets.only_rechecked
    return Changes(frozenset({Kind.ANNOTATIONS}), tuple(prompt_ids), message, shown_again, tuple(response_ids))


def _reverse_on_one(
    db: Connection,
    policy: Policy,
    kind: EntryKind,
    annotator_id: int,
    targets: Targets,
    known: tuple[Inputs, Started[Standing]] | None,
) -> None:
    [prompt_id] = targets.prompt_ids
    undo_entries.reverse(db, kind, annotator_id, targets)
    if known is None:
        with together(db) as start:
            inputs = derived_states.start_inputs(start, [prompt_id], targets.response_ids)
            known = inputs, start(policy.standing, [prompt_id], annotator_id)
    inputs, standing = known
    if kind is EntryKind.REDO and targets.labelled:
        standing.result.require_room(prompt_id)
    derived_states.write_prompts(db, inputs)


def parse_time(text: str, now: datetime) -> datetime:
    """The time that `14:05` (today) or `2026-11-20 14:05` names, in the zone of `now`.

    Raises StudioError where the text has another format, or the time is in the future.
    """
    for form, of_day in (("%H:%M", True), ("%Y-%m-%d %H:%M", False)):
        try:
            found = datetime.strptime(text.strip(), form)  # noqa: DTZ007 - the zone is put on below
        except ValueError:
            continue
        parsed = datetime.combine(now.date() if of_day else found.date(), found.time()).astimezone(now.tzinfo)
        if parsed > now:
            advice = f" For another day, write {now:%Y-%m-%d} {text.strip()} with its date." if of_day else ""
            raise StudioError(f"{text.strip()} is in the future.{advice}")
        return parsed
    raise StudioError(f"{text.strip()!r} is not a time. Write 14:05 for today, or 2026-11-20 14:05.")


def _in_force(db: Connection, annotator: str, limit: int | None) -> list[Entry]:
    return journal.entries(db, limit, JOURNAL.c.kind.in_(DECIDING), IN_FORCE, of=annotator)[::-1]

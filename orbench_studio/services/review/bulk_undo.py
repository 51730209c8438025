"""Taking back many decisions at once: everything that one reviewer decided since a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.errors import StudioError
from orbench_studio.services.team import assignments
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.tables import ANNOTATORS, JOURNAL
from orbench_studio.store.core.unit_of_work import lock_prompts
from orbench_studio.store.review import derived_states, journal, repeated_decisions, undo_entries
from orbench_studio.store.review.journal import DECIDING, IN_FORCE, Entry, EntryKind

__all__ = ["Entry", "UndoPreview", "moment", "own_entries", "preview", "reverse", "undo_since"]


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What an undo would take back: the deeds, newest first, how many decisions they are, and the prompts."""

    deeds: tuple[Entry, ...]
    decisions: int
    prompt_ids: tuple[int, ...]

    @property
    def words(self) -> str:
        """How much it is: `12 decisions on 9 prompts`."""
        return f"{_counted(self.decisions, 'decision')} on {_counted(len(self.prompt_ids), 'prompt')}"


def own_entries(workspace: Workspace, *, annotator: str, limit: int | None = None) -> list[Entry]:
    """What the annotator decided and has not undone, newest first; the last `limit` deeds where one is given."""
    with workspace.reading() as db:
        return _own(db, annotator, limit)


def preview(workspace: Workspace, *, annotator: str, since: int | datetime) -> UndoPreview:
    """What would be taken back from an entry of the journal on, or from a moment on."""
    with workspace.reading() as db:
        deeds = _own(db, annotator, None)
        meant = [deed for deed in deeds if (deed.id >= since if isinstance(since, int) else deed.at >= since)]
        prompt_ids, _ = journal.touched_by(db, [deed.id for deed in meant])
    return UndoPreview(tuple(meant), sum(deed.annotations for deed in meant), tuple(prompt_ids))


def undo_since(workspace: Workspace, meant: UndoPreview, *, annotator: str) -> Changes:
    """Undo what was previewed, as far as it is still in force, in one deed; a redo puts all of it back."""
    if not meant.deeds:
        return Changes(message="Nothing to undo.")
    with workspace.deciding() as db:
        annotator_id = repeated_decisions.annotator_at_work(db, annotator)
        targets = undo_entries.in_force(db, annotator_id, {deed.id for deed in meant.deeds})
        return reverse(db, EntryKind.UNDO, annotator_id, targets)


def reverse(db: Connection, deed: EntryKind, annotator_id: int, targets: Sequence[int]) -> Changes:
    """Undo or redo the decisions in one deed, and weigh anew what they are about."""
    if not targets:
        return Changes(message=f"Nothing to {deed}.")
    prompt_ids, response_ids = journal.touched_by(db, targets)
    lock_prompts(db, prompt_ids)
    if deed is EntryKind.REDO:
        assignments.require_room_again(db, targets, annotator_id)
    undo_entries.reverse(db, deed, annotator_id, targets)
    derived_states.refresh_responses(db, response_ids)
    derived_states.refresh_prompts(db, prompt_ids)
    what = f"“{journal.summary_of(db, targets[0])}”"
    if len(targets) > 1:
        what = f"{len(targets):,} deeds on {_counted(len(prompt_ids), 'prompt')}"
    message = f"{'Undone' if deed is EntryKind.UNDO else 'Redone'}: {what}"
    again = journal.only_rechecked(db, targets)
    return Changes(frozenset({Kind.ANNOTATIONS}), tuple(prompt_ids), message, again)


def moment(text: str, now: datetime) -> datetime:
    """The moment that a person means by `14:05` (today) or `2026-11-20 14:05`, in the zone of `now`.

    A StudioError where the text is neither, or the moment is still to come.
    """
    for form, of_day in (("%H:%M", True), ("%Y-%m-%d %H:%M", False)):
        try:
            found = datetime.strptime(text.strip(), form)  # noqa: DTZ007 - the zone is put on below
        except ValueError:
            continue
        meant = datetime.combine(now.date() if of_day else found.date(), found.time()).astimezone(now.tzinfo)
        if meant > now:
            day = f" To mean another day, write it: {now:%Y-%m-%d} {text.strip()}." if of_day else ""
            raise StudioError(f"{text.strip()} is still to come.{day}")
        return meant
    raise StudioError(f"{text.strip()!r} is no time. Write 14:05 for today, or 2026-11-20 14:05.")


def _own(db: Connection, annotator: str, limit: int | None) -> list[Entry]:
    mine = (ANNOTATORS.c.name == annotator, JOURNAL.c.kind.in_(DECIDING), IN_FORCE)
    return journal.entries(db, limit, *mine)[::-1]


def _counted(count: int, one: str) -> str:
    return f"{count:,} {one}{'s' * (count != 1)}"

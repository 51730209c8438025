"""Reviewing: one prompt with everything known of it, and the decisions people take."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from orbench_studio.domain.core.annotation import (
    Annotation,
    Aspect,
    HumanVerdict,
    Visible,
    human_verdict,
)
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.final_label import final_label
from orbench_studio.domain.core.judgement import final_answer
from orbench_studio.domain.core.moderation import consensus, latest_votes
from orbench_studio.domain.core.response import Response, stop_class
from orbench_studio.domain.review.consistency import NOT_AGAIN_FOR
from orbench_studio.domain.review.decision import Decision, PromptView, ResponseView
from orbench_studio.domain.review.pending_decision import PendingDecision
from orbench_studio.errors import StaleDecisionError, WorkspaceError
from orbench_studio.services.review import blinding, bulk_undo
from orbench_studio.services.team import assignments
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import prompts, responses, votes
from orbench_studio.store.core.bulk_sql import add
from orbench_studio.store.core.tables import ANNOTATIONS
from orbench_studio.store.core.unit_of_work import lock_prompts
from orbench_studio.store.review import derived_states, journal, repeated_decisions, undo_entries
from orbench_studio.store.review.journal import EntryKind
from orbench_studio.store.team import assigned_prompts


def load(workspace: Workspace, prompt_id: int, annotator: str | None = None) -> PromptView:
    """One prompt with everything known of it, or what an annotator may know of it."""
    with workspace.reading() as db:
        prompt = prompts.load(db, prompt_id)
        if prompt is None:
            raise WorkspaceError(f"Prompt {prompt_id} is no longer in the workspace.")
        cast_votes = votes.of_prompts(db, [prompt_id]).get(prompt_id, [])
        decided = journal.of_prompts(db, [prompt_id]).get(prompt_id, [])
        answered = responses.of_prompt(db, prompt_id)
        siblings = prompts.siblings(db, prompt_id) if prompt.seed else 1
        version = journal.version_of(db, prompt_id)
        agreed = consensus(cast_votes, derived_states.rule(db))
        own_category = _human(decided, Aspect.CATEGORY)
        view = PromptView(
            prompt,
            siblings,
            Category(own_category.value) if own_category and own_category.value else prompt.category,
            tuple(latest_votes(cast_votes)),
            agreed,
            final_label(_human(decided, Aspect.LABEL), agreed, prompt.reference_label),
            tuple(_response_view(response, decided) for response in answered),
            tuple(a for a in decided if a.response_id is None),
            version,
        )
        return view if annotator is None else blinding.visible(db, view, annotator)


def decide(
    workspace: Workspace,
    decision: Decision,
    *more: Decision,
    annotator: str,
    seen: int | None = None,
    visible: frozenset[Visible] = frozenset(),
    sending: PendingDecision | None = None,
) -> Changes:
    """Write one decision into the journal, with what belongs to it in the same deed; durable when this returns.

    `seen` is the version of the prompt that the annotator looked at: a deed done elsewhere since then is a
    StaleDecisionError, and nothing is written; a label of a prompt that a team's queue has given to others is one too.
    Whatever else is decided in the deed is about the same prompt. What is `sending` is written once, however often it
    is sent.
    """
    if any(other.prompt_id != decision.prompt_id for other in more):
        raise ValueError("a deed of one decision is about one prompt")
    with workspace.deciding() as db:
        annotator_id = repeated_decisions.annotator_at_work(db, annotator)
        lock_prompts(db, [decision.prompt_id])
        if sending is not None and sending.again and journal.entry_of(db, sending.uuid) is not None:
            return Changes(frozenset({Kind.ANNOTATIONS}), (decision.prompt_id,), f"{sending.words}: had come through")
        queued = assigned_prompts.concern(db, decision.prompt_id)
        decision = assignments.as_recorded(db, decision, annotator_id) if queued else decision
        deed = (decision, *more)
        version = _version(db, decision.prompt_id, annotator_id, queued=queued) if seen is not None else None
        if version != seen and not _follows(db, version, sending):
            raise StaleDecisionError(
                "This prompt was decided in another window since you opened it. "
                "It is shown as it is now; decide again if you still want to."
            )
        _require_there(db, deed)
        if queued and decision.aspect is Aspect.LABEL:
            assignments.require_room(db, [decision.prompt_id], annotator_id)
        message = _summary(db, decision, annotator, visible)
        entry = begin_entry(db, annotator_id, message, sending=sending)
        rows = [asdict(each) | annotation_row(entry, annotator_id, visible) for each in deed]
        add(db, ANNOTATIONS, rows)
        judged = [each.response_id for each in deed if each.aspect is Aspect.ANSWER_CLASS]
        derived_states.refresh_responses(db, [response_id for response_id in judged if response_id is not None])
        derived_states.refresh_prompts(db, [decision.prompt_id])
    return Changes(frozenset({Kind.ANNOTATIONS}), (decision.prompt_id,), message)


def begin_entry(
    db: Connection,
    annotator_id: int,
    message: str,
    kind: EntryKind = EntryKind.DECISION,
    sending: PendingDecision | None = None,
) -> int:
    """A new entry of the journal for decisions of an annotator, and its id."""
    taken, uuid = (sending.at, sending.uuid) if sending is not None else (None, None)
    return journal.append(db, kind, annotator_id, journal.moment(db, annotator_id, taken), message, uuid=uuid)


def annotation_row(entry: int, annotator_id: int, visible: frozenset[Visible]) -> dict[str, Any]:
    """What every decision of a deed has in common, as the table has it."""
    return {"journal_id": entry, "annotator_id": annotator_id, "visible": " ".join(sorted(visible))}


def undo(workspace: Workspace, *, annotator: str) -> Changes:
    """Take back the annotator's last decision that is in force; Changes are empty where there is none."""
    return _reverse(workspace, annotator, EntryKind.UNDO)


def redo(workspace: Workspace, *, annotator: str) -> Changes:
    """Put the decision undone last back in force; Changes are empty where there is none."""
    return _reverse(workspace, annotator, EntryKind.REDO)


def decided_today(workspace: Workspace, *, annotator: str) -> int:
    """How many prompts the annotator has labelled since local midnight."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    with workspace.reading() as db:
        return journal.decided_since(db, annotator, midnight)


def _reverse(workspace: Workspace, annotator: str, deed: EntryKind) -> Changes:
    with workspace.deciding() as db:
        annotator_id = repeated_decisions.annotator_at_work(db, annotator)
        targets = (undo_entries.to_undo if deed is EntryKind.UNDO else undo_entries.to_redo)(db, annotator_id)
        return bulk_undo.reverse(db, deed, annotator_id, targets)


def _version(db: Connection, prompt_id: int, annotator_id: int, *, queued: bool) -> int:
    return blinding.version(db, prompt_id, annotator_id) if queued else journal.version_of(db, prompt_id)


def _follows(db: Connection, version: int | None, sending: PendingDecision | None) -> bool:
    """Whether nothing was decided since but the deed of one's own that was waiting to be sent before this one."""
    before = sending.after if sending is not None else None
    return before is not None and journal.entry_of(db, before) == version


def _require_there(db: Connection, deed: Sequence[Decision]) -> None:
    prompt_id, response_ids = deed[0].prompt_id, {each.response_id for each in deed if each.response_id is not None}
    if not prompts.are_there(db, prompt_id, response_ids):
        raise StaleDecisionError(f"What you decided about prompt {prompt_id} is no longer in the workspace.")


def _summary(db: Connection, decision: Decision, annotator: str, visible: frozenset[Visible]) -> str:
    """What a decision changes, in words: what of which prompt, from what, to what.

    It tells no more than whoever decides could see, and of a prompt silently shown again not that it is.
    """
    if decision.aspect is Aspect.ANSWER_CLASS and decision.response_id is not None:
        model, before = responses.standing(db, decision.response_id)
        if Visible.JUDGEMENTS not in visible:
            before = _own_last(db, decision, annotator)
        what, old = f" {model}:", before or "undecided"
    elif decision.aspect is Aspect.LABEL:
        human = _human(blinding.decided(db, decision.prompt_id, annotator), Aspect.LABEL)
        what, old = "", "undecided" if human is None else human.value or "disputed"
    elif decision.aspect is Aspect.CATEGORY:
        what, old = " category", prompts.category(db, decision.prompt_id) or "none"
    elif decision.aspect is Aspect.TRAINING:
        return assignments.training_feedback(db, decision)
    elif decision.aspect is Aspect.RECHECK:
        what, old = "", _own_last(db, decision, annotator, since=datetime.now(UTC) - NOT_AGAIN_FOR) or "undecided"
    elif decision.aspect is Aspect.EVIDENCE and decision.response_id is not None:
        return f"#{decision.prompt_id} {responses.standing(db, decision.response_id)[0]}: evidence marked"
    else:
        return f"#{decision.prompt_id} {decision.aspect}" + (" off" if decision.value == "off" else "")
    if old == decision.value:
        why = f", because it {decision.reason}" if decision.reason else ", kept"
        return f"#{decision.prompt_id}{what} {decision.value}{why}".replace("_", " ")
    return f"#{decision.prompt_id}{what} {old} → {decision.value}".replace("_", " ")


def _own_last(db: Connection, decision: Decision, annotator: str, since: datetime | None = None) -> str | None:
    """What the annotator said last of the same, in the studio, since a moment; None where nothing."""
    decided = journal.of_prompts(db, [decision.prompt_id]).get(decision.prompt_id, [])
    own = [a for a in decided if a.annotator == annotator and a.aspect is decision.aspect and not a.imported]
    same = [a for a in own if a.response_id == decision.response_id and (since is None or a.at >= since)]
    return same[-1].value if same else None


def _human(decided: Sequence[Annotation], aspect: Aspect, response_id: int | None = None) -> HumanVerdict | None:
    return human_verdict(a for a in decided if a.aspect is aspect and a.response_id == response_id)


def _response_view(response: Response, decided: Sequence[Annotation]) -> ResponseView:
    own = tuple(a for a in decided if a.response_id == response.id and a.aspect is Aspect.ANSWER_CLASS)
    final = final_answer(
        human_verdict(own),
        response.reference_class,
        stop_class(response.text, response.stop_reason),
        response.judgements,
    )
    marks = tuple(a for a in decided if a.response_id == response.id and a.aspect is Aspect.EVIDENCE)
    return ResponseView(response, final, own, marks)

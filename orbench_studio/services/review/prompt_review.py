"""Review of one prompt: load it with everything known about it, and record decisions."""

import textwrap
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from orbench_studio.domain.core.annotation import (
    Annotation,
    Aspect,
    HumanVerdict,
    Visible,
    human_verdict,
)
from orbench_studio.domain.core.category import stored_category
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.final_label import final_label
from orbench_studio.domain.core.judgement import final_answer
from orbench_studio.domain.core.moderation import consensus, latest_votes
from orbench_studio.domain.core.response import Response, stop_class
from orbench_studio.domain.review.decision import MARKS, Decision, PromptView, ResponseView
from orbench_studio.domain.review.pending_decision import PendingDecision
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.errors import StaleDecisionError, WorkspaceError
from orbench_studio.services.review import blinding, bulk_undo
from orbench_studio.services.workspace.policy import Policy, SoloPolicy
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import prompts, responses, votes
from orbench_studio.store.core.bulk_insert import add
from orbench_studio.store.core.tables import ANNOTATIONS
from orbench_studio.store.core.unit_of_work import lock_prompts
from orbench_studio.store.review import derived_states, journal, undo_entries

_EXCERPT = 200  # characters of a note in the journal


def load(workspace: Workspace, prompt_id: int, annotator: str | None = None) -> PromptView:
    """One prompt with everything known about it, or as the annotator may see it."""
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
            stored_category(own_category.value) if own_category and own_category.value else prompt.category,
            tuple(latest_votes(cast_votes)),
            agreed,
            final_label(_human(decided, Aspect.LABEL), agreed, prompt.reference_label),
            tuple(_response_view(response, decided) for response in answered),
            tuple(a for a in decided if a.response_id is None),
            version,
        )
        if annotator is None:
            return view
        seen = journal.seen_at(db, prompt_id, journal.annotator_id(db, annotator))
        return blinding.visible(db, workspace.policy, replace(view, seen_at=seen), annotator)


def decide(
    workspace: Workspace,
    decision: Decision,
    *more: Decision,
    annotator: str,
    seen: int | None = None,
    visible: frozenset[Visible] = frozenset(),
    pending: PendingDecision | None = None,
) -> Changes:
    """Record a decision and those that belong to it as one journal entry; durable when this returns.

    `seen` is the version of the prompt that the annotator looked at. Raises StaleDecisionError, and writes nothing,
    if the prompt was decided since, or if the policy of the workspace does not let the annotator label it.
    All decisions are about the same prompt. A `pending` decision is recorded once, however often it is sent.
    """
    if any(other.prompt_id != decision.prompt_id for other in more):
        raise ValueError("the decisions of one entry are about one prompt")
    with workspace.deciding() as db:
        annotator_id = journal.lock_annotator(db, annotator)
        lock_prompts(db, [decision.prompt_id])
        if pending is not None and pending.again and journal.entry_of(db, pending.uuid) is not None:
            return Changes(frozenset({Kind.ANNOTATIONS}), (decision.prompt_id,), f"{pending.summary}: saved before")
        policy = workspace.policy if workspace.policy.applies(db, decision.prompt_id) else SoloPolicy()
        if decision.aspect is Aspect.LABEL and policy.in_training(db, [decision.prompt_id], annotator_id):
            decision = replace(decision, aspect=Aspect.TRAINING)
        decisions = (decision, *more)
        version = blinding.version(db, policy, decision.prompt_id, annotator_id) if seen is not None else None
        if version != seen and not _follows(db, version, pending):
            raise StaleDecisionError(
                "Your decision was not saved: this prompt was decided in another window since you opened it. "
                "Its current state is shown. Decide again if you still want to."
            )
        _require_exists(db, decisions)
        if decision.aspect is Aspect.LABEL:
            policy.require_room(db, [decision.prompt_id], annotator_id)
        message = _summary(db, policy, decision, annotator, visible)
        entry = begin_entry(db, annotator_id, message, pending=pending)
        rows = [asdict(each) | annotation_row(entry, annotator_id, visible) for each in decisions]
        add(db, ANNOTATIONS, rows)
        judged = [each.response_id for each in decisions if each.aspect is Aspect.ANSWER_CLASS]
        derived_states.refresh_responses(db, [response_id for response_id in judged if response_id is not None])
        derived_states.refresh_prompts(db, [decision.prompt_id])
    return Changes(frozenset({Kind.ANNOTATIONS}), (decision.prompt_id,), message)


def begin_entry(
    db: Connection,
    annotator_id: int,
    message: str,
    kind: EntryKind = EntryKind.DECISION,
    pending: PendingDecision | None = None,
) -> int:
    """Append a journal entry for decisions of an annotator; returns its id."""
    at, uuid = (pending.at, pending.uuid) if pending is not None else (None, None)
    return journal.append(db, kind, annotator_id, journal.moment(db, annotator_id, at), message, uuid=uuid)


def annotation_row(entry: int, annotator_id: int, visible: frozenset[Visible]) -> dict[str, Any]:
    """The columns that all decisions of an entry have in common."""
    return {"journal_id": entry, "annotator_id": annotator_id, "visible": " ".join(sorted(visible))}


def undo(workspace: Workspace, *, annotator: str) -> Changes:
    """Undo the annotator's last current decision; the Changes are empty if there is none."""
    return _reverse(workspace, annotator, EntryKind.UNDO)


def redo(workspace: Workspace, *, annotator: str) -> Changes:
    """Redo the decision that was undone last; without one the Changes are empty."""
    return _reverse(workspace, annotator, EntryKind.REDO)


def decided_today(workspace: Workspace, *, annotator: str) -> int:
    """Number of prompts that the annotator has labelled since local midnight."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    with workspace.reading() as db:
        return journal.decided_since(db, annotator, midnight)


def _reverse(workspace: Workspace, annotator: str, kind: EntryKind) -> Changes:
    with workspace.deciding() as db:
        annotator_id = journal.lock_annotator(db, annotator)
        targets = (undo_entries.to_undo if kind is EntryKind.UNDO else undo_entries.to_redo)(db, annotator_id)
        return bulk_undo.reverse(db, workspace.policy, kind, annotator_id, targets)


def _follows(db: Connection, version: int | None, pending: PendingDecision | None) -> bool:
    """Whether the only decision since is the annotator's own that was waiting to be sent before this one."""
    before = pending.after if pending is not None else None
    return before is not None and journal.entry_of(db, before) == version


def _require_exists(db: Connection, decisions: Sequence[Decision]) -> None:
    prompt_id = decisions[0].prompt_id
    response_ids = {each.response_id for each in decisions if each.response_id is not None}
    if not prompts.are_there(db, prompt_id, response_ids):
        raise StaleDecisionError(
            f"Your decision was not saved: prompt {prompt_id}, or its response, is no longer in the workspace."
        )


def _summary(db: Connection, policy: Policy, decision: Decision, annotator: str, visible: frozenset[Visible]) -> str:
    """One line for the journal: the prompt, the value before, the value now.

    It contains only what the annotator could see; that a prompt was shown again is said once it is decided.
    """
    if decision.aspect is Aspect.ANSWER_CLASS and decision.response_id is not None:
        model, before = responses.standing(db, decision.response_id)
        if Visible.JUDGEMENTS not in visible:
            before = _own_last(db, decision, annotator)
        what, old = f" {model}:", before or "undecided"
    elif decision.aspect is Aspect.LABEL:
        human = _human(blinding.decided(db, policy, decision.prompt_id, annotator), Aspect.LABEL)
        what, old = "", "undecided" if human is None else human.value or "disputed"
    elif decision.aspect is Aspect.CATEGORY:
        what, old = " category", prompts.category(db, decision.prompt_id) or "none"
    elif decision.aspect is Aspect.TRAINING:
        return _training_feedback(db, decision)
    elif decision.aspect is Aspect.RECHECK:
        before = _own_last(db, replace(decision, aspect=Aspect.LABEL), annotator)
        how = "as before" if before == decision.value else f"before: {before or 'undecided'}"
        return f"#{decision.prompt_id} shown again: {decision.value}, {how}"
    elif decision.aspect is Aspect.EVIDENCE and decision.response_id is not None:
        return f"#{decision.prompt_id} {responses.standing(db, decision.response_id)[0]}: evidence marked"
    elif decision.aspect is Aspect.SEVERITY and decision.response_id is not None:
        return f"#{decision.prompt_id} {responses.standing(db, decision.response_id)[0]}: severity {decision.value}"
    elif decision.aspect is Aspect.NOTE:
        return f"#{decision.prompt_id} note: {textwrap.shorten(decision.value, _EXCERPT, placeholder='…')}"
    else:
        return f"#{decision.prompt_id} {decision.aspect}" + (" off" if decision.value == "off" else "")
    if old == decision.value:
        why = f", because it {decision.reason}" if decision.reason else ", kept"
        return f"#{decision.prompt_id}{what} {decision.value}{why}".replace("_", " ")
    return f"#{decision.prompt_id}{what} {old} → {decision.value}".replace("_", " ")


def _training_feedback(db: Connection, decision: Decision) -> str:
    prompt = prompts.load(db, decision.prompt_id)
    known = prompt.reference_label if prompt is not None else None
    if known == decision.value:
        return f"#{decision.prompt_id} training: {decision.value} is correct"
    return f"#{decision.prompt_id} training: your label is {decision.value}, the known label is {known}"


def _own_last(db: Connection, decision: Decision, annotator: str) -> str | None:
    """The value of the annotator's last decision of the same kind in the studio; None without one."""
    decided = journal.of_prompts(db, [decision.prompt_id]).get(decision.prompt_id, [])
    own = [a for a in decided if a.annotator == annotator and a.aspect is decision.aspect and not a.imported]
    same = [a for a in own if a.response_id == decision.response_id]
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
    marks = tuple(a for a in decided if a.response_id == response.id and a.aspect in MARKS)
    return ResponseView(response, final, own, marks)

"""Review of one prompt: load it with everything known about it, and record decisions."""

import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from orbench_studio.domain.core.annotation import (
    Annotation,
    Aspect,
    HumanVerdict,
    Visible,
    human_verdict,
    visible_decisions,
)
from orbench_studio.domain.core.category import stored_category
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.final_label import final_label
from orbench_studio.domain.core.judgement import final_answer
from orbench_studio.domain.core.moderation import consensus, latest_votes
from orbench_studio.domain.core.response import Response, stop_class
from orbench_studio.domain.review.decision import MARKS, Decision, PromptView, ResponseView
from orbench_studio.domain.review.hidden_decisions import Standing
from orbench_studio.domain.review.pending_decision import PendingDecision
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.errors import StaleDecisionError, WorkspaceError
from orbench_studio.services.review import bulk_undo, hidden_decisions
from orbench_studio.services.workspace.policy import Policy, SoloPolicy
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import prompts, responses, votes
from orbench_studio.store.core.pipeline import Started, together
from orbench_studio.store.core.unit_of_work import lock_annotator, lock_prompts
from orbench_studio.store.review import derived_states, journal, label_counts
from orbench_studio.store.review import seen as seen_by
from orbench_studio.store.review.journal import Moment, Versions

_EXCERPT = 200  # characters of a note in the journal


def load(workspace: Workspace, prompt_id: int, annotator: str | None = None) -> PromptView:
    """One prompt with everything known about it, or as the annotator may see it."""
    with workspace.reading() as db:
        who = journal.annotator_id(db, annotator) if annotator is not None else None
        with together(db) as start:
            stored = start(prompts.load, prompt_id)
            all_votes, decisions = start(votes.of_prompts, [prompt_id]), start(journal.of_prompts, [prompt_id])
            answered, judged = start(responses.of_prompt, prompt_id), start(responses.judgements_of_prompt, prompt_id)
            siblings, rule = start(prompts.siblings, prompt_id), start(derived_states.rule)
            versions, seen = start(journal.versions_of, prompt_id, who), start(seen_by.of_prompt, prompt_id, who)
            standing = start(workspace.policy.standing, [prompt_id], who)
    prompt, decided = stored.result, decisions.result.get(prompt_id, [])
    if prompt is None:
        raise WorkspaceError(f"Prompt {prompt_id} is no longer in the workspace.")
    cast_votes = all_votes.result.get(prompt_id, [])
    agreed, own_category = consensus(cast_votes, rule.result), _human(decided, Aspect.CATEGORY)
    view = PromptView(
        prompt,
        siblings.result,
        stored_category(own_category.value) if own_category and own_category.value else prompt.category,
        tuple(latest_votes(cast_votes)),
        agreed,
        final_label(_human(decided, Aspect.LABEL), agreed, prompt.reference_label),
        tuple(
            _response_view(replace(one, judgements=tuple(judged.result.get(one.id, ()))), decided)
            for one in answered.result
        ),
        tuple(a for a in decided if a.response_id is None),
        versions.result.all,
    )
    if annotator is None:
        return view
    view = replace(view, seen_at=seen.result.at, seen_classes=seen.result.classes)
    return hidden_decisions.visible(view, standing.result, versions.result, annotator)


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
        annotator_id = lock_annotator(db, annotator)
        lock_prompts(db, [decision.prompt_id])
        return _record(
            db,
            workspace.policy,
            (decision, *more),
            (annotator, annotator_id),
            seen=seen,
            visible=visible,
            pending=pending,
        )


def decide_all(workspace: Workspace, decisions: Sequence[Decision], *, annotator: str) -> None:
    """Record decisions, each as one journal entry, in one transaction. Raises the errors of `decide`."""
    with workspace.deciding() as db:
        annotator_id = lock_annotator(db, annotator)
        lock_prompts(db, [decision.prompt_id for decision in decisions])
        for decision in decisions:
            _record(db, workspace.policy, (decision,), (annotator, annotator_id))


def _record(
    db: Connection,
    policy: Policy,
    decisions: tuple[Decision, ...],
    by: tuple[str, int],
    *,
    seen: int | None = None,
    visible: frozenset[Visible] = frozenset(),
    pending: PendingDecision | None = None,
) -> Changes:
    """Record decisions of an annotator (name and id) about a prompt; both are locked."""
    (annotator, annotator_id), (decision, *more) = by, decisions
    prompt_id = decision.prompt_id
    known = _read_known(db, policy, decisions=decisions, annotator_id=annotator_id, pending=pending)
    if pending is not None and pending.again and known.saved.result is not None:
        return Changes(frozenset({Kind.ANNOTATIONS}), (prompt_id,), f"{pending.summary}: saved before")
    standing = known.standing.result
    if decision.aspect is Aspect.LABEL and standing.training:
        decision = replace(decision, aspect=Aspect.TRAINING)
    version = hidden_decisions.version(standing, known.versions.result) if seen is not None else None
    if version != seen and (known.before.result is None or known.before.result != version):
        raise StaleDecisionError(
            f"Your decision on prompt {prompt_id} was not saved: it was decided in another window since you opened it. "
            "Decide again if you still want to."
        )
    if not known.exists.result:
        raise StaleDecisionError(
            f"Your decision was not saved: prompt {prompt_id}, or its response, is no longer in the workspace."
        )
    if decision.aspect is Aspect.LABEL:
        standing.require_room(prompt_id)
    message = _summary(known, decision, annotator, visible)
    moment, uuid = known.moment.result, pending.uuid if pending is not None else None
    rows = [asdict(each) | _row(annotator_id, visible) for each in (decision, *more)]
    journal.send_entry(db, EntryKind.DECISION, annotator_id, moment, message, uuid=uuid, decisions=rows)
    new = [_annotation(each, annotator, moment, visible) for each in (decision, *more)]
    known.inputs.add(prompt_id, annotator_id, new)
    derived_states.write_prompts(db, known.inputs)
    return Changes(frozenset({Kind.ANNOTATIONS}), (prompt_id,), message)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a decision depends on, read in one round trip."""

    inputs: derived_states.Inputs
    standing: Started[Standing]
    versions: Started[Versions]
    moment: Started[Moment]
    exists: Started[bool]
    saved: Started[int | None]  # the entry of this decision, if it was recorded before
    before: Started[int | None]  # the entry of the annotator's decision that was waiting to be sent before it
    response: Started[tuple[str, str | None]] | None
    category: Started[str | None] | None

    @property
    def decided(self) -> list[Annotation]:
        [prompt_id] = self.inputs.prompt_ids
        return self.inputs.sources.decided.result.get(prompt_id, [])


def _read_known(
    db: Connection,
    policy: Policy,
    *,
    decisions: Sequence[Decision],
    annotator_id: int,
    pending: PendingDecision | None,
) -> _Known:
    prompt_id, response_id = decisions[0].prompt_id, decisions[0].response_id
    response_ids = {each.response_id for each in decisions if each.response_id is not None}
    classified = {one.response_id for one in decisions if one.response_id and one.aspect is Aspect.ANSWER_CLASS}
    with together(db) as start:
        inputs = derived_states.start_inputs(start, [prompt_id], sorted(classified))
        policy = policy if inputs.queued else SoloPolicy()
        return _Known(
            inputs,
            start(policy.standing, [prompt_id], annotator_id),
            start(journal.versions_of, prompt_id, annotator_id),
            start(journal.moment, annotator_id, pending.at if pending is not None else None),
            start(prompts.are_there, prompt_id, response_ids),
            start(journal.entry_of, pending.uuid if pending is not None and pending.again else None),
            start(journal.entry_of, pending.after if pending is not None else None),
            start(responses.standing, response_id) if response_id is not None else None,
            start(prompts.category, prompt_id) if decisions[0].aspect is Aspect.CATEGORY else None,
        )


def begin_entry(db: Connection, annotator_id: int, message: str, kind: EntryKind = EntryKind.DECISION) -> int:
    """Append a journal entry for decisions of an annotator; returns its id."""
    return journal.append(db, kind, annotator_id, journal.moment(db, annotator_id), message)


def annotation_row(entry: int, annotator_id: int, visible: frozenset[Visible]) -> dict[str, Any]:
    """The columns that all decisions of an entry have in common."""
    return {"journal_id": entry, **_row(annotator_id, visible)}


def _row(annotator_id: int, visible: frozenset[Visible]) -> dict[str, Any]:
    return {"annotator_id": annotator_id, "visible": " ".join(sorted(visible))}


def _annotation(decision: Decision, annotator: str, moment: Moment, visible: frozenset[Visible]) -> Annotation:
    what = (decision.aspect, decision.value, decision.response_id)
    return Annotation(0, annotator, moment.at, *what, reason=decision.reason, visible=visible)


def undo(workspace: Workspace, *, annotator: str, uuid: str | None = None) -> Changes:
    """Undo the annotator's last current decision; the Changes are empty if there is none.

    On a server, one with a `uuid` is recorded once, however often it is sent.
    """
    return bulk_undo.reverse_last(workspace, EntryKind.UNDO, annotator=annotator, uuid=uuid)


def redo(workspace: Workspace, *, annotator: str, uuid: str | None = None) -> Changes:
    """Redo the decision that was undone last; without one the Changes are empty. See `undo`."""
    return bulk_undo.reverse_last(workspace, EntryKind.REDO, annotator=annotator, uuid=uuid)


def decided_today(workspace: Workspace, *, annotator: str) -> int:
    """Number of prompts that the annotator has labelled since local midnight."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    with workspace.reading() as db:
        return label_counts.decided_since(db, annotator, midnight)


def _summary(known: _Known, decision: Decision, annotator: str, visible: frozenset[Visible]) -> str:
    """One line for the journal: the prompt, the value before, the value now.

    It contains only what the annotator could see; that a prompt was shown again is said once it is decided.
    """
    of = f"#{decision.prompt_id}"
    model, answer_class = known.response.result if known.response is not None else ("", None)
    if decision.aspect is Aspect.ANSWER_CLASS:
        before = answer_class if Visible.JUDGEMENTS in visible else _own_last(known, decision, annotator)
        what, old = f" {model}:", before or "undecided"
    elif decision.aspect is Aspect.LABEL:
        human = _human(visible_decisions(known.decided, annotator, blind=known.standing.result.blind), Aspect.LABEL)
        what, old = "", "undecided" if human is None else human.value or "disputed"
    elif decision.aspect is Aspect.CATEGORY:
        what, old = " category", (known.category.result if known.category is not None else None) or "none"
    elif decision.aspect is Aspect.TRAINING:
        return f"{of} training: {_training_feedback(known, decision)}"
    elif decision.aspect is Aspect.RECHECK:
        before = _own_last(known, replace(decision, aspect=Aspect.LABEL), annotator)
        how = "as before" if before == decision.value else f"before: {before or 'undecided'}"
        return f"{of} shown again: {decision.value}, {how}"
    elif decision.aspect is Aspect.EVIDENCE:
        return f"{of} {model}: evidence marked"
    elif decision.aspect is Aspect.SEVERITY:
        return f"{of} {model}: severity {decision.value}"
    elif decision.aspect is Aspect.NOTE:
        return f"{of} note: {textwrap.shorten(decision.value, _EXCERPT, placeholder='…')}"
    else:
        return f"{of} {decision.aspect}" + (" off" if decision.value == "off" else "")
    if old == decision.value:
        is_own = _own_last(known, decision, annotator) == old
        unchanged = " (as before)" if is_own else " (same as the current value)"
        why = f", because it {decision.reason}" if decision.reason else unchanged
        return f"{of}{what} {decision.value}{why}".replace("_", " ")
    return f"{of}{what} {old} → {decision.value}".replace("_", " ")


def _training_feedback(known: _Known, decision: Decision) -> str:
    label = known.inputs.sources.prompts.result[0].reference_label
    if label == decision.value:
        return f"{decision.value} is correct"
    return f"your label is {decision.value}, the known label is {label}"


def _own_last(known: _Known, decision: Decision, annotator: str) -> str | None:
    """The value of the annotator's last decision of the same kind in the studio; None without one."""
    own = [a for a in known.decided if a.annotator == annotator and a.aspect is decision.aspect and not a.imported]
    same = [a for a in own if a.response_id == decision.response_id]
    return same[-1].value if same else None


def _human(decided: Sequence[Annotation], aspect: Aspect) -> HumanVerdict | None:
    return human_verdict(a for a in decided if a.aspect is aspect and a.response_id is None)


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

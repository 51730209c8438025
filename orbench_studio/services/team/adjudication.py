"""Adjudication of disagreements: a decision that outranks the reviewers' decisions."""

from dataclasses import dataclass
from typing import Any

from orbench_studio.domain.core.annotation import Annotation, notes_of
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.timeline import EntryKind, Event
from orbench_studio.domain.team.dispute import SEEN, Dispute, sides
from orbench_studio.errors import StaleDecisionError, WorkspaceError
from orbench_studio.services.review.prompt_review import annotation_row, begin_entry
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import prompts, responses
from orbench_studio.store.core.bulk_insert import add, chunks
from orbench_studio.store.core.tables import ANNOTATIONS
from orbench_studio.store.core.unit_of_work import lock_annotator, lock_prompts
from orbench_studio.store.review import derived_states, journal, queue, timeline
from orbench_studio.store.team import disputes
from orbench_studio.store.workspace import grants


@dataclass(frozen=True, slots=True)
class Case:
    """A dispute with its texts, the decisions of each side, and the notes on the prompt.

    `version` detects later decisions about the prompt.
    """

    about: Dispute
    prompt: str
    model: str | None
    response: str | None
    sides: tuple[Event, ...]
    version: int
    notes: tuple[Annotation, ...] = ()


def is_permitted(workspace: Workspace) -> bool:
    """Whether the user may settle disagreements; in a file, everybody may."""
    if not workspace.on_server:
        return True
    with workspace.reading() as db:
        return grants.may_adjudicate(db)


def list_disputes(workspace: Workspace) -> list[Dispute]:
    """List all disagreements in the order of the prompts."""
    with workspace.reading() as db:
        disputed = disputes.disputed(db)
        ids = sorted({prompt_id for prompt_id, _ in disputed})
        texts = {row.prompt_id: row.text for some in chunks(ids) for row in queue.rows(db, some)}
    return [Dispute(prompt_id, response_id, texts[prompt_id]) for prompt_id, response_id in disputed]


def load_case(workspace: Workspace, about: Dispute) -> Case:
    with workspace.reading() as db:
        prompt = prompts.load(db, about.prompt_id)
        if prompt is None:
            raise WorkspaceError(f"Prompt {about.prompt_id} is no longer in the workspace.")
        answered = responses.of_prompt(db, about.prompt_id) if about.response_id is not None else []
        decisions = sides(timeline.of_prompt(db, about.prompt_id), about)
        version = journal.versions_of(db, about.prompt_id).all
        notes = notes_of(journal.of_prompts(db, [about.prompt_id]).get(about.prompt_id, ()))
    response = next((one for one in answered if one.id == about.response_id), None)
    model, text = (response.model, response.text) if response else (None, None)
    return Case(about, prompt.text, model, text, decisions, version, notes)


def adjudicate(workspace: Workspace, case: Case, value: str, *, annotator: str, reason: str | None = None) -> Changes:
    """Save the adjudication. Raises StaleDecisionError if the prompt was decided after the case was loaded."""
    about = case.about
    decision = Decision(about.prompt_id, about.aspect, value, about.response_id, reason or None)
    with workspace.deciding() as db:
        annotator_id = lock_annotator(db, annotator)
        lock_prompts(db, [about.prompt_id])
        if journal.versions_of(db, about.prompt_id).all != case.version:
            raise StaleDecisionError(
                "Not saved: this prompt was decided elsewhere after you opened it. Its current state is shown."
            )
        of = f" {case.model}:" if case.model else ""
        message = f"#{about.prompt_id}{of} dispute settled: {value}".replace("_", " ")
        entry = begin_entry(db, annotator_id, message, EntryKind.ADJUDICATION)
        row: dict[str, Any] = {
            "prompt_id": about.prompt_id,
            "response_id": about.response_id,
            "aspect": decision.aspect,
            "value": value,
            "reason": decision.reason,
        }
        add(db, ANNOTATIONS, [row | annotation_row(entry, annotator_id, SEEN)])
        derived_states.refresh_responses(db, [about.response_id] if about.response_id is not None else [])
        derived_states.refresh_prompts(db, [about.prompt_id])
    return Changes(frozenset({Kind.ANNOTATIONS}), (about.prompt_id,), message)

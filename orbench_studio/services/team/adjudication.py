"""Settling what people disagree about: both sides as they are, and a decision of its own that outranks them."""

from dataclasses import dataclass
from typing import Any

from orbench_studio.domain.core.annotation import Visible
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.timeline import Event
from orbench_studio.domain.team.dispute import Dispute, sides
from orbench_studio.errors import StaleDecisionError, WorkspaceError
from orbench_studio.services.review.prompt_review import annotation_row, begin_entry
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import prompts, responses
from orbench_studio.store.core.bulk_sql import add, chunks
from orbench_studio.store.core.tables import ANNOTATIONS
from orbench_studio.store.core.unit_of_work import lock_prompts
from orbench_studio.store.review import derived_states, journal, queue, repeated_decisions, timeline
from orbench_studio.store.review.journal import EntryKind
from orbench_studio.store.team import disputes

__all__ = ["Case", "Dispute", "case_of", "disputed", "settle"]

_SEEN = frozenset({Visible.RESPONSES, Visible.DECISIONS})


@dataclass(frozen=True, slots=True)
class Case:
    """A dispute with the texts it is about and what each side says; `version` tells whether somebody decided since."""

    about: Dispute
    prompt: str
    model: str | None
    response: str | None
    sides: tuple[Event, ...]
    version: int


def disputed(workspace: Workspace) -> list[Dispute]:
    """Everything that people disagree about, in the order of the prompts."""
    with workspace.reading() as db:
        things = disputes.things(db)
        ids = sorted({prompt_id for prompt_id, _ in things})
        texts = {row.prompt_id: row.text for some in chunks(ids) for row in queue.rows(db, some)}
    return [Dispute(prompt_id, response_id, texts[prompt_id]) for prompt_id, response_id in things]


def case_of(workspace: Workspace, about: Dispute) -> Case:
    """One dispute, to be looked at."""
    with workspace.reading() as db:
        prompt = prompts.load(db, about.prompt_id)
        if prompt is None:
            raise WorkspaceError(f"Prompt {about.prompt_id} is no longer in the workspace.")
        answered = responses.of_prompt(db, about.prompt_id) if about.response_id is not None else []
        said = sides(timeline.of_prompt(db, about.prompt_id), about)
        version = journal.version_of(db, about.prompt_id)
    response = next((one for one in answered if one.id == about.response_id), None)
    model, text = (response.model, response.text) if response else (None, None)
    return Case(about, prompt.text, model, text, said, version)


def settle(workspace: Workspace, case: Case, value: str, *, annotator: str, reason: str | None = None) -> Changes:
    """Write down what counts from now on; refused where somebody decided about the prompt since the case was shown."""
    about = case.about
    decision = Decision(about.prompt_id, about.aspect, value, about.response_id, reason or None)
    with workspace.deciding() as db:
        annotator_id = repeated_decisions.annotator_at_work(db, annotator)
        lock_prompts(db, [about.prompt_id])
        if journal.version_of(db, about.prompt_id) != case.version:
            raise StaleDecisionError("This prompt was decided elsewhere since you opened it. It is shown as it is now.")
        of = f" {case.model}:" if case.model else ""
        message = f"#{about.prompt_id}{of} adjudicated → {value}".replace("_", " ")
        entry = begin_entry(db, annotator_id, message, EntryKind.ADJUDICATION)
        row: dict[str, Any] = {
            "prompt_id": about.prompt_id,
            "response_id": about.response_id,
            "aspect": decision.aspect,
        }
        row |= {"value": value, "reason": decision.reason}
        add(db, ANNOTATIONS, [row | annotation_row(entry, annotator_id, _SEEN)])
        derived_states.refresh_responses(db, [about.response_id] if about.response_id is not None else [])
        derived_states.refresh_prompts(db, [about.prompt_id])
    return Changes(frozenset({Kind.ANNOTATIONS}), (about.prompt_id,), message)

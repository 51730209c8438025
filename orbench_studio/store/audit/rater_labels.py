"""Labels of prompts and responses by rater: moderators, moderators of a response, annotators."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from orbench_studio.domain.core.annotation import Aspect, Basis
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core.tables import (
    ANNOTATIONS,
    ANNOTATORS,
    JOURNAL,
    MODELS,
    PROMPT_STATES,
    PROMPTS,
    RESPONSE_STATES,
    VOTES,
)
from orbench_studio.store.review.hidden_decisions import BLIND_PROMPTS
from orbench_studio.store.review.journal import IN_FORCE


class RaterLabel(NamedTuple):
    """A label of one rater on a prompt, or on a response to it; the last one of a rater counts."""

    prompt_id: int
    rater: str
    value: str
    response_id: int | None = None


def moderator_votes(db: Connection, *, labelled_only: bool = False) -> list[RaterLabel]:
    """Return the parsed votes of moderators, oldest first; on all prompts, or on those with a human label."""
    v = VOTES.c
    names = {row.id: row.name for row in db.execute(select(MODELS.c.id, MODELS.c.name))}
    statement = select(v.prompt_id, v.moderator_id, v.verdict, v.response_id).where(v.verdict != Verdict.UNPARSED)
    if labelled_only:
        state = PROMPT_STATES.c
        statement = statement.where(v.prompt_id.in_(select(state.prompt_id).where(state.basis == Basis.HUMAN)))
    rows = db.execute(statement.order_by(v.id))
    return [RaterLabel(prompt, names[moderator], verdict, response) for prompt, moderator, verdict, response in rows]


def human_labels(db: Connection, aspect: Aspect = Aspect.LABEL) -> list[RaterLabel]:
    """Return the current annotations on prompts or responses: imported ones first, then oldest first.

    Prompts that a team queue still keeps blind are left out.
    """
    a = ANNOTATIONS.c
    statement = (
        select(a.prompt_id, ANNOTATORS.c.name, a.value, a.response_id)
        .join(JOURNAL, JOURNAL.c.id == a.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == a.annotator_id)
        .where(a.aspect == aspect, IN_FORCE, a.prompt_id.not_in(BLIND_PROMPTS))
        .order_by((JOURNAL.c.kind != EntryKind.IMPORT), a.id)
    )
    return [RaterLabel(*row) for row in db.execute(statement)]


class LabelledPrompt(NamedTuple):
    """A prompt with a human label, and its labels from the consensus and the source file."""

    prompt_id: int
    category: str | None
    label: str
    consensus: str | None
    reference: str | None


def labelled_prompts(db: Connection) -> list[LabelledPrompt]:
    """Return the prompts with a human final label."""
    s = PROMPT_STATES.c
    columns = (s.prompt_id, s.category, s.final_label, s.consensus, PROMPTS.c.reference_label)
    statement = select(*columns).join(PROMPTS, PROMPTS.c.id == s.prompt_id).where(s.basis == Basis.HUMAN)
    return [LabelledPrompt(*row) for row in db.execute(statement.order_by(s.prompt_id))]


class Slices(NamedTuple):
    """Category and model of a prompt or response, to report agreement by; the model is empty for prompts."""

    category: str | None
    model: str


def prompt_slices(db: Connection) -> dict[int, Slices]:
    """Return the slices of each prompt with a label of at least one annotator."""
    s, a = PROMPT_STATES.c, ANNOTATIONS.c
    labelled = select(a.prompt_id).where(a.aspect == Aspect.LABEL)
    rows = db.execute(select(s.prompt_id, s.category).where(s.prompt_id.in_(labelled)))
    return {prompt_id: Slices(category, "") for prompt_id, category in rows}


def response_slices(db: Connection) -> dict[int, Slices]:
    """Return the slices of each response with an answer class of at least one annotator."""
    r, a = RESPONSE_STATES.c, ANNOTATIONS.c
    judged = select(a.response_id).where(a.aspect == Aspect.ANSWER_CLASS)
    statement = (
        select(r.response_id, PROMPT_STATES.c.category, MODELS.c.name)
        .join(PROMPT_STATES, PROMPT_STATES.c.prompt_id == r.prompt_id)
        .join(MODELS, MODELS.c.id == r.model_id)
        .where(r.response_id.in_(judged))
    )
    return {response_id: Slices(category, model) for response_id, category, model in db.execute(statement)}

"""Who has said safe or toxic of which prompt: moderators, moderators of a response, people."""

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
from orbench_studio.store.review.blinding import BLIND_PROMPTS
from orbench_studio.store.review.journal import IN_FORCE


class RaterLabel(NamedTuple):
    """A readable verdict on a prompt, or on a response to it; of one rater on one thing the later counts."""

    prompt_id: int
    rater: str
    value: str
    response_id: int | None = None


def moderators(db: Connection, *, decided_only: bool = False) -> list[RaterLabel]:
    """The moderators' readable votes, oldest first; on all prompts, or on those whose label is people's."""
    v = VOTES.c
    names = {row.id: row.name for row in db.execute(select(MODELS.c.id, MODELS.c.name))}
    statement = select(v.prompt_id, v.moderator_id, v.verdict, v.response_id).where(v.verdict != Verdict.UNPARSED)
    if decided_only:
        state = PROMPT_STATES.c
        statement = statement.where(v.prompt_id.in_(select(state.prompt_id).where(state.basis == Basis.HUMAN)))
    rows = db.execute(statement.order_by(v.id))
    return [RaterLabel(prompt, names[moderator], verdict, response) for prompt, moderator, verdict, response in rows]


def people(db: Connection, aspect: Aspect = Aspect.LABEL) -> list[RaterLabel]:
    """What people say of prompts, or of responses, in force; a file's people first, then oldest first.

    What a team's queue still hides is not among it.
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


class HumanLabel(NamedTuple):
    """A prompt that people have labelled as one, and what machines and its file make of it."""

    prompt_id: int
    category: str | None
    label: str
    consensus: str | None
    stated: str | None


def decided(db: Connection) -> list[HumanLabel]:
    """The prompts whose label is people's."""
    s = PROMPT_STATES.c
    columns = (s.prompt_id, s.category, s.final_label, s.consensus, PROMPTS.c.reference_label)
    statement = select(*columns).join(PROMPTS, PROMPTS.c.id == s.prompt_id).where(s.basis == Basis.HUMAN)
    return [HumanLabel(*row) for row in db.execute(statement.order_by(s.prompt_id))]


class Where(NamedTuple):
    """What somebody has decided about: the model's name is empty for prompts."""

    category: str | None
    model: str


def categories(db: Connection) -> dict[int, Where]:
    """The prompts that a person has labelled, alone or with others."""
    s, a = PROMPT_STATES.c, ANNOTATIONS.c
    labelled = select(a.prompt_id).where(a.aspect == Aspect.LABEL)
    rows = db.execute(select(s.prompt_id, s.category).where(s.prompt_id.in_(labelled)))
    return {prompt_id: Where(category, "") for prompt_id, category in rows}


def answered(db: Connection) -> dict[int, Where]:
    """The responses that a person has judged, alone or with others."""
    r, a = RESPONSE_STATES.c, ANNOTATIONS.c
    judged = select(a.response_id).where(a.aspect == Aspect.ANSWER_CLASS)
    statement = (
        select(r.response_id, PROMPT_STATES.c.category, MODELS.c.name)
        .join(PROMPT_STATES, PROMPT_STATES.c.prompt_id == r.prompt_id)
        .join(MODELS, MODELS.c.id == r.model_id)
        .where(r.response_id.in_(judged))
    )
    return {response_id: Where(category, model) for response_id, category, model in db.execute(statement)}

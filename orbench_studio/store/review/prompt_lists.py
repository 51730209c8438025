"""Prompts of team queues and audit samples, for the conditions `team:` and `sample:` and the order of their queues."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, select

from orbench_studio.domain.team.queue import NO_END, AssignmentState
from orbench_studio.store.core.sample_tables import AUDIT_PROMPTS, AUDIT_SAMPLES, AUDIT_STRATA
from orbench_studio.store.core.tables import ANNOTATORS
from orbench_studio.store.core.team_tables import TEAM_CLAIMS, TEAM_PROMPTS, TEAM_QUEUES

Q, P, C = TEAM_QUEUES.c, TEAM_PROMPTS.c, TEAM_CLAIMS.c
_MANY = 2**31 - 1  # the largest id
_SAMPLED, _STRATUM = AUDIT_PROMPTS.c, AUDIT_STRATA.c


def in_sample(name: str) -> Select[Any]:
    stratum = and_(_STRATUM.sample_id == _SAMPLED.sample_id, _STRATUM.stratum == _SAMPLED.stratum)
    found = select(_SAMPLED.prompt_id).join(AUDIT_STRATA, stratum)
    return found.where(_SAMPLED.sample_id == sample_id(name), _SAMPLED.place < _STRATUM.drawn)


def place_in_sample(prompt_id: ColumnElement[int], name: str) -> ColumnElement[int]:
    """The prompt's random place among all prompts that could come into the sample."""
    place = select(_SAMPLED.number).where(_SAMPLED.sample_id == sample_id(name), _SAMPLED.prompt_id == prompt_id)
    return place.scalar_subquery()


def sample_id(name: str) -> Any:
    """The id of the audit sample of this name, as a subquery."""
    return select(AUDIT_SAMPLES.c.id).where(AUDIT_SAMPLES.c.name == name).scalar_subquery()


def in_team_queue(value: str) -> Select[Any]:
    """The ids of a queue's prompts without training prompts; for `NAME=PERSON`, of all that were assigned to them."""
    name, _, annotator = value.partition("=")
    found = select(P.prompt_id).where(P.queue_id == select(Q.id).where(Q.name == name).scalar_subquery())
    if not annotator:
        return found.where(~P.training)
    return found.join(TEAM_CLAIMS, C.team_prompt_id == P.id).where(C.annotator_id == _id_of(annotator))


def place_in_assignments(prompt_id: ColumnElement[int], name: str, annotator: str) -> ColumnElement[int]:
    """The prompt's place in the order in which a queue assigned prompts to the annotator; first those by name."""
    of = (
        select(case((C.until == NO_END, C.id - _MANY), else_=C.id))
        .join(TEAM_PROMPTS, P.id == C.team_prompt_id)
        .join(TEAM_QUEUES, Q.id == C.queue_id)
    )
    of = of.where(Q.name == name, C.annotator_id == _id_of(annotator), P.prompt_id == prompt_id)
    return of.limit(1).scalar_subquery()


def first_held(db: Connection, name: str, annotator: str) -> int | None:
    """The first prompt of a queue that the annotator holds; None where nothing is held."""
    mine = select(P.prompt_id).join(TEAM_CLAIMS, C.team_prompt_id == P.id).join(TEAM_QUEUES, Q.id == P.queue_id)
    mine = mine.where(Q.name == name, C.annotator_id == _id_of(annotator), C.state == AssignmentState.HELD)
    return db.execute(mine.order_by(C.until < NO_END, C.id).limit(1)).scalar()


def _id_of(annotator: str) -> Any:
    return select(ANNOTATORS.c.id).where(ANNOTATORS.c.name == annotator).scalar_subquery()

"""Tables of audit samples, and the queries on them that queues use."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKeyConstraint, Index, Select, UniqueConstraint, and_, select
from sqlmodel import Field, SQLModel

from orbench_studio.store.core.columns import key, long_text, moment, table


class AuditSampleRow(SQLModel, table=True):
    """A random sample of prompts for people to label; `query` is the filter of its population."""

    __tablename__ = "audit_samples"
    __table_args__ = (UniqueConstraint("name"),)
    id: int = key()
    name: str = long_text()
    seed: int
    query: str = long_text()
    created_at: datetime = moment()


class AuditStratumRow(SQLModel, table=True):
    """A category of a sample. Its first `drawn` of `size` prompts are in the sample."""

    __tablename__ = "audit_strata"
    sample_id: int = Field(foreign_key="audit_samples.id", primary_key=True)
    stratum: str = Field(primary_key=True)
    size: int
    drawn: int


class AuditPromptRow(SQLModel, table=True):
    """A prompt of a sample's population. `number` is its random position, `place` that in its stratum, both from 0."""

    __tablename__ = "audit_prompts"
    __table_args__ = (
        ForeignKeyConstraint(["sample_id", "stratum"], ["audit_strata.sample_id", "audit_strata.stratum"]),
        Index(None, "sample_id", "stratum", "place"),
    )
    sample_id: int = Field(primary_key=True)
    prompt_id: int = Field(foreign_key="prompts.id", primary_key=True)
    stratum: str
    place: int
    number: int


AUDIT_SAMPLES = table(AuditSampleRow)
AUDIT_STRATA = table(AuditStratumRow)
AUDIT_PROMPTS = table(AuditPromptRow)


def drawn_prompts(sample: str) -> Select[Any]:
    """Select the prompts in a sample."""
    prompts, strata = AUDIT_PROMPTS.c, AUDIT_STRATA.c
    same_stratum = and_(strata.sample_id == prompts.sample_id, strata.stratum == prompts.stratum)
    drawn = select(prompts.prompt_id).join(AUDIT_STRATA, same_stratum)
    return drawn.where(prompts.sample_id == sample_id(sample), prompts.place < strata.drawn)


def random_number(prompt_id: ColumnElement[int], sample: str) -> ColumnElement[int]:
    """Select the random position of a prompt in the population of a sample."""
    prompts = AUDIT_PROMPTS.c
    number = select(prompts.number).where(prompts.sample_id == sample_id(sample), prompts.prompt_id == prompt_id)
    return number.scalar_subquery()


def sample_id(sample: str) -> Any:
    """Select the id of a sample by its name."""
    return select(AUDIT_SAMPLES.c.id).where(AUDIT_SAMPLES.c.name == sample).scalar_subquery()

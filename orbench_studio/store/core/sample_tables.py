"""The tables of audit samples."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from orbench_studio.store.core.columns import key, long_text, moment, table


class AuditSampleRow(SQLModel, table=True):
    """A random sample of prompts for human labels; `query` selects its population."""

    __tablename__ = "audit_samples"
    __table_args__ = (UniqueConstraint("name"),)
    id: int = key()
    name: str = long_text()
    seed: int
    query: str = long_text()
    created_at: datetime = moment()


class AuditStratumRow(SQLModel, table=True):
    """A category of a sample: its first `drawn` of `size` prompts, each with the inclusion probability drawn / size."""

    __tablename__ = "audit_strata"
    sample_id: int = Field(foreign_key="audit_samples.id", primary_key=True)
    stratum: str = Field(primary_key=True)
    size: int
    drawn: int


class AuditPromptRow(SQLModel, table=True):
    """A prompt of the population, with its random positions in the population and in its stratum, from 0."""

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

"""The tables of curation: prompts that are nearly the same, and where those fell that are in no subset."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from orbench_studio.store.core.columns import key, moment, refers_to, table

_PROMPT_KEY = {"autoincrement": False}


class GroupingRow(SQLModel, table=True):
    """How the near duplicates were found: one row, none before the first time. `prompts` is how many were compared."""

    __tablename__ = "groupings"
    id: int = key()
    method: str
    threshold: float
    prompts: int
    created_at: datetime = moment()


class NearDuplicateRow(SQLModel, table=True):
    """A prompt of a group of near duplicates. The group has the number of the prompt that the others are like."""

    __tablename__ = "near_duplicates"
    prompt_id: int = Field(foreign_key="prompts.id", primary_key=True, sa_column_kwargs=_PROMPT_KEY)
    group_id: int = refers_to("prompts.id", index=True)
    similarity: float


class SubsetFallRow(SQLModel, table=True):
    """A prompt that a subset's recipe left out: the place of the step in the funnel of the subset's state."""

    __tablename__ = "subset_falls"
    subset_id: int = Field(foreign_key="subsets.id", primary_key=True)
    prompt_id: int = Field(foreign_key="prompts.id", primary_key=True)
    step: int


GROUPINGS = table(GroupingRow)
NEAR_DUPLICATES = table(NearDuplicateRow)
SUBSET_FALLS = table(SubsetFallRow)

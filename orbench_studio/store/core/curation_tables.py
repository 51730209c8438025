"""The tables of curation: near duplicates, and the recipe step that removed each prompt from a subset."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from orbench_studio.store.core.columns import key, moment, refers_to, table

_PROMPT_KEY = {"autoincrement": False}


class GroupingRow(SQLModel, table=True):
    """How the near duplicates were found: one row, or none before the first search. `prompts` counts those compared."""

    __tablename__ = "groupings"
    id: int = key()
    method: str
    threshold: float
    prompts: int
    created_at: datetime = moment()


class NearDuplicateRow(SQLModel, table=True):
    """A prompt of a group of near duplicates. The group has the id of the prompt that the others resemble."""

    __tablename__ = "near_duplicates"
    prompt_id: int = Field(foreign_key="prompts.id", primary_key=True, sa_column_kwargs=_PROMPT_KEY)
    group_id: int = refers_to("prompts.id", index=True)
    similarity: float


class SubsetFallRow(SQLModel, table=True):
    """A prompt that a subset's recipe removed, with the position of the step in the funnel of the subset's state."""

    __tablename__ = "subset_falls"
    subset_id: int = Field(foreign_key="subsets.id", primary_key=True)
    prompt_id: int = Field(foreign_key="prompts.id", primary_key=True)
    step: int


GROUPINGS = table(GroupingRow)
NEAR_DUPLICATES = table(NearDuplicateRow)
SUBSET_FALLS = table(SubsetFallRow)
